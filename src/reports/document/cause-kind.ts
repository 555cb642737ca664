import type { Reason } from '../../accounts/vocabulary.ts'

/** The four families of causes that charts tell apart by colour. */
export const CAUSE_KINDS = ['link', 'session', 'blocked', 'other'] as const
export type CauseKind = (typeof CAUSE_KINDS)[number]

const KINDS: Readonly<Record<Reason, CauseKind>> = {
  logged_out: 'session',
  banned: 'blocked',
  temp_banned: 'blocked',
  conflict: 'session',
  outdated_client: 'session',
  timelock: 'blocked',
  capped: 'blocked',
  quality: 'blocked',
  stale: 'link',
  qr_timeout: 'session',
  network: 'link',
  bad_session: 'session',
  license: 'link',
  gateway_down: 'link',
  rate_limited: 'link',
  unauthorized: 'link',
  slow: 'other',
  other: 'other',
}

export function causeKind(cause: Reason): CauseKind {
  return KINDS[cause]
}
