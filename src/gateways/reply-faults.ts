import type { IncomingHttpHeaders } from 'node:http'
import type { ZodType } from 'zod'
import type { ErrorCode } from '../accounts/vocabulary.ts'
import type { Secret } from '../option-types.ts'
import type { ExchangeFault, RawReply } from './exchange.ts'
import { GatewayError } from './gateway-error.ts'
import { excerpt, redact } from './redact.ts'
import { retryAfterMs } from './retry-after.ts'

/** The request as messages name it: no query, because queries carry keys. */
export interface RequestName {
  readonly method: string
  readonly path: string
}

/** What a driver reads out of a vendor's error body. */
export interface Complaint {
  readonly code: ErrorCode
  /** Continues the sentence `waha-1: GET http://…`, for example `has no licence (503). Activate it`. */
  readonly what: string
  /** Milliseconds; with `rate_limited`, the client stays silent for so long (at most 10 minutes). */
  readonly retryAfterMs?: number | undefined
  /** Becomes the error's `cause`, where the driver has to know the vendor's own code. */
  readonly cause?: unknown
}

/** Judges a reply whose status was not accepted; `body` is parsed JSON, or undefined where it is none. */
export type ReplyClassifier = (reply: {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}) => Complaint | undefined

const MAX_SILENCE_MS = 600_000

/** Messages for errors below HTTP, by the socket's or undici's code. */
const NETWORK: Readonly<Record<string, { code: ErrorCode; what: string }>> = {
  ECONNREFUSED: { code: 'unreachable', what: 'was refused: nothing listens there. Start the gateway, or correct url' },
  ENOTFOUND: { code: 'unreachable', what: 'found no such host (ENOTFOUND). Correct url, or check the DNS' },
  EAI_AGAIN: { code: 'unreachable', what: 'got no answer from the DNS (EAI_AGAIN). Check the resolver' },
  EHOSTUNREACH: { code: 'unreachable', what: 'found no route to the host (EHOSTUNREACH). Check the network' },
  ENETUNREACH: { code: 'unreachable', what: 'found no route to the network (ENETUNREACH). Check the network' },
  UND_ERR_CONNECT_TIMEOUT: { code: 'timeout', what: 'could not connect in time. Check the network and url' },
  ETIMEDOUT: { code: 'timeout', what: 'could not connect in time. Check the network and url' },
  UND_ERR_HEADERS_OVERFLOW: { code: 'too_large', what: 'sent headers that are too large' },
  UND_ERR_INVALID_ARG: {
    code: 'bad_reply',
    what: 'cannot be sent: the path or a header holds a forbidden character. Check the credentials in auth',
  },
}
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|^ERR_TLS/
const NO_TLS = /^EPROTO$|^ERR_SSL/
const HTTP_PARSE_ERROR = /^HPE_|^HTTPParserError$|^UND_ERR_RES_/

