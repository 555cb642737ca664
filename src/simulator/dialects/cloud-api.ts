import { type Face, faceOf, restart, type SimAccount } from '../account.ts'
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

const UNAUTHORIZED: Reply = graphError(
  401,
  '(unauthorized)',
  190,
  'OAuthException',
  'Invalid OAuth access token - Cannot parse access token',
)
const HOUR_MS = 3_600_000
const RESTRICTED_STATUS = { restricted: 'RESTRICTED', capped: 'RATE_LIMITED', low_quality: 'FLAGGED' } as const
const DEFAULT_FIELDS = ['id', 'display_phone_number', 'verified_name', 'quality_rating', 'code_verification_status']

/** The WhatsApp Business Account id of a simulated Cloud API gateway. */
export function wabaIdOf(gateway: string): string {
  return `20${String(hashOf(gateway)).padStart(13, '0')}`
}

/** Meta's WhatsApp Business Cloud API: paged list of numbers, health_status on single nodes, Graph errors, usage header, no restart. */
export function cloudApiDialect({ gateway, repairMs }: DialectTools): Dialect {
  const { apiKey, callsPerHour } = gateway.spec
  const wabaId = wabaIdOf(gateway.spec.name)
  let hour = 0
  let calls = 0

  function handle(request: DialectRequest, nowMs: number): Reply {
    const token =
      headerOf(request, 'authorization').replace(/^Bearer /i, '') || (request.query.get('access_token') ?? '')
    if (token !== apiKey) return UNAUTHORIZED
    const reply = metered(nowMs) ?? answer(request, nowMs)
    return { ...reply, headers: { ...reply.headers, 'x-business-use-case-usage': usage(nowMs) } }
  }

  function metered(nowMs: number): Reply | undefined {
    const thisHour = Math.floor(nowMs / HOUR_MS)
    if (thisHour !== hour) calls = 0
    hour = thisHour
    calls += 1
    return callsPerHour > 0 && calls > callsPerHour ? rateLimited() : undefined
  }

  function usage(nowMs: number): string {
    const percent = callsPerHour === 0 ? 1 : Math.min(100, Math.ceil((calls / callsPerHour) * 100))
    const minutesLeft = Math.ceil((HOUR_MS - (nowMs % HOUR_MS)) / 60_000)
    return JSON.stringify({
      [wabaId]: [
        {
          type: 'whatsapp_business_management',
          call_count: percent,
          total_cputime: 1,
          total_time: 1,
          estimated_time_to_regain_access: percent >= 100 ? minutesLeft : 0,
        },
      ],
    })
  }

  function answer(request: DialectRequest, nowMs: number): Reply {
    const { method, query } = request
    // `/v23.0` in front is usual, not needed.
    const [id = '', edge] = /^v\d+\.\d+$/.test(request.parts[0] ?? '') ? request.parts.slice(1) : request.parts
    const fields =
      query
        .get('fields')
        ?.split(',')
        .filter((field) => field !== '') ?? DEFAULT_FIELDS
    if (id === wabaId) {
      if (method === 'GET' && edge === 'phone_numbers') return list(request, fields, nowMs)
      if (method === 'GET' && edge === undefined) return jsonReply(200, '/{WABA}', { ...wabaFields(fields), id })
      return unknownObject(edge ?? id)
    }
    const account = gateway.byNativeId.get(id)
    if (account === undefined || faceOf(account, nowMs).phase === 'gone') return unknownObject(id)
    if (method === 'GET' && edge === undefined) {
      const endpoint = '/{phone-number}'
      const face = faceOf(account, nowMs)
      if (face.mishap === 'error')
        return graphError(500, endpoint, 2, 'OAuthException', 'Service temporarily unavailable', true)
      return selected(
        { ...numberFields(account, face), health_status: healthOf(account, face) },
        fields,
        endpoint,
        account,
      )
    }
    if (method === 'POST' && edge === 'register') return register(request, account, nowMs)
    return unknownObject(edge ?? id)
  }

  function list(request: DialectRequest, fields: readonly string[], nowMs: number): Reply {
    const endpoint = '/{WABA}/phone_numbers'
    const limit = Math.min(100, Math.max(1, Number(request.query.get('limit') ?? 25) || 25))
    const after = request.query.get('after')
    const start = after === null ? 0 : positionOf(after)
    if (start === null) return graphError(400, endpoint, 100, 'OAuthException', '(#100) Invalid cursor')
    const present = gateway.accounts.filter((account) => faceOf(account, nowMs).phase !== 'gone')
    const page = present.slice(start, start + limit)
    const data: unknown[] = []
    for (const account of page) {
      const row = selected(numberFields(account, faceOf(account, nowMs)), fields, endpoint)
      if (row.status !== 200) return row
      data.push(row.json)
    }
    if (page.length === 0) return jsonReply(200, endpoint, { data })
    const cursors = { before: cursorOf(start), after: cursorOf(start + page.length) }
    const more = start + page.length < present.length
    const next = new URLSearchParams([...request.query].filter(([name]) => name !== 'after' && name !== 'access_token'))
    next.set('after', cursors.after)
    const paging = more ? { cursors, next: `${request.baseUrl}${request.path}?${next}` } : { cursors }
    return jsonReply(200, endpoint, { data, paging })
  }

  function register(request: DialectRequest, account: SimAccount, nowMs: number): Reply {
    const endpoint = '/{phone-number}/register'
    if (bodyText(request, 'messaging_product') !== 'whatsapp' || !/^\d{6}$/.test(bodyText(request, 'pin'))) {
      return graphError(400, endpoint, 100, 'OAuthException', '(#100) The parameter pin is required.')
    }
    if (restart(account, nowMs, repairMs) === 'accepted') return jsonReply(200, endpoint, { success: true }, account)
    return graphError(
      400,
      endpoint,
      133016,
      'OAuthException',
      '(#133016) Account register deregister rate limit exceeded',
    )
  }

  function wabaFields(fields: readonly string[]) {
    return fields.includes('health_status')
      ? {
          health_status: {
            can_send_message: 'AVAILABLE',
            entities: [{ entity_type: 'WABA', id: wabaId, can_send_message: 'AVAILABLE' }],
          },
        }
      : { name: gateway.spec.name }
  }

  function healthOf(account: SimAccount, face: Face) {
    const number = numberHealth(face)
    // The zombie of this gateway: everything looks fine, but the business has not paid.
    const business = face.zombie
      ? {
          can_send_message: 'BLOCKED',
          errors: [
            { error_code: 141006, error_description: 'Payment issue', possible_solution: 'Add a payment method' },
          ],
        }
      : { can_send_message: 'AVAILABLE' }
    const worst = [number.can_send_message, business.can_send_message]
    return {
      can_send_message: worst.includes('BLOCKED') ? 'BLOCKED' : worst.includes('LIMITED') ? 'LIMITED' : 'AVAILABLE',
      entities: [
        { entity_type: 'PHONE_NUMBER', id: account.nativeId, ...number },
        { entity_type: 'WABA', id: wabaId, ...business },
        { entity_type: 'APP', id: '4', can_send_message: 'AVAILABLE' },
      ],
    }
  }

  return { handle, unauthorized: UNAUTHORIZED, rateLimited: rateLimited() }
}

