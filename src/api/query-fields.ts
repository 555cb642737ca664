import { z } from 'zod'
import { parseDurationMs } from '../option-types.ts'
import type { TimeRange } from '../store/store.ts'
import { Problem } from './problem.ts'

const MAX_LIMIT = 1000

/** Query key: a whole number in a range. */
export function integer(limits: { min: number; max: number; standard: number }) {
  const rule = `must be a whole number from ${limits.min} to ${limits.max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, rule)
    .transform(Number)
    .pipe(z.number().min(limits.min, rule).max(limits.max, rule))
    .prefault(String(limits.standard))
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern
        Object.assign(jsonSchema, {
          type: 'integer',
          minimum: limits.min,
          maximum: limits.max,
          default: limits.standard,
        })
      },
    })
}

const RFC3339 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/i

/** Query key: a moment, RFC 3339 or Unix seconds, as Unix milliseconds. */
export function instant() {
  return z
    .string()
    .transform((text, context) => {
      const ms = /^\d{1,11}(\.\d{1,9})?$/.test(text)
        ? Math.round(Number(text) * 1000)
        : RFC3339.test(text)
          ? Date.parse(text)
          : Number.NaN
      if (Number.isFinite(ms)) return ms
      context.addIssue({
        code: 'custom',
        message:
          'must be a moment with its offset such as 2026-03-01T03:12:00Z, a date such as 2026-03-01, or Unix seconds',
      })
      return z.NEVER
    })
    .meta({ description: 'RFC 3339 or Unix seconds.', example: '2026-03-01T00:00:00Z' })
}

/** Query key: a Prometheus duration or seconds, as milliseconds. */
export function span() {
  return z
    .string()
    .transform((text, context) => {
      const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : parseDurationMs(text)
      if (ms !== null && ms > 0) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration such as 5m or 1h30m, or seconds' })
      return z.NEVER
    })
    .meta({ description: 'Duration such as `5m`, or seconds.', example: '5m' })
}

/** Query key: true or false. */
export function flag() {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .transform((text) => text === 'true')
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.enum
        jsonSchema.type = 'boolean'
      },
    })
}

/** Query keys of every paged list. */
export const pageKeys = {
  limit: integer({ min: 1, max: MAX_LIMIT, standard: 100 }),
  cursor: z.string().min(1).max(1024).optional().describe('`nextCursor` of the page before.'),
}

/** Query keys of every list with a range of time. */
export const rangeKeys = { from: instant().optional(), to: instant().optional() }

const FAR_FUTURE_MS = 253_402_300_800_000

/** The range of a query; undefined where it has none. Throws a Problem where it ends before it begins. */
export function rangeOf(query: { from?: number | undefined; to?: number | undefined }): TimeRange | undefined {
  if (query.from === undefined && query.to === undefined) return undefined
  const range = { fromMs: query.from ?? 0, toMs: query.to ?? FAR_FUTURE_MS }
  if (range.fromMs >= range.toMs) throw faulty('query.to', 'must be later than from')
  return range
}

/** The Problem of one broken rule that no schema can know. */
export function faulty(path: string, rule: string): Problem {
  return new Problem('invalid', `${path}: ${rule}`, { faults: [{ path, rule }] })
}
