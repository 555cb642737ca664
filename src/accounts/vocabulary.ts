// The closed word lists of the product. Their order is the order of the series on /metrics.

/** What a gateway says of an account, normalised over all gateways. */
export const STATES = [
  'connected',
  'degraded',
  'connecting',
  'disconnected',
  'awaiting_auth',
  'stopped',
  'blocked',
  'unknown',
] as const
export type AccountState = (typeof STATES)[number]

/** Why an account is in its state. */
export const REASONS = [
  'logged_out',
  'banned',
  'temp_banned',
  'conflict',
  'outdated_client',
  'timelock',
  'capped',
  'quality',
  'stale',
  'qr_timeout',
  'network',
  'bad_session',
  'license',
  'gateway_down',
  'rate_limited',
  'unauthorized',
  'slow',
  'other',
] as const
export type Reason = (typeof REASONS)[number]

/** Our verdict, after thresholds. */
export const STATUSES = ['healthy', 'warning', 'unhealthy', 'unknown'] as const
export type Status = (typeof STATUSES)[number]

/** Why a check brought no reading. Label `code` of whatsapp_gateway_check_errors_total. */
export const ERROR_CODES = [
  'timeout',
  'unreachable',
  'server_error',
  'unauthorized',
  'rate_limited',
  'license',
  'not_found',
  'bad_reply',
  'too_large',
  'redirect',
  'aborted',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]
