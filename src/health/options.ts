import { CronExpressionParser } from 'cron-parser'
import { z } from 'zod'
import { duration, labels } from '../option-types.ts'
import type { HealthPolicy } from './health.ts'
import type { MaintenanceSpec } from './maintenance.ts'
import type { RecoveryPolicy } from './recovery.ts'

const count = (min: number, max: number) => z.int().min(min).max(max)

/** Section `health`: when a check that went wrong becomes a verdict. */
export const healthOptions = z
  .strictObject({
    unhealthyAfter: count(1, 100)
      .default(3)
      .describe('Bad checks in a row until an account is unhealthy. blocked and awaiting_auth need at most two.'),
    healthyAfter: count(1, 100).default(2).describe('Good checks in a row until an incident ends.'),
    slowAfter: duration({ min: '10ms', max: '10m' })
      .prefault('2s')
      .describe('An answer slower than this is a warning. It stays a good check.'),
    connectingLimit: duration({ min: '10s', max: '1d' })
      .prefault('3m')
      .describe('An account that is seen connecting for longer than this is unhealthy.'),
    staleAfter: duration({ min: '1m', max: '30d' })
      .optional()
      .describe('A connected account without activity for longer than this is degraded. Off where it is not set.'),
  })
  .prefault({})
  .describe('Thresholds between what a check sees and the verdict.')
export type HealthOptions = z.output<typeof healthOptions>

/** Section `recovery`: what the exporter may repair on its own, and how often. */
export const recoveryOptions = z
  .strictObject({
    mode: z
      .enum(['off', 'dry-run', 'on'])
      .default('on')
      .describe('off: never restart. dry-run: decide and record, but send nothing. on: restart.'),
    attempts: count(0, 100)
      .default(5)
      .describe('Restarts per account until it has been healthy for budgetReset. 0 leaves restarts to people.'),
    backoff: z
      .strictObject({
        initial: duration({ min: '1s', max: '1h' })
          .prefault('10s')
          .describe('Wait after the first attempt that did not help. It doubles with each further one.'),
        max: duration({ min: '1s', max: '1d' }).prefault('5m').describe('The wait never grows beyond this.'),
      })
      .refine((backoff) => backoff.initial <= backoff.max, {
        path: ['initial'],
        error: 'must not be longer than backoff.max. Lower initial or raise max',
      })
      .prefault({})
      .describe('Wait between two attempts for one account; jitter takes up to half of it away.'),
    budgetReset: duration({ min: '10s', max: '1d' })
      .prefault('5m')
      .describe('An account gets its full number of attempts again after this long without a bad check.'),
    verifyWithin: duration({ min: '5s', max: '1h' })
      .prefault('2m')
      .describe('A restart that the gateway accepted has failed when no good check follows within this time.'),
    pairingGrace: duration({ min: '0s', max: '1h' })
      .prefault('2m')
      .describe('No restart this long after a pairing: WhatsApp closes the connection once there, which is normal.'),
    restartStale: z
      .boolean()
      .default(false)
      .describe('Whether accounts that are degraded because of health.staleAfter may be restarted.'),
    perGateway: z
      .strictObject({
        parallel: count(1, 100).default(3).describe('Restarts under way at one gateway at the same time.'),
        perHour: count(1, 10_000).default(60).describe('Restarts at one gateway within any hour.'),
        breakerShare: z
          .number()
          .gt(0)
          .max(1)
          .default(0.5)
          .describe("Share of a gateway's accounts that fail together which stops all restarts there."),
        breakerMinimum: count(2, 10_000)
          .default(3)
          .describe('Fewer accounts than this failing together never stop the restarts.'),
        breakerCooldown: duration({ min: '10s', max: '1h' })
          .prefault('10m')
          .describe('How long restarts stay stopped; then one account is tried first.'),
      })
      .prefault({})
      .describe('Limits over all accounts of one gateway.'),
  })
  .prefault({})
  .describe('Automatic repair by restarting sessions.')
export type RecoveryOptions = z.output<typeof recoveryOptions>

/** Section `slo`: the promise that the reports and the burn-rate alerts measure against. */
export const sloOptions = z
  .strictObject({
    objective: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.995)
      .describe('Share of the observed time in which an account must be usable, unless the account has its own.'),
    window: duration({ min: '1d', max: '90d' }).prefault('30d').describe('Rolling window of the objective.'),
  })
  .prefault({})
  .describe('Service level objective of accounts that have none of their own.')

const instant = z.iso.datetime({
  offset: true,
  error: 'must be a date and time with an offset, for example 2026-03-01T22:00:00+01:00',
})

const timeZone = z.string().refine(isTimeZone, {
  error: 'is not a time zone. Use a name of the IANA database, for example Europe/Berlin',
})

