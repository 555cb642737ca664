import { type Face, faceOf, isStopped, restart, type SimAccount } from '../account.ts'
import { hashOf } from '../random.ts'
import { type Dialect, type DialectRequest, type DialectTools, headerOf, jsonReply, type Reply } from './dialect.ts'

const VERSION = '2.10.4'
const WRONG_TOKEN: Reply = jsonReply(401, '(unauthorized)', { error: 'Check that the Session and Token are correct' })
const NO_TOKEN: Reply = jsonReply(401, '(unauthorized)', {
  message: 'Token is not present. Check your header and try again',
})

/** WPPConnect-server 2.10: a token per session, a list of names only, `CONNECTED` that is never taken back. */
export function wppconnectDialect({ gateway, repairMs, bring }: DialectTools): Dialect {
  const secret = gateway.spec.apiKey

  function handle(request: DialectRequest, nowMs: number): Reply {
    const { method, path, parts } = request
    if (path === '/healthz') {
      return jsonReply(200, '/healthz', { uptime: 3600, message: 'OK', timestamp: nowMs })
    }
    // The real one ends the process here, without asking who calls; the counters show whoever tries.
    if (path === '/unhealthy') return jsonReply(500, '/unhealthy', { message: 'the process would be dead now' })
    if (parts[0] !== 'api') return cannot(request)
    const [, second = '', third = '', fourth = ''] = parts
    if (method === 'POST' && parts.length === 4 && fourth === 'generate-token') return generateToken(second, third)
    if (parts.length === 3 && (third === 'show-all-sessions' || third === 'start-all'))
      return forAll(request, second, third, nowMs)
    return parts.length === 3 ? sessionCall(request, second, third, nowMs) : cannot(request)
  }

  function generateToken(session: string, given: string): Reply {
    const endpoint = '/api/{session}/{secretkey}/generate-token'
    if (given !== secret) return jsonReply(400, endpoint, { response: false, message: 'The SECRET_KEY is incorrect' })
    const token = tokenOf(session, secret)
    return jsonReply(201, endpoint, { status: 'success', session, token, full: `${session}:${token}` })
  }

  function forAll(request: DialectRequest, given: string, action: string, nowMs: number): Reply {
    const endpoint = `/api/{secretkey}/${action}`
    if (given !== secret) return jsonReply(400, endpoint, { response: 'error', message: 'The token is incorrect' })
    if (action === 'show-all-sessions' && request.method === 'GET') {
      const names = gateway.accounts
        .filter((account) => faceOf(account, nowMs).phase !== 'gone')
        .map((one) => one.nativeId)
      return jsonReply(200, endpoint, { response: names })
    }
    if (action === 'start-all' && request.method === 'POST') {
      for (const account of gateway.accounts) if (isStopped(account)) restart(account, nowMs, repairMs)
      return jsonReply(201, endpoint, { status: 'success', message: 'Starting all sessions' })
    }
    return cannot(request)
  }

  function sessionCall(request: DialectRequest, sessionPart: string, action: string, nowMs: number): Reply {
    // The token may also be written into the path, as session:token.
    const colon = sessionPart.indexOf(':')
    const session = colon < 0 ? sessionPart : sessionPart.slice(0, colon)
    const bearer = headerOf(request, 'authorization').replace(/^Bearer /i, '')
    const given = colon < 0 ? bearer : sessionPart.slice(colon + 1)
    if (given === '') return NO_TOKEN
    if (given !== tokenOf(session, secret)) return WRONG_TOKEN
    const endpoint = `/api/{session}/${action}`
    const account = gateway.byNativeId.get(session)
    const face = account === undefined ? undefined : faceOf(account, nowMs)
    if (request.method === 'GET') return read(request, action, endpoint, account, face)
    if (request.method !== 'POST' || account === undefined) return cannot(request)
    return act(request, action, endpoint, account, nowMs)
  }

  function read(
    request: DialectRequest,
    action: string,
    endpoint: string,
    account: SimAccount | undefined,
    face: Face | undefined,
  ): Reply {
    const status = statusOf(face)
    switch (action) {
      case 'status-session':
        return jsonReply(
          200,
          endpoint,
          { status, qrcode: status === 'QRCODE' ? 'iVBORw0KGgo=' : null, urlcode: '', version: VERSION },
          account,
        )
      case 'check-connection-session': {
        // True unless the library throws: a lost link still counts as connected.
        const alive = status === 'CONNECTED'
        return jsonReply(200, endpoint, { status: alive, message: alive ? 'Connected' : 'Disconnected' }, account)
      }
      case 'host-device':
      case 'get-battery-level':
        return device(action, endpoint, account, face)
      default:
        return cannot(request)
    }
  }

  function device(action: string, endpoint: string, account: SimAccount | undefined, face: Face | undefined): Reply {
    if (account === undefined || face?.phase !== 'connected') {
      const message = 'A sessão do WhatsApp não está ativa.'
      return jsonReply(404, endpoint, { response: null, status: 'Disconnected', message }, account)
    }
    if (action === 'get-battery-level') return jsonReply(200, endpoint, { status: 'success', response: 100 }, account)
    const wid = { server: 'c.us', user: account.phone, _serialized: `${account.phone}@c.us` }
    const response = { id: wid, wid, pushname: account.name, connected: true, phoneNumber: account.phone }
    return jsonReply(200, endpoint, { status: 'success', response, mapper: 'device' }, account)
  }

  function act(request: DialectRequest, action: string, endpoint: string, account: SimAccount, nowMs: number): Reply {
    switch (action) {
      case 'close-session':
        account.haltedMs = nowMs
        return jsonReply(200, endpoint, { status: true, message: 'Session successfully closed' }, account)
      case 'logout-session':
        bring(account, 'qr', nowMs)
        return jsonReply(200, endpoint, { status: true, message: 'Session successfully closed' }, account)
      case 'start-session': {
        if (isStopped(account) && restart(account, nowMs, repairMs) === 'refused') {
          return jsonReply(500, endpoint, { status: 'error', message: 'Error starting session' }, account)
        }
        const status = statusOf(faceOf(account, nowMs))
        return jsonReply(200, endpoint, { status, qrcode: null, session: account.nativeId, version: VERSION }, account)
      }
      default:
        return cannot(request)
    }
  }

  return { handle, unauthorized: WRONG_TOKEN }
}

function cannot({ method, path }: DialectRequest): Reply {
  return {
    status: 404,
    endpoint: '(not found)',
    text: `Cannot ${method} ${path}`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  }
}

function tokenOf(session: string, secret: string): string {
  const digits = [0, 1, 2, 3, 4].map((part) => hashOf(`${part} ${session} ${secret}`).toString(36)).join('')
  return `$2b$10$${digits.replaceAll('/', '_').replaceAll('+', '-')}`
}

function statusOf(face: Face | undefined): string {
  switch (face?.phase) {
    case 'qr':
    case 'logged_out':
      return 'QRCODE'
    case 'connecting':
      return 'INITIALIZING'
    case undefined:
    case 'gone':
    case 'stopped':
    case 'not_loaded':
      return 'CLOSED'
    default:
      return 'CONNECTED'
  }
}
