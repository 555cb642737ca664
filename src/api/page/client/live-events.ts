/** How the connection for live events is. */
export type LiveState = 'connecting' | 'live' | 'lost'

export interface LiveParts {
  /** Address of a stream and, per event name, who listens. */
  readonly streams: readonly {
    readonly path: string
    readonly events: Readonly<Record<string, (data: unknown) => void>>
  }[]
  /** Told of the first stream, which is the one that matters. */
  readonly onState: (state: LiveState) => void
  /** Events may have been missed: read everything anew. */
  readonly onGap: () => void
}

const RETRY_MS = 5_000

/**
 * Follows server-sent events while the page is visible: a browser allows six connections to one server, and hidden tabs
 * must not use them up. EventSource reconnects by itself and sends Last-Event-ID; where the server refuses (503, 401),
 * it gives up, and a timer here tries again.
 */
export function followEvents({ streams, onState, onGap }: LiveParts): void {
  let sources: EventSource[] = []
  const retries = new Set<number>()

  function open(): void {
    for (const [index, { path, events }] of streams.entries()) connect(path, events, index === 0)
  }

  function connect(path: string, events: LiveParts['streams'][number]['events'], isMain: boolean): void {
    const source = new EventSource(path)
    sources.push(source)
    source.addEventListener('open', () => {
      if (isMain) onState('live')
    })
    source.addEventListener('error', () => {
      if (isMain) onState('lost')
      if (source.readyState !== EventSource.CLOSED) return
      sources = sources.filter((one) => one !== source)
      const timer = window.setTimeout(() => {
        retries.delete(timer)
        connect(path, events, isMain)
        onGap()
      }, RETRY_MS)
      retries.add(timer)
    })
    source.addEventListener('reset', onGap)
    for (const [name, listen] of Object.entries(events)) {
      source.addEventListener(name, (event) => listen(JSON.parse(String(event.data))))
    }
  }

  function close(): void {
    for (const source of sources) source.close()
    for (const timer of retries) clearTimeout(timer)
    sources = []
    retries.clear()
  }

  document.addEventListener('visibilitychange', () => {
    close()
    if (document.hidden) return
    onState('connecting')
    open()
    onGap()
  })
  if (!document.hidden) open()
}