/** Makes every GatewayError of one gateway's client. */
export function replyFaults(options: {
  readonly gateway: string
  /** Scheme, host and port; no user name, no path. */
  readonly address: string
  readonly host: string
  readonly authOption: string
  readonly secrets: readonly Secret[]
  readonly classify: ReplyClassifier | undefined
}) {
  const { gateway, address, secrets } = options

  function fault(
    code: ErrorCode,
    name: RequestName,
    what: string,
    details: ConstructorParameters<typeof GatewayError>[2] = {},
  ): GatewayError {
    return new GatewayError(
      code,
      redact(`${gateway}: ${name.method} ${address}${name.path} ${what}.`, secrets),
      details,
    )
  }

  function ofNetwork(error: Error, name: RequestName, receivedBytes: number, replyBegan: boolean): GatewayError {
    const systemCode = networkCode(error)
    const known = NETWORK[systemCode]
    if (known !== undefined) {
      return fault(known.code, name, known.what, { refused: systemCode === 'ECONNREFUSED', cause: error })
    }
    if (UNTRUSTED.test(systemCode)) {
      const what = `cannot trust the gateway's certificate (${systemCode}). Set gateways[].tls.caFile, or renew the certificate`
      return fault('bad_reply', name, what, { cause: error })
    }
    if (NO_TLS.test(systemCode)) {
      const what = `could not agree on TLS (${systemCode}). Check the scheme and port of url`
      return fault('bad_reply', name, what, { cause: error })
    }
    if (HTTP_PARSE_ERROR.test(systemCode)) {
      const what = `got an answer that is not valid HTTP (${systemCode}). Check the scheme and port of url`
      // No cause: the parser's error carries the bytes that it could not read.
      return fault('bad_reply', name, what)
    }
    const what = replyBegan
      ? `lost the connection after ${receivedBytes} bytes of the reply (${systemCode}). Look into the gateway's log`
      : `lost the connection before any answer (${systemCode}). Look into the gateway's log`
    return fault('unreachable', name, what, { cause: error })
  }

  return {
    /** The exchange ended without a whole reply; `limit` is the milliseconds or bytes that were passed. */
    ofExchange(ended: ExchangeFault, name: RequestName, limit: number): GatewayError {
      switch (ended.kind) {
        case 'timeout':
          return fault(
            'timeout',
            name,
            `gave no whole answer within ${limit} ms. Look into the gateway, or raise timeout`,
          )
        case 'aborted':
          return fault('aborted', name, 'was given up by the exporter')
        case 'too_large':
          return fault('too_large', name, `answered with more than ${limit} bytes. Check that url is the gateway`, {
            httpStatus: ended.status,
          })
        case 'network':
          return ofNetwork(ended.error, name, ended.receivedBytes, ended.replyBegan)
      }
    },

    closed(name: RequestName): GatewayError {
      return fault('aborted', name, 'was given up: the exporter has closed this gateway')
    },

    /** The request could not even be built, for example for a body that is no JSON. */
    unsent(error: unknown, name: RequestName): GatewayError {
      return fault('bad_reply', name, 'could not be built', { cause: error })
    },

    /** Held back by an earlier Retry-After. */
    silent(name: RequestName, waitMs: number): GatewayError {
      const what = `was not sent: the gateway asked for silence for ${Math.ceil(waitMs / 1000)} s more (429). Check less often`
      return fault('rate_limited', name, what, { retryAfterMs: waitMs })
    },

    /** A status that the request does not accept. */
    ofStatus(raw: RawReply, name: RequestName, nowMs: number): GatewayError {
      const { status, headers, text } = raw
      const httpStatus = status
      const waitMs = retryAfterMs(headers['retry-after'], nowMs)
      const body = parsedOrUndefined(text)
      const complaint = options.classify?.({ status, headers, body })
      if (complaint !== undefined) {
        const askedMs = complaint.retryAfterMs ?? waitMs
        return fault(complaint.code, name, complaint.what, {
          httpStatus,
          retryAfterMs: askedMs === undefined ? undefined : Math.min(askedMs, MAX_SILENCE_MS),
          ...('cause' in complaint ? { cause: complaint.cause } : {}),
        })
      }
      if (status === 401) {
        const what = `refused the credentials (401). Set gateways[].${options.authOption}`
        return fault('unauthorized', name, what, { httpStatus })
      }
      if (status === 403) {
        const what = `denied access (403). Check the rights of gateways[].${options.authOption}`
        return fault('unauthorized', name, what, { httpStatus })
      }
      if (status === 429) {
        const wish = waitMs === undefined ? '' : ` and asked for ${Math.ceil(waitMs / 1000)} s of silence`
        return fault('rate_limited', name, `answered that we ask too often (429)${wish}. Check less often`, {
          httpStatus,
          retryAfterMs: waitMs,
        })
      }
      if (status === 503 && isLicenceRefusal(body)) {
        return fault('license', name, 'has no active licence (503 LICENSE_REQUIRED). Activate it in the gateway', {
          httpStatus,
        })
      }
      if (status >= 300 && status < 400) {
        const what = `redirects to ${redirectTarget(headers['location'])} (${status}), which is not followed. Set gateways[].url to the final address`
        return fault('redirect', name, what, { httpStatus })
      }
      const said = text.trim() === '' ? '' : `: ${excerpt(text, secrets)}`
      if (status >= 500) {
        return fault('server_error', name, `failed inside the gateway (${status})${said}`, {
          httpStatus,
          retryAfterMs: waitMs,
        })
      }
      if (status === 404) return fault('not_found', name, `found nothing there (404)${said}`, { httpStatus })
      return fault('bad_reply', name, `was not understood (${status})${said}`, { httpStatus })
    },

    /** Parses an accepted reply. Throws GatewayError `bad_reply` with the first fault. */
    parse<T>(raw: RawReply, schema: ZodType<T>, anyBody: boolean, name: () => RequestName): T {
      let value: unknown
      try {
        value = JSON.parse(raw.text)
      } catch {
        // The parser's own message quotes the body, so it is not passed on.
        if (!anyBody) {
          const what =
            raw.text === ''
              ? `answered ${raw.status} with an empty body instead of JSON. Check url`
              : `answered ${raw.status} with something else than JSON. Check url: ${excerpt(raw.text, secrets)}`
          throw fault('bad_reply', name(), what, { httpStatus: raw.status })
        }
        value = raw.text
      }
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      const first = parsed.error.issues[0]
      const place = first === undefined || first.path.length === 0 ? 'the whole body' : first.path.map(String).join('.')
      const rule = first?.message ?? 'invalid'
      const what = `answered in a form that is not known: ${place}: ${rule}. Check driver and the gateway's version: ${excerpt(raw.text, secrets)}`
      throw fault('bad_reply', name(), what, { httpStatus: raw.status })
    },
  }
}

function networkCode(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error.cause instanceof Error) return networkCode(error.cause)
  return error.name
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isLicenceRefusal(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'code' in body && body.code === 'LICENSE_REQUIRED'
}

/** Host of a Location header; its path may hold a token. */
function redirectTarget(location: string | undefined): string {
  if (location === undefined) return 'nowhere'
  if (!URL.canParse(location)) return 'another path of the same host'
  return new URL(location).host
}
