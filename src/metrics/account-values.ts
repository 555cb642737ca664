import { type AccountState, REASONS, type Reason, STATES, STATUSES, type Status } from '../accounts/vocabulary.ts'
import type { AccountHealth } from '../health/health.ts'
import { ACCOUNT_FAMILIES } from './catalogue.ts'
import type { Columns } from './columns.ts'

type AccountFamilyName = keyof typeof ACCOUNT_FAMILIES

/** What the exposition shows of an account beside its health. */
export interface AccountExtra {
  /** Whether a maintenance window is open for the account. */
  readonly inMaintenance: boolean
  /** Restarts left of the account's budget. */
  readonly budgetLeft: number
}

/** How the lines of one family come out of its column. */
export type FamilyShape =
  /** One line with the column's value. */
  | { readonly kind: 'value' }
  /** One line per word: 1 on the word whose index the column holds, 0 on the others. */
  | { readonly kind: 'stateset'; readonly label: string; readonly words: readonly string[] }
  /** One line for the word whose index the column holds. */
  | { readonly kind: 'word'; readonly label: string; readonly words: readonly string[] }
  /** One line with the account's descriptive labels and the value 1. */
  | { readonly kind: 'info' }

const SHAPES: Partial<Record<AccountFamilyName, FamilyShape>> = {
  info: { kind: 'info' },
  status: { kind: 'stateset', label: 'status', words: STATUSES },
  state: { kind: 'stateset', label: 'state', words: STATES },
  reason: { kind: 'word', label: 'reason', words: REASONS },
}

const FAMILY_NAMES = Object.keys(ACCOUNT_FAMILIES) as AccountFamilyName[] // keys of a constant object literal

/** The account families in page order; the position is the column. */
export const ACCOUNT_COLUMNS = FAMILY_NAMES.map((name) => ({
  family: ACCOUNT_FAMILIES[name],
  shape: SHAPES[name] ?? ({ kind: 'value' } as const),
}))

const COLUMN = Object.fromEntries(FAMILY_NAMES.map((name, index) => [name, index])) as Record<AccountFamilyName, number> // one entry per name

const STATUS_INDEX = indexOf<Status>(STATUSES)
const STATE_INDEX = indexOf<AccountState>(STATES)
const REASON_INDEX = indexOf<Reason>(REASONS)
const ABSENT = Number.NaN

/** Writes one account's health into its row: numbers only, no string is built. Milliseconds become seconds here. */
export function writeAccountRow(
  columns: Columns,
  row: number,
  objective: number,
  health: AccountHealth,
  extra: AccountExtra,
): void {
  const { counters, evidence, incident } = health
  const put = (name: AccountFamilyName, value: number): void => {
    columns.column(COLUMN[name])[row] = value
  }
  put('up', up(health))
  put('status', STATUS_INDEX[health.status])
  put('state', STATE_INDEX[health.state])
  put('reason', health.reason === null ? ABSENT : REASON_INDEX[health.reason])
  put('checks', counters.checks)
  put('checkFailures', counters.checkFailures)
  // Rounded to microseconds: the rest of a performance.now() difference is noise that would cost bytes on every scrape.
  put('checkDuration', health.lastDurationMs === null ? ABSENT : Math.round(health.lastDurationMs * 1e3) / 1e6)
  put('consecutiveFailures', health.consecutiveFailures)
  put('lastCheck', (health.lastCheckMs ?? 0) / 1e3)
  put('lastSuccess', (health.lastSuccessMs ?? 0) / 1e3)
  put('stateSince', health.stateSinceMs / 1e3)
  put('observed', counters.observedMs / 1e3)
  put('downtime', counters.downtimeMs / 1e3)
  put('incidents', counters.incidents)
  put('incidentsResolved', counters.incidentsResolved)
  put('detectionDelay', counters.detectionDelayMs / 1e3)
  put('incidentStart', incident === null || incident.endMs !== null ? ABSENT : incident.startMs / 1e3)
  put('recoveryAttempts', counters.recoveryAttempts)
  put('recoveryFailures', counters.recoveryFailures)
  put('recoveryBudgetLeft', extra.budgetLeft)
  put('maintenance', extra.inMaintenance ? 1 : 0)
  put('objective', objective)
  put('lastActivity', evidence.lastActivityAtMs === undefined ? ABSENT : evidence.lastActivityAtMs / 1e3)
  put('qualityRating', evidence.qualityRating ?? ABSENT)
  put('messagingLimit', evidence.messagingLimit ?? ABSENT)
}

/** 1 where the last check found the account usable, 0 where not; no sample where no verdict is owed. */
function up(health: AccountHealth): number {
  if (health.status === 'unknown') return ABSENT
  return health.consecutiveSuccesses > 0 ? 1 : 0
}

function indexOf<Word extends string>(words: readonly Word[]): Record<Word, number> {
  return Object.fromEntries(words.map((word, index) => [word, index])) as Record<Word, number> // one entry per word
}
