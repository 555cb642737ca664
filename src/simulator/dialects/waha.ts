import { type Face, faceOf, isStopped, restart, type SimAccount } from '../account.ts'
import { hashOf } from '../random.ts'
import {
  bodyText,
  type Dialect,
  type DialectRequest,
  type DialectTools,
  headerOf,
  jsonReply,
  type Reply,
} from './dialect.ts'

const DEFAULT_VERSION = '2026.7.1'
const UNAUTHORIZED: Reply = jsonReply(401, '(unauthorized)', { message: 'Unauthorized', statusCode: 401 })

/** WAHA, https://waha.devlike.pro: sessions API of 2024.9 and later; versions below that know the list, start, stop and logout only. */
export function wahaDialect({ gateway, repairMs, bring }: DialectTools): Dialect {
  const version = gateway.spec.version ?? DEFAULT_VERSION
  const old = isOlderThan(version, 2024, 9)

  function handle(request: DialectRequest, nowMs: number): Reply {
    const { method, path, parts, query } = request
    if (path === '/ping') return jsonReply(200, '/ping', { message: 'pong' })
    const key = headerOf(request, 'x-api-key') || (query.get('x-api-key') ?? '')
    if (key !== gateway.spec.apiKey) return UNAUTHORIZED
    if (path === '/health' && method === 'GET') {
      return jsonReply(200, '/health', { status: 'ok', info: {}, error: {}, details: {} })
    }
    if (method === 'GET' && (path === '/api/server/version' || path === '/api/version')) {
      return jsonReply(200, path, { version, engine: 'WEBJS', tier: 'PLUS', browser: '/usr/bin/chromium' })
    }
    if (method === 'GET' && path === '/api/server/status') {
      return jsonReply(200, path, { startTimestamp: nowMs - 3_600_000, uptime: 3_600_000, worker: { id: 'waha' } })
    }
    if (method === 'GET' && path === '/api/sessions') return list(query.get('all') === 'true', nowMs)
    if (method === 'POST' && parts.length === 3 && parts[1] === 'sessions') return oldCall(request, nowMs)
    if (!old && parts[0] === 'api' && parts[1] === 'sessions') return sessionCall(request, nowMs)
    if (method === 'GET' && parts[0] === 'api' && parts[2] === 'profile' && parts.length === 3)
      return profile(parts[1], nowMs)
    return cannot(request)
  }

  function list(all: boolean, nowMs: number): Reply {
    const sessions: unknown[] = []
    for (const account of gateway.accounts) {
      const face = faceOf(account, nowMs)
      if (face.phase === 'gone' || (!all && face.phase === 'stopped')) continue
      // A broken item: a careful reader loses this account only, not the list.
      if (face.mishap === 'error') sessions.push({ name: account.nativeId, status: null })
      else sessions.push(sessionInfo(account, face))
    }
    return jsonReply(200, '/api/sessions', sessions)
  }

  function sessionCall(request: DialectRequest, nowMs: number): Reply {
    const { method, parts } = request
    const action = parts[3]
    const endpoint = `/api/sessions/{session}${action === undefined ? '' : `/${action}`}`
    const account = gateway.byNativeId.get(parts[2] ?? '')
    if (account === undefined || faceOf(account, nowMs).phase === 'gone') {
      return jsonReply(404, endpoint, { statusCode: 404, message: 'Session not found' })
    }
    const face = faceOf(account, nowMs)
    if (method === 'GET') {
      const info = sessionInfo(account, face)
      if (action === undefined) return jsonReply(200, endpoint, { ...info, engine: engineOf(face) }, account)
      if (action === 'me') return jsonReply(200, endpoint, info.me, account)
      if (action === 'timelock') return jsonReply(200, endpoint, timelockOf(face, nowMs), account)
      if (action === 'capping') return jsonReply(200, endpoint, cappingOf(face), account)
    }
    if (method === 'POST') {
      if (action === 'restart') return restarted(account, endpoint, nowMs)
      if (action === 'start')
        return isStopped(account) ? restarted(account, endpoint, nowMs) : session(201, endpoint, account, nowMs)
      if (action === 'stop') {
        account.haltedMs = nowMs
        return session(201, endpoint, account, nowMs)
      }
      if (action === 'logout') {
        bring(account, 'qr', nowMs)
        return session(201, endpoint, account, nowMs)
      }
    }
    return cannot(request)
  }

  function restarted(account: SimAccount, endpoint: string, nowMs: number): Reply {
    if (restart(account, nowMs, repairMs) === 'accepted') return session(201, endpoint, account, nowMs)
    return jsonReply(500, endpoint, { statusCode: 500, message: 'Internal server error' }, account)
  }

  function session(status: number, endpoint: string, account: SimAccount, nowMs: number): Reply {
    return jsonReply(status, endpoint, sessionInfo(account, faceOf(account, nowMs)), account)
  }

  // Kept by later versions, where they are deprecated.
  function oldCall(request: DialectRequest, nowMs: number): Reply {
    const action = request.parts[2]
    const endpoint = `/api/sessions/${action}`
    if (action !== 'start' && action !== 'stop' && action !== 'logout') return cannot(request)
    const account = gateway.byNativeId.get(bodyText(request, 'name'))
    if (account === undefined || faceOf(account, nowMs).phase === 'gone') {
      return jsonReply(404, endpoint, { statusCode: 404, message: 'Session not found' })
    }
    if (action === 'start') {
      if (isStopped(account)) return restarted(account, endpoint, nowMs)
      const message = `Session '${account.nativeId}' is already started.`
      return jsonReply(422, endpoint, { statusCode: 422, error: 'Unprocessable Entity', message }, account)
    }
    if (action === 'logout') bring(account, 'qr', nowMs)
    account.haltedMs = nowMs
    return { status: 201, endpoint, about: account }
  }

  function profile(name: string | undefined, nowMs: number): Reply {
    const endpoint = '/api/{session}/profile'
    const account = gateway.byNativeId.get(name ?? '')
    if (account === undefined) return jsonReply(404, endpoint, { statusCode: 404, message: 'Session not found' })
    const face = faceOf(account, nowMs)
    const status = statusOf(face)
    if (status !== 'WORKING') {
      const error = 'Session status is not as expected. Try again later or restart the session'
      return jsonReply(422, endpoint, { error, session: account.nativeId, status, expected: ['WORKING'] }, account)
    }
    if (face.zombie)
      return jsonReply(400, endpoint, { statusCode: 400, message: "the store doesn't contain a device JID" }, account)
    return jsonReply(200, endpoint, { id: `${account.phone}@c.us`, name: account.name, picture: null }, account)
  }

  return { handle, unauthorized: UNAUTHORIZED }
}

