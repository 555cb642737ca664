import type { Log } from '../log.ts'

/** Work that is done again and again. */
export interface Repeated {
  /** Does it now, or right after the present turn. */
  soon(): void
}

export interface RepeatedWork {
  /** What is done, as the end of a sentence: `keep the silences`. */
  readonly name: string
  readonly everyMs: number
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Whether a failure matters to anybody now; else it is told to the debug log only. @default always */
  readonly matters?: () => boolean
}

/** Repeats the work until the signal. A failure is logged once, and once more when it is over; the next turn tries again. */
export function repeated({ name, everyMs, work, matters }: RepeatedWork, signal: AbortSignal, log: Log): Repeated {
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let again = false
  let failing = false

  const turn = async () => {
    clearTimeout(timer)
    if (signal.aborted) return
    isRunning = true
    again = false
    try {
      await work(signal)
      if (failing) log.info({}, `The exporter can ${name} again.`)
      failing = false
    } catch (error) {
      const counts = !signal.aborted && !failing && (matters?.() ?? true)
      if (counts) failing = true
      log[counts ? 'warn' : 'debug']({ error: reasonOf(error) }, `The exporter cannot ${name}; it keeps trying.`)
    }
    isRunning = false
    if (!signal.aborted) timer = setTimeout(turn, again ? 0 : everyMs).unref()
  }
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void turn()
  return {
    soon() {
      if (isRunning) again = true
      else void turn()
    },
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
