import type { Request, RequestHandler, Response } from 'express'
import { type ApiOptions, authRequired, isLoopback, knownHosts } from '../options.ts'
import { Problem } from '../problem.ts'
import type { Access } from '../route.ts'
import { type Authenticator, authenticator } from './authenticator.ts'
import { NOBODY, type Principal } from './principal.ts'
import { rateLimit } from './rate-limit.ts'
import { forgery, isLocalHost } from './same-origin.ts'
import { isShardPass, SHARD_PASS_HEADER } from './shard-pass.ts'

const principals = new WeakMap<Response, Principal>()

/** Who asks, as the guard found out. */
export function principalOf(response: Response): Principal {
  return principals.get(response) ?? NOBODY
}

/**
 * Stands before every route, and before "no such path" too: rate limit, who are you, and is this really you.
 * `optionsNow` is asked at every request, so that a reload changes users, tokens and limits at once.
 * `accessOf` tells how open a path is; undefined is a path that does not exist and is treated like a read.
 */
export function guard(
  optionsNow: () => ApiOptions,
  accessOf: (method: string, path: string) => Access | undefined,
  now: () => number,
): RequestHandler {
  const listensLocally = isLoopback(optionsNow().listen)
  let rules = rulesOf(optionsNow(), now)

  async function admit(request: Request, response: Response): Promise<void> {
    const access = accessOf(request.method, request.path)
    if (access === 'open') return
    const options = optionsNow()
    if (rules.options !== options) rules = rulesOf(options, now)
    if (listensLocally && !authRequired(options) && !isLocalHost(request.headers.host, rules.hosts)) {
      throw new Problem(
        'misdirected',
        'The exporter listens on this machine only and does not know this host name. Name it in api.hosts, or set up basicAuth or bearerTokens.',
      )
    }
    const pass = header(request, SHARD_PASS_HEADER)
    // Another exporter has counted it under the address of the caller; under its own, all callers would share a bucket.
    const isCounted = pass !== undefined && isShardPass(options, pass, request.headers.authorization)
    const waitMs = isCounted ? 0 : (rules.limit?.take(request.ip ?? '') ?? 0)
    if (waitMs > 0) throw tooMany(waitMs, 'You send more requests than api.rateLimit allows.')
    if (access === 'signed') return
    principals.set(response, await identify(rules.people, request))
    const forged = forgery(
      {
        method: request.method,
        host: request.host,
        origin: request.headers.origin,
        secFetchSite: header(request, 'sec-fetch-site'),
      },
      rules.hosts,
    )
    if (forged !== null) throw new Problem('forbidden', `Refused: ${forged}.`)
  }

  async function identify(people: Authenticator, request: Request): Promise<Principal> {
    const identified = await people.identify(request.headers.authorization)
    if (identified.ok) return identified.principal
    if (identified.why === 'busy') throw tooMany(1000, 'Too many passwords wait to be checked.')
    throw new Problem(
      'unauthorized',
      identified.why === 'missing'
        ? 'Send an Authorization header: the API asks for a user or a token (api.basicAuth, api.bearerTokens).'
        : 'The user, password or token is wrong.',
      { headers: { 'www-authenticate': people.challenges.join(', ') } },
    )
  }

  return (request, response, next) => {
    admit(request, response).then(() => next(), next)
  }
}

function rulesOf(options: ApiOptions, now: () => number) {
  const { interval: intervalMs, burst } = options.rateLimit ?? {}
  const limit = intervalMs === undefined || burst === undefined ? undefined : rateLimit({ intervalMs, burst }, now)
  return { options, people: authenticator(options), limit, hosts: knownHosts(options) }
}

/** Throws a Problem unless the principal may do what the route does. */
export function demandRole(access: Access, principal: Principal): void {
  if (access !== 'operate' || principal.role === 'operate') return
  throw new Problem('forbidden', `${principal.name} has the role read; this needs the role operate.`)
}

function tooMany(waitMs: number, detail: string): Problem {
  const seconds = Math.ceil(waitMs / 1000)
  return new Problem('too-many-requests', `${detail} Come back in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}

function header(request: Request, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