function cannot({ method, path }: DialectRequest): Reply {
  return jsonReply(404, '(not found)', { message: `Cannot ${method} ${path}`, error: 'Not Found', statusCode: 404 })
}

function sessionInfo(account: SimAccount, face: Face) {
  const status = statusOf(face)
  const me = face.identity && face.phase !== 'stopped' ? meOf(account, face) : null
  return {
    name: account.nativeId,
    status,
    presence: status === 'WORKING' ? 'online' : null,
    assignedWorker: 'waha',
    me,
    timestamps: { activity: face.phase === 'stopped' ? null : face.activityAtMs },
    config: { metadata: {}, webhooks: [] },
  }
}

function meOf(account: SimAccount, face: Face) {
  const me = { id: `${account.phone}@c.us`, lid: `${hashOf(account.key)}@lid`, pushName: account.name }
  if (face.restriction === null || face.restriction === 'low_quality') return me
  return face.restriction === 'capped'
    ? { ...me, messageCapping: cappingOf(face) }
    : { ...me, reachoutTimelock: timelockOf(face, face.activityAtMs) }
}

function statusOf({ phase }: Face): string {
  switch (phase) {
    case 'connected':
      return 'WORKING'
    case 'connecting':
    case 'not_loaded':
      return 'STARTING'
    case 'qr':
      return 'SCAN_QR_CODE'
    case 'stopped':
      return 'STOPPED'
    default:
      return 'FAILED'
  }
}

// WEBJS puts the page's own state here (WAState); null where the page is dead.
function engineOf({ phase }: Face) {
  const state = {
    connected: 'CONNECTED',
    connecting: 'OPENING',
    disconnected: 'TIMEOUT',
    qr: 'UNPAIRED',
    logged_out: 'UNPAIRED',
    banned: 'TOS_BLOCK',
    temp_banned: 'TOS_BLOCK',
    conflict: 'CONFLICT',
    outdated_client: 'DEPRECATED_VERSION',
    stopped: null,
    not_loaded: null,
    gone: null,
  }[phase]
  return { engine: 'WEBJS', WWebVersion: '2.3000.1024710243', state }
}

function timelockOf(face: Face, nowMs: number) {
  const isActive = face.restriction === 'restricted'
  const endsSeconds = Math.floor(nowMs / 1000) + 86_400
  return {
    enforcementType: isActive ? 'BIZ_QUALITY' : 'DEFAULT',
    isActive,
    timeEnforcementEnds: isActive ? endsSeconds : null,
  }
}

function cappingOf(face: Face) {
  const capped = face.restriction === 'capped'
  return { cappingStatus: capped ? 'CAPPED' : 'NONE', totalQuota: 1000, usedQuota: capped ? 1000 : 120 }
}

function isOlderThan(version: string, year: number, month: number): boolean {
  const [givenYear = 0, givenMonth = 0] = version.split('.').map(Number)
  return givenYear < year || (givenYear === year && givenMonth < month)
}
