import { type Face, faceOf, restart, type SimAccount } from '../account.ts'
import { uuidOf } from '../random.ts'
import { type Dialect, type DialectRequest, type DialectTools, headerOf, jsonReply, type Reply } from './dialect.ts'

const DEFAULT_VERSION = '2.3.7'
const UNAUTHORIZED: Reply = failure(401, '(unauthorized)', 'Unauthorized', 'Unauthorized')

/** Baileys codes after which Evolution gives up and writes the reason to its database. */
const CODES: Partial<Readonly<Record<Face['phase'], number>>> = {
  logged_out: 401,
  temp_banned: 402,
  banned: 403,
  conflict: 440,
  outdated_client: 405,
}

/** Evolution API v2, and v1 where `version` begins with 1. Its list is a stale database column; its per-instance state is live. */
export function evolutionDialect({ gateway, repairMs, bring }: DialectTools): Dialect {
  const version = gateway.spec.version ?? DEFAULT_VERSION
  const first = version.startsWith('1')
  const restartVerb = first ? 'PUT' : 'POST'

  function handle(request: DialectRequest, nowMs: number): Reply {
    const { method, path, parts } = request
    if (path === '/' && method === 'GET') return welcome()
    if (parts[0] !== 'instance') return cannot(request)
    if (parts[1] === 'fetchInstances' && parts.length === 2 && method === 'GET') return list(request, nowMs)
    const action = parts[1] ?? ''
    const endpoint = `/instance/${action}/{instance}`
    if (parts.length !== 3 || !isKnown(method, action)) return cannot(request)
    // Existence is checked before the key: an unknown name is 404 to everybody.
    const account = gateway.byNativeId.get(parts[2] ?? '')
    if (account === undefined || faceOf(account, nowMs).phase === 'gone') {
      return failure(404, endpoint, 'Not Found', [`The "${parts[2]}" instance does not exist`])
    }
    const key = headerOf(request, 'apikey')
    if (key !== gateway.spec.apiKey && key !== account.token) return UNAUTHORIZED
    const face = faceOf(account, nowMs)
    const instanceName = account.nativeId
    switch (action) {
      case 'connectionState':
        return jsonReply(200, endpoint, { instance: stateOf(account, face) }, account)
      case 'restart':
        return restarted(account, face, endpoint, nowMs)
      case 'connect':
        return connect(account, face, endpoint, nowMs)
      case 'logout':
        if (liveState(face) === 'close') {
          return failure(400, endpoint, 'Bad Request', [`The "${instanceName}" instance is not connected`])
        }
        bring(account, 'logged_out', nowMs)
        return jsonReply(
          200,
          endpoint,
          { status: 'SUCCESS', error: false, response: { message: 'Instance logged out' } },
          account,
        )
      case 'delete':
        bring(account, 'gone', nowMs)
        return jsonReply(200, endpoint, { status: 'SUCCESS', error: false, response: { message: 'Instance deleted' } })
      default:
        return jsonReply(201, endpoint, { presence: 'available' }, account)
    }
  }

  function isKnown(method: string, action: string): boolean {
    if (action === 'connectionState' || action === 'connect') return method === 'GET'
    if (action === 'restart') return method === restartVerb
    if (action === 'logout' || action === 'delete') return method === 'DELETE'
    return action === 'setPresence' && method === 'POST' && !first
  }

  function welcome(): Reply {
    return jsonReply(200, '/', {
      status: 200,
      message: 'Welcome to the Evolution API, it is working!',
      version,
      clientName: 'evolution',
      manager: 'http://localhost/manager',
      documentation: 'https://doc.evolution-api.com',
      whatsappWebVersion: '2.3000.1024710243',
    })
  }

  function list(request: DialectRequest, nowMs: number): Reply {
    const endpoint = '/instance/fetchInstances'
    const key = headerOf(request, 'apikey')
    const isGlobal = key === gateway.spec.apiKey
    const visible = isGlobal ? gateway.accounts : gateway.accounts.filter((account) => account.token === key)
    if (visible.length === 0 && !isGlobal) return UNAUTHORIZED
    const name = request.query.get('instanceName')
    const id = request.query.get('instanceId')
    const number = request.query.get('number')
    const items: unknown[] = []
    for (const account of visible) {
      const face = faceOf(account, nowMs)
      if (face.phase === 'gone') continue
      if (name !== null && account.nativeId !== name) continue
      if (id !== null && instanceId(account) !== id) continue
      if (number !== null && account.phone !== number) continue
      items.push(first ? firstItem(account, face) : item(account, face))
    }
    if (name !== null && items.length === 0)
      return failure(404, endpoint, 'Not Found', [`Instance "${name}" not found`])
    return jsonReply(200, endpoint, items)
  }

  function restarted(account: SimAccount, face: Face, endpoint: string, nowMs: number): Reply {
    const state = liveState(face)
    // The quirk: on `close`, or not in memory, the call throws inside and still answers 200. Nothing happens.
    if (state === 'close' || state === undefined) {
      account.restartRequests += 1
      account.lastRestartMs = nowMs
      return jsonReply(200, endpoint, { error: true, message: '[object Object]' }, account)
    }
    if (face.phase === 'qr') return jsonReply(200, endpoint, qrOf(account), account)
    if (restart(account, nowMs, repairMs) === 'refused') {
      return jsonReply(200, endpoint, { error: true, message: '[object Object]' }, account)
    }
    // The state from before the restart, which proves nothing.
    return jsonReply(200, endpoint, { instance: { instanceName: account.nativeId, state } }, account)
  }

  function connect(account: SimAccount, face: Face, endpoint: string, nowMs: number): Reply {
    const state = liveState(face)
    if (state === 'open') return jsonReply(200, endpoint, { instance: stateOf(account, face) }, account)
    if (state === 'connecting')
      return jsonReply(200, endpoint, face.phase === 'qr' ? qrOf(account) : { count: 0 }, account)
    if (state === undefined || restart(account, nowMs, repairMs) === 'refused') {
      return failure(500, endpoint, 'Internal Server Error', ['Connection Failure'], account)
    }
    const asksForCode = account.repair?.outcome === 'qr' || account.fault?.fault === 'logged_out'
    return jsonReply(200, endpoint, asksForCode ? qrOf(account) : { count: 0 }, account)
  }

  function item(account: SimAccount, face: Face) {
    const code = CODES[face.phase] ?? null
    const created = new Date(account.createdMs).toISOString()
    return {
      id: instanceId(account),
      name: account.nativeId,
      connectionStatus: listedState(face),
      ownerJid: face.identity ? `${account.phone}@s.whatsapp.net` : null,
      profileName: account.name,
      profilePicUrl: null,
      integration: 'WHATSAPP-BAILEYS',
      number: null,
      businessId: null,
      token: account.token,
      clientName: 'evolution',
      disconnectionReasonCode: code,
      disconnectionObject: code === null ? null : JSON.stringify({ error: { output: { statusCode: code } } }),
      disconnectionAt: code === null ? null : new Date(account.fault?.startMs ?? account.createdMs).toISOString(),
      createdAt: created,
      updatedAt: new Date(account.fault?.startMs ?? account.createdMs).toISOString(),
      Setting: {},
      _count: { Message: face.messages, Contact: 50, Chat: 40 },
    }
  }

  function firstItem(account: SimAccount, face: Face) {
    return {
      instance: {
        instanceName: account.nativeId,
        instanceId: instanceId(account),
        owner: face.identity ? `${account.phone}@s.whatsapp.net` : undefined,
        profileName: account.name,
        status: listedState(face),
        serverUrl: 'http://localhost',
        apikey: account.token,
        integration: { integration: 'WHATSAPP-BAILEYS', token: account.token },
      },
    }
  }

  return { handle, unauthorized: UNAUTHORIZED, unlicensedPaths: ['/'] }
}