function graphError(
  status: number,
  endpoint: string,
  code: number,
  type: string,
  message: string,
  transient = false,
): Reply {
  const error = { message, type, code, is_transient: transient, fbtrace_id: 'AbCdEfGhIjKlMnOpQrStUv' }
  return jsonReply(status, endpoint, { error })
}

function rateLimited(): Reply {
  const message = '(#80007) There have been too many calls to this WhatsApp Business account. Wait a bit and try again.'
  return graphError(400, '(rate limited)', 80007, 'OAuthException', message)
}

function unknownObject(id: string): Reply {
  const error = {
    message: `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
    type: 'GraphMethodException',
    code: 100,
    error_subcode: 33,
    fbtrace_id: 'AbCdEfGhIjKlMnOpQrStUv',
  }
  return jsonReply(400, '(not found)', { error })
}

function selected(
  row: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  endpoint: string,
  about?: SimAccount,
): Reply {
  const chosen: Record<string, unknown> = {}
  for (const field of fields) {
    if (!Object.hasOwn(row, field)) {
      const message = `(#100) Tried accessing nonexisting field (${field}) on node type (WhatsAppBusinessPhoneNumber)`
      return graphError(400, endpoint, 100, 'OAuthException', message)
    }
    chosen[field] = row[field]
  }
  return jsonReply(200, endpoint, { ...chosen, id: row['id'] }, about)
}

function numberFields(account: SimAccount, face: Face) {
  const status = statusOf(face)
  return {
    id: account.nativeId,
    display_phone_number: displayNumber(account.phone),
    verified_name: account.name,
    status,
    quality_rating: face.restriction === 'low_quality' ? 'RED' : status === 'PENDING' ? 'UNKNOWN' : 'GREEN',
    code_verification_status: face.phase === 'qr' ? 'EXPIRED' : 'VERIFIED',
    name_status: 'APPROVED',
    messaging_limit_tier: 'TIER_1K',
    throughput: { level: 'STANDARD' },
    platform_type: status === 'CONNECTED' ? 'CLOUD_API' : 'NOT_APPLICABLE',
    account_mode: 'LIVE',
  }
}

// As the Graph API prints numbers: "+1 212-555-0123".
function displayNumber(phone: string): string {
  return /^1\d{10}$/.test(phone) ? `+1 ${phone.slice(1, 4)}-${phone.slice(4, 7)}-${phone.slice(7)}` : `+${phone}`
}

function statusOf(face: Face): string {
  switch (face.phase) {
    case 'connected':
      return face.restriction === null ? 'CONNECTED' : RESTRICTED_STATUS[face.restriction]
    case 'qr':
      return 'UNVERIFIED'
    case 'logged_out':
      return 'PENDING'
    case 'banned':
    case 'temp_banned':
      return 'BANNED'
    case 'not_loaded':
      return 'UNKNOWN'
    default:
      return 'DISCONNECTED'
  }
}

function numberHealth(face: Face) {
  const status = statusOf(face)
  if (status === 'CONNECTED') return { can_send_message: 'AVAILABLE' }
  if (status === 'FLAGGED' || status === 'RESTRICTED' || status === 'RATE_LIMITED') {
    return { can_send_message: 'LIMITED', additional_info: ['Your phone number has reached a limit'] }
  }
  const [code, text] =
    status === 'BANNED' ? [131031, 'Account has been locked'] : [141000, 'Phone number is not registered']
  return {
    can_send_message: 'BLOCKED',
    errors: [{ error_code: code, error_description: text, possible_solution: 'See the support page' }],
  }
}

function cursorOf(position: number): string {
  return Buffer.from(`n:${position}`).toString('base64url')
}

function positionOf(cursor: string): number | null {
  const match = /^n:(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString())
  return match?.[1] === undefined ? null : Number(match[1])
}
