import { z } from 'zod'
import { ERROR_CODES, REASONS, STATES, STATUSES } from '../../accounts/vocabulary.ts'

// Fields that many documents share. Times are RFC 3339 in UTC, durations are seconds.

export const Time = z
  .string()
  .meta({ id: 'Time', format: 'date-time', description: 'RFC 3339, UTC.', example: '2026-03-01T03:12:00.000Z' })
export const Seconds = z.number().meta({ id: 'Seconds', description: 'Seconds, with fractions.' })
export const StateField = z.enum(STATES).meta({ id: 'State', description: 'What the gateway says, normalised.' })
export const StatusField = z.enum(STATUSES).meta({ id: 'Status', description: 'Our verdict, after thresholds.' })
export const ReasonField = z.enum(REASONS).meta({ id: 'Reason', description: 'Why an account is in its state.' })
export const ErrorField = z
  .object({ code: z.enum(ERROR_CODES), message: z.string() })
  .meta({ id: 'CheckError', description: 'Why a check brought no reading.' })
export const NextCursor = z
  .string()
  .optional()
  .describe('Send it as `cursor` to get the next page. Absent on the last page.')

/** Unix milliseconds as RFC 3339. */
export function time(ms: number): string {
  return new Date(ms).toISOString()
}

/** The same, for a moment that may not have come. */
export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : time(ms)
}

/** Milliseconds as seconds, to the microsecond. */
export function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1_000_000
}

/** A quotient, or null where there is nothing to divide by. */
export function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}
