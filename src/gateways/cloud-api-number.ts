import { z } from 'zod'
import type { Evidence, Reading } from '../accounts/observation.ts'
import { known, type Meaning, unmapped } from './native-state.ts'

/** Asked for on every list page and every number. */
export const NUMBER_FIELDS: readonly string[] = [
  'id',
  'display_phone_number',
  'verified_name',
  'status',
  'quality_rating',
  'code_verification_status',
  'messaging_limit_tier',
]

const text = () => z.string().nullish().catch(undefined)

/** `can_send_message` of a number and of everything that it needs: the number, its business account, the business, the app. */
const HealthStatus = z.object({ can_send_message: z.string() })

/** One phone number node. Fields that the token may not see are absent. */
export const PhoneNumber = z.object({
  id: z.string().min(1),
  display_phone_number: text(),
  verified_name: text(),
  status: text(),
  quality_rating: text(),
  code_verification_status: text(),
  messaging_limit_tier: text(),
  health_status: HealthStatus.nullish().catch(undefined),
})
export type PhoneNumber = z.infer<typeof PhoneNumber>

/** Reply to `fields=health_status`. */
export const HealthReply = z.object({ health_status: HealthStatus.nullish().catch(undefined) })

// Source: Graph reference "WhatsApp Business Account To Number Current Status"; OFFLINE is seen at resellers.
const STATUS: Readonly<Record<string, Meaning>> = {
  CONNECTED: { state: 'connected', reason: null },
  FLAGGED: { state: 'degraded', reason: 'quality' },
  RESTRICTED: { state: 'degraded', reason: 'capped' },
  RATE_LIMITED: { state: 'degraded', reason: 'capped' },
  PENDING: { state: 'awaiting_auth', reason: null },
  UNVERIFIED: { state: 'awaiting_auth', reason: null },
  DISCONNECTED: { state: 'disconnected', reason: null },
  OFFLINE: { state: 'disconnected', reason: null },
  MIGRATED: { state: 'blocked', reason: 'other' },
  DELETED: { state: 'blocked', reason: 'other' },
  BANNED: { state: 'blocked', reason: 'banned' },
  UNKNOWN: { state: 'unknown', reason: null },
}

const QUALITY: Readonly<Record<string, number>> = { GREEN: 3, YELLOW: 2, RED: 1 }
const TIER_FACTORS: Readonly<Record<string, number>> = { '': 1, K: 1_000, M: 1_000_000 }

/**
 * What a number's fields mean together. `health` is `can_send_message` of the last health probe, null before the first:
 * it is the only word that answers "can it send", so it may only make the verdict of a working status worse.
 */
export function numberReading(number: PhoneNumber, health: string | null): Reading {
  const evidence = evidenceOf(number)
  const { status } = number
  if (!status) return known({ state: 'unknown', reason: null }, 'no status', evidence)
  const meaning = Object.hasOwn(STATUS, status) ? STATUS[status] : undefined
  if (meaning === undefined) return unmapped(status, evidence)
  // Meta lets a code expire on numbers that work, so it counts only where the number does not.
  const code = number.code_verification_status
  if (meaning.state === 'disconnected' && (code === 'EXPIRED' || code === 'NOT_VERIFIED')) {
    return known({ state: 'awaiting_auth', reason: null }, `${status} (code ${code})`, evidence)
  }
  if (meaning.state !== 'connected' && meaning.state !== 'degraded') return known(meaning, status, evidence)
  if (health === 'BLOCKED') return known({ state: 'blocked', reason: 'other' }, `${status} (health BLOCKED)`, evidence)
  if (meaning.state === 'degraded') return known(meaning, status, evidence)
  if (health === 'LIMITED')
    return known({ state: 'degraded', reason: 'capped' }, `${status} (health LIMITED)`, evidence)
  const quality = number.quality_rating
  if (quality === 'YELLOW' || quality === 'RED') {
    return known({ state: 'degraded', reason: 'quality' }, `${status} (quality ${quality})`, evidence)
  }
  return known(meaning, status, evidence)
}

/** E.164 digits of `display_phone_number`, which is written for people (`+1 631-555-5555`); null where there are too few. */
export function numberDigits({ display_phone_number: display }: PhoneNumber): string | null {
  const digits = (display ?? '').replace(/\D/g, '')
  return digits.length >= 5 && digits.length <= 15 ? digits : null
}

/** Customers that may be written to first per day; undefined for a word that is no tier. */
export function tierLimit(tier: string | null | undefined): number | undefined {
  if (tier === 'TIER_UNLIMITED') return Number.POSITIVE_INFINITY
  const [, count, unit = ''] = /^TIER_(\d+)([KM]?)$/.exec(tier ?? '') ?? []
  return count === undefined ? undefined : Number(count) * (TIER_FACTORS[unit] ?? 1)
}

function evidenceOf(number: PhoneNumber): Evidence {
  const phone = numberDigits(number)
  const rating = number.quality_rating
  const qualityRating = rating && Object.hasOwn(QUALITY, rating) ? QUALITY[rating] : undefined
  const messagingLimit = tierLimit(number.messaging_limit_tier)
  return {
    ...(phone === null ? {} : { phone }),
    ...(number.verified_name ? { name: number.verified_name } : {}),
    ...(qualityRating === undefined ? {} : { qualityRating }),
    ...(messagingLimit === undefined ? {} : { messagingLimit }),
  }
}
