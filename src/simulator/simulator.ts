import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { demoTimeline } from './demo-script.ts'
import { buildFleet } from './fleet.ts'
import { gatewayServer } from './gateway-server.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { serveInbox } from './inbox-http.ts'
import { startSmtpSink } from './inbox-smtp.ts'
import { Problem, sendProblem } from './json-api.ts'
import { GatewaySpec, RandomFaults, Script } from './options.ts'
import { between, seededRandom } from './random.ts'
import { createWorld, type Simulation, SteeringError, type World } from './simulation.ts'
import { serveSteering } from './steering.ts'
import { randomTimeline, scriptTimeline, type Timeline } from './timeline.ts'

/** What a simulation is made of. */
export interface SimulatorOptions {
  readonly gateways: readonly z.input<typeof GatewaySpec>[]
  /** Same seed and same clock, same numbers, names and faults. @default 1 */
  readonly seed?: number
  /** @default 127.0.0.1 and a free port */
  readonly listen?: { readonly host?: string; readonly port?: number }
  /** Address under which others reach it, where that is not where it listens. @default http://HOST:PORT */
  readonly publicUrl?: string
  /** Delay of every reply of the gateways, milliseconds. @default 0 */
  readonly latencyMs?: number | { readonly min: number; readonly max: number }
  /** From the call of a restart until its outcome shows, milliseconds. @default 3000 */
  readonly repairMs?: number
  /** What happens when: a script, or the endless story of the demo. */
  readonly script?: z.input<typeof Script> | 'demo'
  /** Faults by chance, on top of the script. */
  readonly random?: z.input<typeof RandomFaults>
  /** SMTP port of the inbox, 0 for a free one. Absent: no SMTP. */
  readonly smtpPort?: number
  /** Messages that the inbox keeps. @default 500 */
  readonly inboxCapacity?: number
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Ends the simulator. */
  readonly signal?: AbortSignal
}

/** A running simulator. */
export interface Simulator {
  /** `publicUrl`, else `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string
  readonly port: number
  /** SMTP port of the inbox; null where it is off. */
  readonly smtpPort: number | null
  /** The gateways as they run, defaults filled in. */
  readonly gateways: readonly GatewaySpec[]
  /** Address of a gateway. Throws where there is none of that name. */
  gatewayUrl(name: string): string
  readonly control: Simulation
  readonly inbox: Inbox
  /** Ends it, open requests included; idempotent. */
  close(): Promise<void>
}

/**
 * Starts fake gateways, each below its own path `/<name>`, with the steering page at `/sim` and the inbox at `/inbox`.
 * Throws on bad options (all faults named), on a script that names what does not exist, and where a port is taken.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { seed = 1, now = Date.now, repairMs = 3_000, latencyMs = 0, listen = {}, inboxCapacity = 500 } = options
  const host = listen.host ?? '127.0.0.1'
  const gateways = checked('gateways', z.array(GatewaySpec), options.gateways)
  const startMs = now()
  const fleet = buildFleet(gateways, seed, startMs)
  const timelines: Timeline[] = []
  const script =
    options.script === 'demo' || options.script === undefined ? null : checked('script', Script, options.script)
  if (options.script === 'demo') timelines.push(demoTimeline(fleet, gateways, seed, startMs))
  if (script !== null) timelines.push(scriptTimeline(script, startMs))
  if (options.random !== undefined) {
    timelines.push(randomTimeline(checked('random', RandomFaults, options.random), fleet, gateways, seed, startMs))
  }
  const world = createWorld(gateways, fleet, timelines, now)
  for (const [index, event] of (script?.events ?? []).entries()) checkEvent(world.check, event, index)
  const inbox = createInbox({ capacity: inboxCapacity, now })

  let url = ''
  const random = seededRandom(seed, 'latency')
  const nextLatencyMs =
    typeof latencyMs === 'number' ? () => latencyMs : () => between(latencyMs.min, latencyMs.max, random)
  const serveGateway = gatewayServer(world, { latencyMs: nextLatencyMs, repairMs, baseUrl: () => url })

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/'
    const end = target.slice(1).search(/[/?]/)
    const first = end < 0 ? target.slice(1) : target.slice(1, end + 1)
    const gateway = world.gatewayByName.get(first)
    if (gateway !== undefined) {
      const rest = target.slice(first.length + 1)
      serveGateway(request, response, gateway, rest.startsWith('/') ? rest : `/${rest}`)
      return
    }
    serveOwn(request, response, first, target).catch((error: unknown) => sendProblem(response, error))
  }

  async function serveOwn(
    request: IncomingMessage,
    response: ServerResponse,
    first: string,
    target: string,
  ): Promise<void> {
    const { pathname, searchParams } = new URL(target, 'http://simulator.invalid')
    const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname
    if (first === 'sim') await serveSteering(world, request, response, path, searchParams)
    else if (first === 'inbox') await serveInbox(inbox, request, response, path, searchParams)
    else if (path === '/') response.writeHead(302, { location: '/sim' }).end()
    else
      throw new Problem(
        404,
        `gateway "${first}" is not simulated; there are ${[...world.gatewayByName.keys()].join(', ')}`,
      )
  }

  const server = createServer(serve)
  // A watcher keeps thousands of connections open between its cycles; closing them early would race its next request.
  server.keepAliveTimeout = 120_000
  server.listen(listen.port ?? 0, host, 4_096)
  await once(server, 'listening').catch((error: unknown) => {
    throw new Error(`simulator: cannot listen on ${host}:${listen.port ?? 0}; choose another port`, { cause: error })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('simulator: the server has no port')
  url = options.publicUrl ?? `http://${reachableHost(host)}:${address.port}`

  let closing: Promise<void> | null = null
  const stop = async () => {
    inbox.close()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await Promise.all([closed, smtp?.close()])
  }
  const close = () => {
    options.signal?.removeEventListener('abort', close)
    closing ??= stop()
    return closing
  }
  const smtp =
    options.smtpPort === undefined ? null : await startSmtpSink(inbox, { host, port: options.smtpPort }).catch(giveUp)
  async function giveUp(error: unknown): Promise<never> {
    server.close()
    throw new Error(`simulator: cannot receive e-mail on ${host}:${options.smtpPort}; choose another SMTP port`, {
      cause: error,
    })
  }
  if (options.signal?.aborted) await close()
  else options.signal?.addEventListener('abort', close, { once: true })

  return {
    url,
    port: address.port,
    smtpPort: smtp?.port ?? null,
    gateways,
    gatewayUrl(name) {
      if (world.gatewayByName.has(name)) return `${url}/${name}`
      throw new Error(
        `simulator: there is no gateway "${name}"; there are ${[...world.gatewayByName.keys()].join(', ')}`,
      )
    },
    control: world,
    inbox,
    close,
  }
}

/** How programs of this machine name the host that the simulator listens on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function checked<T extends z.ZodType>(place: string, schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${[place, ...issue.path].join('.')}: ${issue.message}`)
  throw new Error(`simulator: ${faults.join('; ')}`)
}

function checkEvent(check: World['check'], event: Script['events'][number], index: number): void {
  try {
    check(event)
  } catch (error) {
    if (error instanceof SteeringError)
      throw new Error(`simulator: script.events.${index}: ${error.message}`, { cause: error })
    throw error
  }
}
