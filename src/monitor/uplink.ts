import { connect } from 'node:net'

/** What the reference addresses say of our own connection. */
export interface UplinkState {
  readonly configured: boolean
  /** When one of them last answered, Unix milliseconds. */
  readonly answeredMs: number | null
  /** Since when none of them answers. */
  readonly failingSinceMs: number | null
}

export interface UplinkProbe {
  readonly state: UplinkState
  /** Tries all addresses at once; the first that accepts a connection is enough. Never rejects. */
  probe(signal: AbortSignal): Promise<void>
}

/** @param addresses `host:port` or http(s) URLs; a TCP connection is proof enough. */
export function uplinkProbe(addresses: readonly string[], timeoutMs: number, nowMs: () => number): UplinkProbe {
  const targets = addresses.map(hostAndPort)
  let state: UplinkState = { configured: targets.length > 0, answeredMs: null, failingSinceMs: null }
  return {
    get state() {
      return state
    },
    async probe(signal) {
      if (targets.length === 0) return
      const answered = await Promise.any(targets.map((target) => accepts(target, timeoutMs, signal))).then(
        () => true,
        () => false,
      )
      if (signal.aborted) return
      const atMs = nowMs()
      state = answered
        ? { configured: true, answeredMs: atMs, failingSinceMs: null }
        : { ...state, failingSinceMs: state.failingSinceMs ?? atMs }
    },
  }
}

function hostAndPort(address: string): { host: string; port: number } {
  const url = new URL(address.includes('://') ? address : `tcp://${address}`)
  const standardPort = url.protocol === 'https:' ? 443 : 80
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? standardPort : Number(url.port) }
}

function accepts(target: { host: string; port: number }, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, signal, timeout: timeoutMs })
    const end = (error?: Error) => {
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    socket.once('connect', () => end())
    socket.once('timeout', () => end(new Error(`no connection within ${timeoutMs} ms`)))
    socket.once('error', end)
  })
}
