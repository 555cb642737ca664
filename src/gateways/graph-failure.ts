import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { ErrorCode } from '../accounts/vocabulary.ts'
import type { Complaint, ReplyClassifier } from './reply-faults.ts'

/** Silence where the Graph API says that we ask too often and not for how long. */
const DEFAULT_SILENCE_MS = 60_000

const Body = z.object({
  error: z.object({
    code: z.number(),
    message: z.string().catch(''),
    is_transient: z.boolean().optional().catch(undefined),
  }),
})

/** The Graph API's own error, the cause of the GatewayError that carries it. */
export class GraphFailure extends Error {
  override readonly name = 'GraphFailure'
  /** `error.code`; decisions rest on it, never on the title. */
  readonly code: number
  /** The field that this version of the API does not know; null where the error is another one. */
  readonly unknownField: string | null

  constructor(code: number, message: string) {
    super(`Graph error ${code}`)
    this.code = code
    this.unknownField = /nonexisting field \((\w+)\)/.exec(message)?.[1] ?? null
  }
}

// Source: "WhatsApp Cloud API error codes" and "Handling errors" of the Graph API.
const CODES: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map<number, readonly [ErrorCode, string]>([
  [0, ['unauthorized', 'refused the access token']],
  [190, ['unauthorized', 'refused the access token: it is invalid or has expired']],
  [3, ['unauthorized', 'denied the permission']],
  [10, ['unauthorized', 'denied the permission']],
  [4, ['rate_limited', 'answered that the app asks too often']],
  [17, ['rate_limited', 'answered that the user asks too often']],
  [80007, ['rate_limited', 'answered that the business account is asked too often']],
  [33, ['not_found', 'knows no such object']],
  [803, ['not_found', 'knows no such object']],
  [100, ['not_found', 'knows no such object or field']],
  [1, ['server_error', 'failed inside the Graph API']],
  [2, ['server_error', 'is down for a moment']],
  [131000, ['server_error', 'failed inside the Graph API']],
])
const NEXT_STEP: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: 'Set gateways[].auth.accessToken to a system user’s token with whatsapp_business_management',
  rate_limited: 'Raise checks.interval',
  not_found: 'Check wabaId, the account’s nativeId, and that the token may see them',
  server_error: 'Look at metastatus.com if it lasts',
}

/** Reads the Graph API's error bodies; gives each error a GraphFailure as its cause. */
export const classifyGraphReply: ReplyClassifier = ({ status, headers, body }): Complaint | undefined => {
  const parsed = Body.safeParse(body)
  if (!parsed.success) return undefined
  const { code, message, is_transient: isTransient } = parsed.data.error
  const [kind, what] = meaningOf(code, isTransient === true)
  const nextStep = NEXT_STEP[kind] ?? 'Look the code up in Meta’s list of error codes'
  return {
    code: kind,
    what: `${what} (${status}, Graph error ${code}). ${nextStep}`,
    retryAfterMs: kind === 'rate_limited' ? (usageOf(headers).regainAfterMs ?? DEFAULT_SILENCE_MS) : undefined,
    cause: new GraphFailure(code, message),
  }
}

function meaningOf(code: number, isTransient: boolean): readonly [ErrorCode, string] {
  if (code >= 200 && code <= 299) return ['unauthorized', 'denied the permission']
  return (
    CODES.get(code) ?? (isTransient ? ['server_error', 'failed for a moment'] : ['bad_reply', 'refused the request'])
  )
}

const Usage = z.record(
  z.string(),
  z.array(
    z.object({
      call_count: z.number().catch(0),
      total_time: z.number().catch(0),
      total_cputime: z.number().catch(0),
      estimated_time_to_regain_access: z.number().catch(0),
    }),
  ),
)

/** How much of the hourly allowance is used. */
export interface GraphUsage {
  /** Percent; the worst of all counters, 0 where the header is missing. */
  readonly percent: number
  /** How long the Graph API will refuse us; undefined while it does not. */
  readonly regainAfterMs: number | undefined
}

/** Reads `X-Business-Use-Case-Usage`, whose times are minutes. Source: "Rate Limits" of the Graph API. */
export function usageOf(headers: IncomingHttpHeaders): GraphUsage {
  const header = headers['x-business-use-case-usage']
  if (typeof header !== 'string') return { percent: 0, regainAfterMs: undefined }
  let value: unknown
  try {
    value = JSON.parse(header)
  } catch {
    return { percent: 0, regainAfterMs: undefined }
  }
  const parsed = Usage.safeParse(value)
  const entries = parsed.success ? Object.values(parsed.data).flat() : []
  let percent = 0
  let minutes = 0
  for (const entry of entries) {
    percent = Math.max(percent, entry.call_count, entry.total_time, entry.total_cputime)
    minutes = Math.max(minutes, entry.estimated_time_to_regain_access)
  }
  return { percent, regainAfterMs: minutes > 0 ? minutes * 60_000 : undefined }
}
