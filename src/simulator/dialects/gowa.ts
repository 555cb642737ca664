import { type Face, faceOf, restart, type SimAccount } from '../account.ts'
import { type Dialect, type DialectRequest, type DialectTools, headerOf, jsonReply, type Reply } from './dialect.ts'

/** User name of the simulated GOWA; its password is the gateway's `apiKey`. */
export const GOWA_USER = 'exporter'

const UNAUTHORIZED: Reply = {
  status: 401,
  endpoint: '(unauthorized)',
  text: 'Unauthorized',
  headers: { 'www-authenticate': 'Basic realm="Restricted"', 'content-type': 'text/plain; charset=utf-8' },
}

/** GOWA (go-whatsapp-web-multidevice) v8 and later. Its word `connected` means: a socket, but not logged in. */
export function gowaDialect({ gateway, repairMs, bring }: DialectTools): Dialect {
  const credentials = `Basic ${Buffer.from(`${GOWA_USER}:${gateway.spec.apiKey}`).toString('base64')}`

  function handle(request: DialectRequest, nowMs: number): Reply {
    const { method, path, parts } = request
    if (path === '/health')
      return { status: 200, endpoint: '/health', text: 'OK', headers: { 'content-type': 'text/plain' } }
    if (headerOf(request, 'authorization') !== credentials) return UNAUTHORIZED
    if (method === 'GET' && path === '/devices') return list(nowMs)
    if (method === 'GET' && path === '/app/status') return appStatus(request, nowMs)
    if (parts[0] === 'devices' && parts.length >= 3) return deviceCall(request, nowMs)
    return {
      status: 404,
      endpoint: '(not found)',
      text: `Cannot ${method} ${path}`,
      headers: { 'content-type': 'text/plain' },
    }
  }

  function list(nowMs: number): Reply {
    const results: unknown[] = []
    for (const account of gateway.accounts) {
      const face = faceOf(account, nowMs)
      if (face.phase === 'gone') continue
      if (face.mishap === 'error') results.push({ id: account.nativeId, state: null })
      else results.push(deviceOf(account, face))
    }
    return success('/devices', 'List devices', results)
  }

  function appStatus(request: DialectRequest, nowMs: number): Reply {
    const endpoint = '/app/status'
    const id = headerOf(request, 'x-device-id') || (request.query.get('device_id') ?? '')
    const present = gateway.accounts.filter((account) => faceOf(account, nowMs).phase !== 'gone')
    if (id === '' && present.length !== 1) return failure(400, endpoint, 'DEVICE_ID_REQUIRED', 'device_id is required')
    const account = id === '' ? present[0] : present.find((one) => one.nativeId === id)
    if (account === undefined) return failure(404, endpoint, 'DEVICE_NOT_FOUND', `device ${id} not found`)
    return statusReply(account, endpoint, nowMs)
  }

  function deviceCall(request: DialectRequest, nowMs: number): Reply {
    const { method, parts } = request
    const [, id = '', action = ''] = parts
    const endpoint = `/devices/{id}/${action}`
    const account = gateway.byNativeId.get(id)
    if (account === undefined || faceOf(account, nowMs).phase === 'gone') {
      // The status route panics on an unknown device; the others pass a guard that knows better.
      return action === 'status'
        ? failure(500, endpoint, 'INTERNAL_SERVER_ERROR', `device ${id} not found`)
        : failure(404, endpoint, 'DEVICE_NOT_FOUND', `device ${id} not found`)
    }
    if (method === 'GET' && action === 'status') return statusReply(account, endpoint, nowMs)
    if (method === 'GET' && action === 'login') {
      return success(
        endpoint,
        'Login success',
        { qr_duration: 30, qr_link: `${request.baseUrl}/statics/qr.png` },
        account,
      )
    }
    if (method === 'POST' && action === 'reconnect') return reconnect(account, endpoint, nowMs)
    if (method === 'POST' && action === 'logout') {
      bring(account, 'logged_out', nowMs)
      return success(endpoint, 'Success logout', null, account)
    }
    return failure(404, '(not found)', 'NOT_FOUND', `Cannot ${method} ${request.path}`)
  }

  function reconnect(account: SimAccount, endpoint: string, nowMs: number): Reply {
    if (!hasJid(faceOf(account, nowMs))) {
      account.restartRequests += 1
      account.lastRestartMs = nowMs
      return failure(500, endpoint, 'INTERNAL_SERVER_ERROR', 'not logged in (session deleted)', account)
    }
    if (restart(account, nowMs, repairMs) === 'refused') {
      return failure(500, endpoint, 'INTERNAL_SERVER_ERROR', 'websocket: bad handshake', account)
    }
    return success(endpoint, 'Reconnect success', null, account)
  }

  function statusReply(account: SimAccount, endpoint: string, nowMs: number): Reply {
    const face = faceOf(account, nowMs)
    const results = {
      device_id: account.nativeId,
      is_connected: face.phase === 'connected' || face.phase === 'qr',
      is_logged_in: face.phase === 'connected' && face.identity,
    }
    return success(endpoint, 'Connection status retrieved', results, account)
  }

  return { handle, unauthorized: UNAUTHORIZED }
}

function success(endpoint: string, message: string, results: unknown, about?: SimAccount): Reply {
  return jsonReply(200, endpoint, { status: 200, code: 'SUCCESS', message, results }, about)
}

function failure(status: number, endpoint: string, code: string, message: string, about?: SimAccount): Reply {
  return jsonReply(status, endpoint, { status, code, message, results: null }, about)
}

function deviceOf(account: SimAccount, face: Face) {
  return {
    id: account.nativeId,
    phone_number: hasJid(face) ? account.phone : '',
    display_name: account.name,
    state: stateOf(face),
    jid: hasJid(face) ? `${account.phone}@s.whatsapp.net` : '',
    created_at: new Date(account.createdMs).toISOString(),
  }
}

// A session that was logged out or banned has lost its JID; that is the only trace.
function hasJid(face: Face): boolean {
  return face.identity && face.phase !== 'temp_banned'
}

// `connecting` is in the vendor's enum, but never set.
function stateOf(face: Face): 'disconnected' | 'connected' | 'logged_in' {
  if (face.phase === 'qr') return 'connected'
  if (face.phase === 'connected') return face.identity ? 'logged_in' : 'connected'
  return 'disconnected'
}
