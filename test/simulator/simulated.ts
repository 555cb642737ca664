import { onTestFinished } from 'vitest'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'

const START_MS = Date.UTC(2026, 0, 1)

/** Starts a simulator on a clock that only the test moves; it ends with the test. */
export async function simulated(options: SimulatorOptions) {
  const clock = { nowMs: START_MS }
  const simulator = await startSimulator({ now: () => clock.nowMs, ...options })
  onTestFinished(() => simulator.close())
  return {
    ...simulator,
    clock,
    startMs: START_MS,
    /** Moves the clock. */
    pass(seconds: number) {
      clock.nowMs += seconds * 1000
    },
    request: (method: string, path: string, init: RequestInit = {}) =>
      ask(`${simulator.url}${path}`, { method, ...init }),
  }
}

/** One gateway, and calls of it with its credential. */
export async function simulatedGateway(
  gateway: SimulatorOptions['gateways'][number],
  credential: Record<string, string>,
  options: Partial<SimulatorOptions> = {},
) {
  const simulator = await simulated({ gateways: [gateway], ...options })
  const call =
    (method: string) =>
    (path: string, body?: unknown, headers: Record<string, string> = credential) =>
      ask(`${simulator.url}/${gateway.name}${path}`, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      })
  return { ...simulator, get: call('GET'), post: call('POST'), put: call('PUT'), del: call('DELETE') }
}

/** A request; the body as JSON where it is JSON, else as text. */
async function ask(url: string, init: RequestInit) {
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: jsonOrText(text) }
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into replies of many shapes, and a wrong guess fails them.
function jsonOrText(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