const cron = z.string().superRefine((text, context) => {
  if (text.trim().split(/\s+/).length !== 5) {
    context.addIssue({
      code: 'custom',
      message: 'must have five fields: minute hour day-of-month month day-of-week, for example 0 3 * * 0',
    })
    return
  }
  try {
    // Parsing alone lets dates through that never come, such as 30 February.
    CronExpressionParser.parse(text, { currentDate: 0, tz: 'UTC' }).next()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    context.addIssue({ code: 'custom', message: `is no cron expression that ever comes true (${why})` })
  }
})

const maintenanceWindow = z
  .strictObject({
    accounts: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Account ids, gateway/account keys or phone digits. Absent: every account.'),
    gateways: z.array(z.string().min(1)).min(1).optional().describe('Names of gateways. Absent: every gateway.'),
    labels: labels().optional().describe('Labels that an account must have, all of them.'),
    start: instant.optional().describe('First moment of a window that happens once.'),
    end: instant.optional().describe('First moment after a window that happens once.'),
    cron: cron.optional().describe('When a recurring window begins: minute hour day-of-month month day-of-week.'),
    duration: duration({ min: '1m', max: '7d' })
      .optional()
      .describe('How long a recurring window lasts in elapsed time, between 1m and 7d.'),
    timeZone: timeZone.optional().describe('IANA time zone in which cron is read.'),
    author: z.string().trim().min(1).max(200).describe('Who planned it; printed in reports.'),
    reason: z.string().trim().min(1).max(500).describe('Why; printed in reports.'),
  })
  .transform((window, context): MaintenanceSpec => {
    const { accounts, gateways, labels, author, reason, start, end, cron, duration: durationMs, timeZone } = window
    const planned = { select: { accounts, gateways, labels }, author, reason }
    const once = [start, end].filter((part) => part !== undefined).length
    const recurring = [cron, durationMs, timeZone].filter((part) => part !== undefined).length
    if (start !== undefined && end !== undefined && recurring === 0) {
      const startMs = Date.parse(start)
      const endMs = Date.parse(end)
      if (endMs > startMs) return { ...planned, kind: 'once', startMs, endMs }
      context.addIssue({ code: 'custom', path: ['end'], message: `must be later than start (${start})` })
      return z.NEVER
    }
    if (cron !== undefined && durationMs !== undefined && timeZone !== undefined && once === 0) {
      return { ...planned, kind: 'recurring', cron, durationMs, timeZone }
    }
    context.addIssue({
      code: 'custom',
      message:
        once > 0 && recurring > 0
          ? 'mixes a window that happens once with a recurring one. Keep either start and end, or cron, duration and timeZone'
          : 'must have either start and end, or cron, duration and timeZone',
    })
    return z.NEVER
  })

/** Section `maintenance`: planned windows, once (`start`, `end`) or again and again (`cron`, `duration`, `timeZone`). */
export const maintenanceOptions = z
  .array(maintenanceWindow)
  .prefault([])
  .describe('Planned windows: no alerts, no restarts, not in the SLA.')

/**
 * Thresholds of the verdict, in milliseconds.
 * Two checks further apart than `gapLimitMs` leave a stretch that nobody saw. Three intervals forgive two lost checks;
 * where the time limit is longer than the interval, one lost check and one that used up its limit is what must fit.
 */
export function healthPolicy(options: HealthOptions, intervalMs: number, timeoutMs: number): HealthPolicy {
  return {
    unhealthyAfter: options.unhealthyAfter,
    healthyAfter: options.healthyAfter,
    slowAfterMs: options.slowAfter,
    connectingLimitMs: options.connectingLimit,
    gapLimitMs: Math.max(3 * intervalMs, 2 * intervalMs + timeoutMs),
    staleAfterMs: options.staleAfter ?? null,
  }
}

/** What recovery may do, with every time in milliseconds. */
export function recoveryPolicy(options: RecoveryOptions): RecoveryPolicy {
  return {
    mode: options.mode,
    attempts: options.attempts,
    backoffInitialMs: options.backoff.initial,
    backoffMaxMs: options.backoff.max,
    budgetResetMs: options.budgetReset,
    verifyWithinMs: options.verifyWithin,
    pairingGraceMs: options.pairingGrace,
    restartStale: options.restartStale,
    gatewayParallel: options.perGateway.parallel,
    gatewayPerHour: options.perGateway.perHour,
    breakerShare: options.perGateway.breakerShare,
    breakerMinimum: options.perGateway.breakerMinimum,
    breakerCooldownMs: options.perGateway.breakerCooldown,
  }
}

function isTimeZone(name: string): boolean {
  try {
    // An offset such as +01:00 is accepted by Intl, but knows no daylight saving: it is not what the option asks for.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions() !== undefined
  } catch {
    return false
  }
}
