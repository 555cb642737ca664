import { type AccountState, STATES, STATUSES, type Status } from '../accounts/vocabulary.ts'
import type { AccountView } from '../monitor/fleet.ts'
import { ratio, seconds } from './documents/fields.ts'

/** How many accounts are in which condition. */
export interface FleetCounts {
  readonly accounts: number
  readonly byStatus: Readonly<Record<Status, number>>
  readonly byState: Readonly<Record<AccountState, number>>
  readonly openIncidents: number
  readonly inMaintenance: number
}

/** Counts the fleet in one pass. */
export function countFleet(views: Iterable<AccountView>): FleetCounts {
  const byStatus = zeros(STATUSES)
  const byState = zeros(STATES)
  let accounts = 0
  let openIncidents = 0
  let inMaintenance = 0
  for (const { health, maintenance } of views) {
    accounts++
    byStatus[health.status]++
    byState[health.state]++
    if (health.incident !== null) openIncidents++
    if (maintenance !== null) inMaintenance++
  }
  return { accounts, byStatus, byState, openIncidents, inMaintenance }
}

/** Figures from the counters of the present accounts, each since it was first seen. Null: nothing to divide by. */
export interface FleetFigures {
  readonly checks: number
  readonly checkFailures: number
  /** 1 − downtime / observed. */
  readonly availability: number | null
  readonly observedSeconds: number
  readonly downtimeSeconds: number
  readonly incidents: number
  readonly incidentsResolved: number
  /** Downtime / resolved incidents, as the recorded series whatsapp_mttr_seconds has it. */
  readonly mttrSeconds: number | null
  /** Mean time from the first bad check until the incident was confirmed. */
  readonly mttdSeconds: number | null
  /** Mean observed time without downtime per incident. */
  readonly mtbfSeconds: number | null
  readonly recoveryAttempts: number
  readonly recoveryFailures: number
  readonly recoveriesPending: number
  /** Of the attempts whose outcome is known, the share that a later good check verified. */
  readonly recoverySuccess: number | null
  /** Mean of the last checks that got an answer. */
  readonly meanResponseSeconds: number | null
  /** Time from the first bad check until the confirmation, summed over all incidents. */
  readonly detectionDelaySeconds: number
  /** Accounts whose last check got an answer. */
  readonly answered: number
}

/** Sums the fleet's counters. */
export function fleetFigures(views: Iterable<AccountView>): FleetFigures {
  let [checks, failures, observedMs, downtimeMs, incidents, resolved, delayMs] = [0, 0, 0, 0, 0, 0, 0]
  let [attempts, attemptFailures, pending, responseMs, responses] = [0, 0, 0, 0, 0]
  for (const { health } of views) {
    const { counters } = health
    checks += counters.checks
    failures += counters.checkFailures
    observedMs += counters.observedMs
    downtimeMs += counters.downtimeMs
    incidents += counters.incidents
    resolved += counters.incidentsResolved
    delayMs += counters.detectionDelayMs
    attempts += counters.recoveryAttempts
    attemptFailures += counters.recoveryFailures
    if (health.recovery.pending !== null) pending++
    if (health.lastDurationMs !== null) {
      responseMs += health.lastDurationMs
      responses++
    }
  }
  return figuresOf({
    checks,
    checkFailures: failures,
    observedSeconds: seconds(observedMs),
    downtimeSeconds: seconds(downtimeMs),
    incidents,
    incidentsResolved: resolved,
    detectionDelaySeconds: seconds(delayMs),
    recoveryAttempts: attempts,
    recoveryFailures: attemptFailures,
    recoveriesPending: pending,
    answered: responses,
    responseSeconds: seconds(responseMs),
  })
}

/** The figures of all parts of a fleet together. */
export function addFigures(parts: readonly FleetFigures[]): FleetFigures {
  const sum = (of: (part: FleetFigures) => number) => parts.reduce((total, part) => total + of(part), 0)
  return figuresOf({
    checks: sum(({ checks }) => checks),
    checkFailures: sum(({ checkFailures }) => checkFailures),
    observedSeconds: sum(({ observedSeconds }) => observedSeconds),
    downtimeSeconds: sum(({ downtimeSeconds }) => downtimeSeconds),
    incidents: sum(({ incidents }) => incidents),
    incidentsResolved: sum(({ incidentsResolved }) => incidentsResolved),
    detectionDelaySeconds: sum(({ detectionDelaySeconds }) => detectionDelaySeconds),
    recoveryAttempts: sum(({ recoveryAttempts }) => recoveryAttempts),
    recoveryFailures: sum(({ recoveryFailures }) => recoveryFailures),
    recoveriesPending: sum(({ recoveriesPending }) => recoveriesPending),
    answered: sum(({ answered }) => answered),
    responseSeconds: sum(({ meanResponseSeconds, answered }) => (meanResponseSeconds ?? 0) * answered),
  })
}

/** What the figures are worked out from. */
interface Sums
  extends Pick<
    FleetFigures,
    | 'checks'
    | 'checkFailures'
    | 'observedSeconds'
    | 'downtimeSeconds'
    | 'incidents'
    | 'incidentsResolved'
    | 'detectionDelaySeconds'
    | 'recoveryAttempts'
    | 'recoveryFailures'
    | 'recoveriesPending'
    | 'answered'
  > {
  readonly responseSeconds: number
}

function figuresOf({ responseSeconds, ...sums }: Sums): FleetFigures {
  const { observedSeconds, downtimeSeconds, incidents, incidentsResolved, recoveryAttempts, recoveriesPending } = sums
  const down = ratio(downtimeSeconds, observedSeconds)
  const known = recoveryAttempts - recoveriesPending
  return {
    ...sums,
    availability: down === null ? null : 1 - down,
    mttrSeconds: ratio(downtimeSeconds, incidentsResolved),
    mttdSeconds: ratio(sums.detectionDelaySeconds, incidents),
    mtbfSeconds: ratio(observedSeconds - downtimeSeconds, incidents),
    recoverySuccess: ratio(known - sums.recoveryFailures, known),
    meanResponseSeconds: ratio(responseSeconds, sums.answered),
  }
}

function zeros<const Word extends string>(words: readonly Word[]): Record<Word, number> {
  // fromEntries forgets the key type; every word is put in here.
  return Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>
}
