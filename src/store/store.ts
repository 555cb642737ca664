import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth, Incident, Sample, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'

/**
 * What one flush hands over: all that happened since the flush before. Writing the same batch twice changes nothing
 * (rows are keyed by `seq`, incident id, attempt id, (account, time)).
 */
export interface Batch {
  /** Grows by one per flush, also over restarts: starts at `LoadedState.nextSeq`. */
  readonly seq: number
  readonly atMs: number
  readonly samples: readonly Sample[]
  readonly transitions: readonly Transition[]
  /** Newest version of every incident that changed. */
  readonly incidents: readonly Incident[]
  readonly recoveries: readonly RecoveryAttempt[]
  /** Full health of the accounts that had an event, and of the few whose turn it is; it already includes this batch's samples. */
  readonly ledgers: readonly { readonly account: Account; readonly health: AccountHealth }[]
  /** Accounts that discovery no longer finds. Their history stays. */
  readonly removed: readonly AccountKey[]
}

/** What the exporter starts from. */
export interface LoadedState {
  readonly nextSeq: number
  /** Health as of the last committed batch: the last ledger of the account plus its later samples. */
  readonly ledgers: readonly { readonly account: Account; readonly health: AccountHealth }[]
  readonly pendingRecoveries: readonly RecoveryAttempt[]
}

/** Half-open: `[fromMs, toMs)`. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

export interface Page {
  /** 1 to 1000. */
  readonly limit: number
  /** From the reply before; absent for the first page. */
  readonly cursor?: string | undefined
}

export interface Paged<T> {
  readonly items: readonly T[]
  /** Absent on the last page. */
  readonly nextCursor?: string | undefined
}

/** Sums over one account and one step of time. */
export interface HistoryBucket {
  readonly fromMs: number
  readonly toMs: number
  readonly checks: number
  readonly failures: number
  /** Null where no check answered. */
  readonly meanDurationMs: number | null
  readonly maxDurationMs: number | null
  readonly worstStatus: 'healthy' | 'warning' | 'unhealthy' | 'unknown'
  readonly observedMs: number
  readonly downtimeMs: number
  readonly recoveryAttempts: number
}

export interface IncidentFilter extends Page {
  /** Incidents that touch the range; newest start first. */
  readonly range?: TimeRange | undefined
  readonly keys?: readonly AccountKey[] | undefined
  readonly gateway?: string | undefined
  readonly open?: boolean | undefined
}

export interface RecoveryFilter extends Page {
  /** By requestedMs; newest first. */
  readonly range?: TimeRange | undefined
  readonly keys?: readonly AccountKey[] | undefined
  readonly gateway?: string | undefined
  readonly incidentId?: string | undefined
}

export interface TransitionFilter extends Page {
  readonly key: AccountKey
  readonly range?: TimeRange | undefined
}

/** Deadlines by which old rows are gone, in milliseconds. */
export interface RetentionPolicy {
  /** health_history (account-hours). */
  readonly historyMs: number
  /** Daily summaries, incidents, recoveries, transitions. */
  readonly summaryMs: number
}

/**
 * Where history lives. Two drivers, one contract suite (test/store/store-contract.ts).
 * Methods reject with StoreError; an unknown account is empty, not an error; use after close rejects with code `closed`.
 */
export interface Store {
  readonly kind: 'sqlite' | 'mongodb'
  load(): Promise<LoadedState>
  /** One transaction. */
  write(batch: Batch): Promise<void>
  incidents(filter: IncidentFilter): Promise<Paged<Incident>>
  incident(id: string): Promise<Incident | null>
  recoveries(filter: RecoveryFilter): Promise<Paged<RecoveryAttempt>>
  transitions(filter: TransitionFilter): Promise<Paged<Transition>>
  /** Buckets of `stepMs` (a multiple of one minute), oldest first; empty steps are left out. */
  history(key: AccountKey, range: TimeRange, stepMs: number): Promise<readonly HistoryBucket[]>
  /** Raw checks, oldest first, as far back as health_history goes. */
  samples(key: AccountKey, range: TimeRange): Promise<readonly Sample[]>
  /** One slice of compaction and expiry; returns true while there is more to do. */
  maintain(nowMs: number, retention: RetentionPolicy, signal: AbortSignal): Promise<boolean>
  close(): Promise<void>
}

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code:
    | 'closed'
    | 'locked'
    | 'full'
    | 'read_only'
    | 'corrupt'
    | 'unavailable'
    | 'newer_schema'
    | 'bad_cursor'
    | 'failed'

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