function failure(
  status: number,
  endpoint: string,
  error: string,
  message: string | string[],
  about?: SimAccount,
): Reply {
  return jsonReply(status, endpoint, { status, error, response: { message } }, about)
}

function cannot({ method, path }: DialectRequest): Reply {
  return failure(404, '(not found)', 'Not Found', [`Cannot ${method} ${path}`])
}

function instanceId(account: SimAccount): string {
  return uuidOf(`instance ${account.key}`)
}

function stateOf(account: SimAccount, face: Face) {
  const state = liveState(face)
  return state === undefined ? { instanceName: account.nativeId } : { instanceName: account.nativeId, state }
}

function liveState({ phase }: Face): 'open' | 'connecting' | 'close' | undefined {
  switch (phase) {
    case 'connected':
      return 'open'
    case 'connecting':
    case 'qr':
      return 'connecting'
    case 'not_loaded':
    case 'gone':
      return undefined
    default:
      return 'close'
  }
}

// Written on open, on a QR code and on a close that is not retried only: during other closes it keeps saying `open`.
function listedState({ phase }: Face): 'open' | 'connecting' | 'close' {
  if (phase === 'qr') return 'connecting'
  return phase === 'logged_out' || phase === 'banned' || phase === 'temp_banned' || phase === 'stopped'
    ? 'close'
    : 'open'
}

function qrOf(account: SimAccount) {
  return { pairingCode: null, code: `2@${account.token}`, base64: 'data:image/png;base64,iVBORw0KGgo=', count: 1 }
}
