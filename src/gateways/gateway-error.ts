import type { ErrorCode } from '../accounts/vocabulary.ts'

/** The only error that a driver's methods reject with. The message names gateway, request and next step, and no secret. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  /** Also the label `code` of whatsapp_gateway_check_errors_total. */
  readonly code: ErrorCode
  /** HTTP status, where there was an answer. */
  readonly httpStatus: number | undefined
  /** When the gateway asks to come back, milliseconds from now (Retry-After). */
  readonly retryAfterMs: number | undefined
  /** True where the host answered that nothing listens on the port: the machine is there, the gateway is not. */
  readonly refused: boolean

  constructor(
    code: ErrorCode,
    message: string,
    details: {
      httpStatus?: number | undefined
      retryAfterMs?: number | undefined
      refused?: boolean
      cause?: unknown
    } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.httpStatus = details.httpStatus
    this.retryAfterMs = details.retryAfterMs
    this.refused = details.refused ?? false
  }
}
