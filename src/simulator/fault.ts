/** What can go wrong with one simulated account. Each dialect shows it the way its vendor would. */
export const ACCOUNT_FAULTS = [
  'disconnected',
  'stuck_connecting',
  'qr',
  'logged_out',
  'banned',
  'temp_banned',
  'conflict',
  'outdated_client',
  'zombie',
  'no_identity',
  'not_loaded',
  'gone',
  'flapping',
  'slow',
  'stopped',
  'restricted',
  'capped',
  'low_quality',
  'check_error',
  'check_hang',
] as const
export type AccountFault = (typeof ACCOUNT_FAULTS)[number]

/** What can go wrong with a whole simulated gateway. */
export const GATEWAY_FAULTS = [
  'server_error',
  'unauthorized',
  'rate_limited',
  'license',
  'hang',
  'refuse',
  'html',
  'empty',
  'truncated',
  'oversized',
  'redirect',
  'slow',
] as const
export type GatewayFault = (typeof GATEWAY_FAULTS)[number]

/** What a restart of a faulty account brings. */
export const RESTARTS = ['works', 'lies', 'second_try', 'needs_qr', 'refused'] as const
export type RestartBehaviour = (typeof RESTARTS)[number]

/** The behaviour of a restart where the order of a fault names none. */
export const USUAL_RESTART: Readonly<Record<AccountFault, RestartBehaviour>> = {
  disconnected: 'works',
  stuck_connecting: 'works',
  qr: 'needs_qr',
  logged_out: 'needs_qr',
  banned: 'refused',
  temp_banned: 'refused',
  conflict: 'lies',
  outdated_client: 'lies',
  zombie: 'works',
  no_identity: 'needs_qr',
  not_loaded: 'refused',
  gone: 'refused',
  flapping: 'lies',
  slow: 'lies',
  stopped: 'works',
  restricted: 'lies',
  capped: 'lies',
  low_quality: 'lies',
  check_error: 'lies',
  check_hang: 'lies',
}

/** One sentence per fault, for the page and the documentation. */
export const ACCOUNT_FAULT_TEXT: Readonly<Record<AccountFault, string>> = {
  disconnected: 'The connection is lost; a restart repairs it.',
  stuck_connecting: 'The session tries to connect and never gets there.',
  qr: 'The session waits for a person with a QR code.',
  logged_out: 'The phone removed the linked device (code 401).',
  banned: 'WhatsApp banned the number (code 403).',
  temp_banned: 'WhatsApp banned the number for a time (code 402).',
  conflict: 'A second client uses the same credentials (code 440).',
  outdated_client: 'The web version is too old (code 405).',
  zombie: 'The session says connected, but nothing moves any more.',
  no_identity: 'The session says connected, but knows no number of its own.',
  not_loaded: 'The gateway knows the session, but has not loaded it.',
  gone: 'The session is no longer in the gateway.',
  flapping: 'The connection comes and goes.',
  slow: 'The gateway answers late for this account.',
  stopped: 'Somebody stopped the session on purpose.',
  restricted: 'Connected, but may not start new chats (code 463).',
  capped: 'Connected, but the message quota is used up.',
  low_quality: 'Connected, but the quality rating is red.',
  check_error: 'The gateway answers 500 for this account only.',
  check_hang: 'The gateway never answers for this account only.',
}

/** One sentence per fault, for the page and the documentation. */
export const GATEWAY_FAULT_TEXT: Readonly<Record<GatewayFault, string>> = {
  server_error: 'Answers 500 to everything.',
  unauthorized: 'Refuses every credential.',
  rate_limited: 'Answers 429 with Retry-After.',
  license: 'Answers 503 LICENSE_REQUIRED.',
  hang: 'Accepts requests and never answers.',
  refuse: 'Resets every connection.',
  html: 'Answers 200 with an HTML page.',
  empty: 'Answers 200 with an empty body.',
  truncated: 'Answers 200 with half a JSON document.',
  oversized: 'Answers 200 with a body of 32 MiB.',
  redirect: 'Redirects to another host.',
  slow: 'Answers late.',
}

/** Whether a word names a fault of an account (`slow` is one of both). */
export function isAccountFault(word: string): word is AccountFault {
  return (ACCOUNT_FAULTS as readonly string[]).includes(word)
}

/** Whether a word names a fault of a gateway (`slow` is one of both). */
export function isGatewayFault(word: string): word is GatewayFault {
  return (GATEWAY_FAULTS as readonly string[]).includes(word)
}
