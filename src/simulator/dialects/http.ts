import { type Face, faceOf, restart, type SimAccount } from '../account.ts'
import { type Dialect, type DialectRequest, type DialectTools, headerOf, jsonReply, type Reply } from './dialect.ts'

const UNAUTHORIZED: Reply = {
  ...jsonReply(401, '(unauthorized)', { title: 'Unauthorized', status: 401 }),
  headers: { 'www-authenticate': 'Bearer' },
}

/** A bot's own endpoint: `GET /accounts`, `GET /accounts/{account}`, `POST /accounts/{account}/restart`. */
export function httpDialect({ gateway, repairMs }: DialectTools): Dialect {
  const { apiKey, words } = gateway.spec
  const stateOf = { ours: ourState, wwebjs: waState, baileys: baileysState }[words]

  function handle(request: DialectRequest, nowMs: number): Reply {
    const { method, parts } = request
    if (apiKey !== '' && headerOf(request, 'authorization') !== `Bearer ${apiKey}`) return UNAUTHORIZED
    if (parts[0] !== 'accounts' || parts.length > 3) return problem(404, '(not found)', 'Not Found')
    if (parts.length === 1 && method === 'GET') return list(nowMs)
    const endpoint = parts.length === 2 ? '/accounts/{account}' : `/accounts/{account}/${parts[2]}`
    const account = gateway.byNativeId.get(parts[1] ?? '')
    const face = account === undefined ? undefined : faceOf(account, nowMs)
    if (account === undefined || face === undefined || face.phase === 'gone' || face.phase === 'not_loaded') {
      return problem(404, endpoint, `account ${parts[1] ?? ''} is not known here`)
    }
    if (parts.length === 2 && method === 'GET') return jsonReply(200, endpoint, stateBody(account, face), account)
    if (parts[2] === 'restart' && method === 'POST') {
      return restart(account, nowMs, repairMs) === 'accepted'
        ? jsonReply(202, endpoint, { accepted: true }, account)
        : { ...problem(409, endpoint, 'the session cannot be restarted'), about: account }
    }
    return problem(405, endpoint, `${method} is not allowed here`)
  }

  function list(nowMs: number): Reply {
    const bodies: unknown[] = []
    for (const account of gateway.accounts) {
      const face = faceOf(account, nowMs)
      if (face.phase === 'gone' || face.phase === 'not_loaded') continue
      bodies.push(face.mishap === 'error' ? { account: account.nativeId } : stateBody(account, face))
    }
    return jsonReply(200, '/accounts', bodies)
  }

  function stateBody(account: SimAccount, face: Face) {
    return {
      account: account.nativeId,
      ...stateOf(face),
      ...(face.identity ? { phone: account.phone } : {}),
      name: account.name,
      lastActivityAt: new Date(face.activityAtMs).toISOString(),
    }
  }

  return { handle, unauthorized: UNAUTHORIZED }
}

function problem(status: number, endpoint: string, title: string): Reply {
  return { ...jsonReply(status, endpoint, { title, status }), headers: { 'content-type': 'application/problem+json' } }
}

function ourState(face: Face): { state: string; reason?: string } {
  switch (face.phase) {
    case 'connected':
      if (face.restriction === 'restricted') return { state: 'degraded', reason: 'timelock' }
      if (face.restriction === 'capped') return { state: 'degraded', reason: 'capped' }
      if (face.restriction === 'low_quality') return { state: 'degraded', reason: 'quality' }
      return { state: 'connected' }
    case 'connecting':
    case 'stopped':
      return { state: face.phase }
    case 'qr':
      return { state: 'awaiting_auth' }
    case 'logged_out':
      return { state: 'awaiting_auth', reason: 'logged_out' }
    case 'banned':
      return { state: 'blocked', reason: 'banned' }
    case 'temp_banned':
    case 'conflict':
      return { state: 'degraded', reason: face.phase }
    case 'outdated_client':
      return { state: 'disconnected', reason: 'outdated_client' }
    default:
      return { state: 'disconnected', reason: 'network' }
  }
}

function waState(face: Face): { state: string | null } {
  switch (face.phase) {
    case 'connected':
      return { state: 'CONNECTED' }
    case 'connecting':
      return { state: 'OPENING' }
    case 'qr':
    case 'logged_out':
      return { state: 'UNPAIRED' }
    case 'banned':
    case 'temp_banned':
      return { state: 'TOS_BLOCK' }
    case 'conflict':
      return { state: 'CONFLICT' }
    case 'outdated_client':
      return { state: 'DEPRECATED_VERSION' }
    case 'stopped':
      return { state: 'UNLAUNCHED' }
    default:
      return { state: null }
  }
}

function baileysState(face: Face): { state: { connection: string; statusCode?: number } } {
  switch (face.phase) {
    case 'connected':
      return { state: { connection: 'open' } }
    case 'connecting':
      return { state: { connection: 'connecting' } }
    case 'qr':
    case 'logged_out':
      return { state: { connection: 'close', statusCode: 401 } }
    case 'banned':
      return { state: { connection: 'close', statusCode: 403 } }
    case 'temp_banned':
      return { state: { connection: 'close', statusCode: 402 } }
    case 'conflict':
      return { state: { connection: 'close', statusCode: 440 } }
    case 'outdated_client':
      return { state: { connection: 'close', statusCode: 405 } }
    default:
      return { state: { connection: 'close', statusCode: 428 } }
  }
}
