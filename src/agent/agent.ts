import type { IncomingMessage, ServerResponse } from 'node:http'
import { bearerCheck } from './bearer.ts'
import { TimeLimitPassed, within } from './time-limit.ts'
import { type AccountReport, RestartRefused, type WatchedAccount } from './watched-account.ts'

// The entry of the package `whatsapp-exporter/agent`: everything that a bot needs is exported from here.
// biome-ignore-start lint/performance/noBarrelFile: this file is the published entry, nothing inside the product imports it
export { type BaileysAccount, type BaileysOptions, type BaileysSocket, fromBaileys } from './baileys.ts'
export { type AccountReport, RestartRefused, type WatchedAccount } from './watched-account.ts'
export { fromWhatsappWebJs, type WhatsappWebJsClient, type WhatsappWebJsOptions } from './whatsapp-web-js.ts'
// biome-ignore-end lint/performance/noBarrelFile: end of the published names

/** Accounts by name. Both kinds are read anew on every request, so an account that you add or delete is seen at once. */
export type WatchedAccounts = Readonly<Record<string, WatchedAccount>> | ReadonlyMap<string, WatchedAccount>

export interface AgentOptions {
  /**
   * What the exporter must send as `Authorization: Bearer …`: at least 16 characters.
   * `null` switches the check off; do that only where nobody else can reach the port.
   */
  readonly token: string | null
  /** The accounts of this bot, or a function that gives them. */
  readonly accounts: WatchedAccounts | (() => WatchedAccounts | Promise<WatchedAccounts>)
  /**
   * Told of a restart that fails after the reply has gone out, and of a state that could not be read.
   * @default nothing happens; the state itself still shows the fault
   */
  readonly onError?: (account: string, error: unknown) => void
  /**
   * How long a restart may take before the reply is 202 and the restart goes on alone, milliseconds.
   * Keep it under the exporter's `checks.timeout`.
   * @default 3000
   */
  readonly restartReplyLimitMs?: number
}

/**
 * Handles a request or passes it on. Fits `app.use('/whatsapp', agent)` of Express 4 and 5, and
 * `http.createServer(agent)` alone.
 */
export type Agent = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void

const READ_LIMIT_MS = 2_000

/**
 * The bot's side of the exporter's `http` driver: `GET /accounts`, `GET /accounts/{account}` and
 * `POST /accounts/{account}/restart`. Every other path is passed on.
 * @throws TypeError where the token is missing or shorter than 16 characters
 */
export function whatsappAgent(options: AgentOptions): Agent {
  const { restartReplyLimitMs = 3_000 } = options
  const isAllowed = bearerCheck(options.token)
  const tell = (account: string, error: unknown) => options.onError?.(account, error)

  const find = async () => {
    const accounts = typeof options.accounts === 'function' ? await options.accounts() : options.accounts
    return accounts instanceof Map ? new Map(accounts) : new Map(Object.entries(accounts))
  }

  const read = async (account: string, watched: WatchedAccount) => {
    try {
      return reply(
        account,
        await within(
          Promise.resolve().then(() => watched.read()),
          READ_LIMIT_MS,
          `reading ${account}`,
        ),
      )
    } catch (error) {
      tell(account, error)
      return reply(account, { state: 'unknown' })
    }
  }

  const restart = async (account: string, watched: WatchedAccount): Promise<Answer> => {
    const begin = watched.restart?.bind(watched)
    if (begin === undefined) {
      return problem(501, 'No restart', `Account ${account} has no restart. Give its adapter a restart function.`)
    }
    const work = Promise.resolve().then(begin)
    try {
      await within(work, restartReplyLimitMs, `restarting ${account}`)
      return { status: 200, body: { account, restart: 'done' } }
    } catch (error) {
      if (error instanceof TimeLimitPassed) {
        work.catch((late: unknown) => tell(account, late))
        return { status: 202, body: { account, restart: 'started' } }
      }
      if (error instanceof RestartRefused) return problem(409, 'Restart refused', error.message)
      tell(account, error)
      return problem(502, 'Restart failed', `Account ${account} did not start again: ${messageOf(error)}`)
    }
  }

  const answer = async (route: Route): Promise<Answer> => {
    const accounts = await find()
    if (route.account === null) {
      return { status: 200, body: await Promise.all([...accounts].map(([name, watched]) => read(name, watched))) }
    }
    const watched = accounts.get(route.account)
    if (watched === undefined) {
      return problem(404, 'Unknown account', `This bot has no account ${JSON.stringify(route.account.slice(0, 256))}.`)
    }
    if (route.restart) return restart(route.account, watched)
    return { status: 200, body: await read(route.account, watched) }
  }

  return (request, response, next) => {
    const route = routeOf(request.url ?? '/')
    if (route === null) {
      if (next !== undefined) next()
      else send(response, problem(404, 'Not found', 'The agent serves /accounts only.'))
      return
    }
    if (!isAllowed(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer realm="whatsapp-agent"')
      send(response, problem(401, 'Unauthorized', 'Send the token of this agent as Authorization: Bearer <token>.'))
      return
    }
    const allowed = route.restart ? ['POST'] : ['GET', 'HEAD']
    if (!allowed.includes(request.method ?? '')) {
      response.setHeader('allow', allowed.join(', '))
      send(response, problem(405, 'Method not allowed', `This path takes ${allowed.join(' and ')} only.`))
      return
    }
    answer(route).then(
      (result) => send(response, result),
      (error: unknown) => {
        // The bot's own code broke: its text may hold secrets, so it goes to the bot and not into the reply.
        tell(route.account ?? '', error)
        send(response, problem(500, 'Internal error', 'The accounts of this bot could not be read.'))
      },
    )
  }
}

interface Route {
  /** null: the list. */
  readonly account: string | null
  readonly restart: boolean
}

interface Answer {
  readonly status: number
  readonly body: object
  readonly type?: string
}

function routeOf(url: string): Route | null {
  const match = /^\/accounts(?:\/([^/?#]+)(\/restart)?)?\/?(?:[?#].*)?$/.exec(url)
  if (match === null) return null
  const [, encoded, restart] = match
  if (encoded === undefined) return { account: null, restart: false }
  try {
    return { account: decodeURIComponent(encoded), restart: restart !== undefined }
  } catch {
    // A broken escape names no account: the lookup answers 404.
    return { account: encoded, restart: restart !== undefined }
  }
}

/** The wire format of the `http` driver; absent facts are left out. */
function reply(account: string, report: AccountReport) {
  return {
    account,
    state: report.state,
    ...(report.reason ? { reason: report.reason } : {}),
    ...(report.phone ? { phone: report.phone } : {}),
    ...(report.name ? { name: report.name } : {}),
    ...(report.lastActivityAtMs === undefined
      ? {}
      : { lastActivityAt: new Date(report.lastActivityAtMs).toISOString() }),
  }
}

function problem(status: number, title: string, detail: string): Answer {
  return { status, body: { type: 'about:blank', title, status, detail }, type: 'application/problem+json' }
}

function send(response: ServerResponse, { status, body, type = 'application/json' }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  response.setHeader('content-type', `${type}; charset=utf-8`)
  response.setHeader('cache-control', 'no-store')
  response.end(JSON.stringify(body))
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300)
}
