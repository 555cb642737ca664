import type { Account, AccountKey } from '../accounts/account.ts'
import type { Status } from '../accounts/vocabulary.ts'
import type { AccountHealth, Incident, Sample, Transition } from '../health/health.ts'
import type { MaintenanceSpec, Selection } from '../health/maintenance.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import type { DeliveryLedger } from './deliveries.ts'

/**
 * What one flush hands over: all that happened since the flush before. Writing the same batch twice changes nothing
 * (rows are keyed by `seq`, incident id, attempt id, (account, time)).
 */
export interface Batch {
  /**
   * Grows by one per flush, also over restarts: starts at `LoadedState.nextSeq`. A batch whose number is not above the
   * last committed one is already written.
   */
  readonly seq: number
  readonly atMs: number
  readonly samples: readonly Sample[]
  readonly transitions: readonly Transition[]
  /** Newest version of every incident that changed. */
  readonly incidents: readonly Incident[]
  readonly recoveries: readonly RecoveryAttempt[]
  /**
   * Full health, this batch's samples included, of every account for which `needsLedger` (replay.ts) was true, and of
   * every account that is new. A store rebuilds the others by replaying their samples.
   */
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
  /** Over the checks that brought an answer; null where none did. */
  readonly meanDurationMs: number | null
  readonly maxDurationMs: number | null
  /** Worse is, in this order: healthy, unknown, warning, unhealthy. */
  readonly worstStatus: Status
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
  /** By atMs; newest first. */
  readonly range?: TimeRange | undefined
}

/** That one receiver was told of one alert: from the first message about it until the one that says that it is over. */
export interface Notification {
  /** The same for every message about this firing of the alert, to this receiver, in this group. */
  readonly id: string
  readonly receiver: string
  readonly groupKey: string
  readonly groupLabels: Readonly<Record<string, string>>
  /** Alerts in the message that told of it first. */
  readonly groupSize: number
  /** Of the alert's labels. */
  readonly fingerprint: string
  readonly alertname: string
  readonly severity: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Null for an alert that is about no gateway; so is `key` for one that is about no account. */
  readonly gateway: string | null
  readonly key: AccountKey | null
  readonly status: 'firing' | 'resolved'
  /** Since when the alert fires. */
  readonly startsMs: number
  /** When the receiver was told. */
  readonly firedMs: number
  /** When the alert ended; null while it fires. */
  readonly endsMs: number | null
  /** When the receiver was told that it is over; null where it was not: `status` tells whether it fires. */
  readonly resolvedMs: number | null
  readonly incidentId: string | null
  /** From the start of the incident until the receiver was told; null for an alert without an incident. */
  readonly latencyMs: number | null
}

export interface NotificationFilter extends Page {
  /** By firedMs; newest first. */
  readonly range?: TimeRange | undefined
  readonly keys?: readonly AccountKey[] | undefined
  readonly gateway?: string | undefined
  readonly receiver?: string | undefined
  readonly alertname?: string | undefined
  readonly severity?: string | undefined
  readonly status?: Notification['status'] | undefined
}

/** One text message to one number. */
export interface TextMessage {
  /** The same when the same message to the same number is tried again. */
  readonly id: string
  readonly receiver: string
  /** E.164. */
  readonly to: string
  /** First attempt. */
  readonly atMs: number
  readonly text: string
  /** `accepted` by the provider is not `delivered`. */
  readonly status: 'accepted' | 'delivered' | 'failed'
  /** The provider's id and word for its status; null and '' where it did not take the message. */
  readonly providerId: string | null
  readonly detail: string
  readonly attempts: number
  readonly updatedMs: number
}

export interface TextMessageFilter extends Page {
  /** By atMs; newest first. */
  readonly range?: TimeRange | undefined
  readonly receiver?: string | undefined
  readonly status?: TextMessage['status'] | undefined
}

/** What people did to the calendar over the API. */
export type MaintenanceRecord =
  | {
      readonly kind: 'plan'
      readonly id: string
      readonly spec: MaintenanceSpec
      readonly createdMs: number
      readonly createdBy: string
      /** From then on it makes no windows; null where nobody ended it. */
      readonly endedMs: number | null
      readonly endedBy: string | null
    }
  /** One window, of a plan or of the configuration, was ended early. `id` is the window's. */
  | {
      readonly kind: 'early_end'
      readonly id: string
      readonly endedMs: number
      readonly endedBy: string
    }

/** Whom a person had reports sent to, and which ones. It stays for a while when it has ended: who ended it, and when. */
export interface ReportSubscription {
  readonly id: string
  /** Mail address. */
  readonly recipient: string
  /** After each week or month at a time of day, or whenever a cron expression comes true. */
  readonly timing:
    | { readonly kind: 'weekly' | 'monthly'; readonly minuteOfDay: number }
    /** `covers` is a period as people write it, counted from the moment at which it comes true: `last-week`. */
    | { readonly kind: 'cron'; readonly cron: string; readonly covers: string }
  /** IANA name. */
  readonly timeZone: string
  readonly select: Selection
  readonly template: string
  readonly formats: readonly string[]
  /** Null: as the configuration has it. */
  readonly language: string | null
  readonly createdMs: number
  readonly createdBy: string
  /** Null while it goes on. */
  readonly endedMs: number | null
  readonly endedBy: string | null
}

/** Deadlines by which old rows are gone, in milliseconds. */
export interface RetentionPolicy {
  /** health_history (account-hours). */
  readonly historyMs: number
  /** Daily summaries, incidents, recoveries, transitions, notifications, text messages, maintenance that is over, subscriptions that have ended. */
  readonly summaryMs: number
}

/**
 * Where history lives. One exporter at a time: a second one is refused with code `locked`. Two drivers, one contract suite (test/store/store-contract.ts).
 * Methods reject with StoreError; an unknown account is empty, not an error; use after close rejects with code `closed`.
 */
export interface Store {
  readonly kind: 'sqlite' | 'mongodb'
  /** Of a shared store: whether no other exporter can hold our part of the fleet now. Only then may a repair be made. */
  readonly isSure?: boolean
  load(): Promise<LoadedState>
  /** All of the batch or nothing of it. */
  write(batch: Batch): Promise<void>
  incidents(filter: IncidentFilter): Promise<Paged<Incident>>
  incident(id: string): Promise<Incident | null>
  recoveries(filter: RecoveryFilter): Promise<Paged<RecoveryAttempt>>
  transitions(filter: TransitionFilter): Promise<Paged<Transition>>
  /**
   * Buckets of `stepMs` (a multiple of one minute), counted from `fromMs`, oldest first; empty steps are left out.
   * Beyond `historyMs` only whole UTC days are left: one counts to the step in which it begins, if all of it is in range.
   */
  history(key: AccountKey, range: TimeRange, stepMs: number): Promise<readonly HistoryBucket[]>
  /** Raw checks, oldest first, as far back as health_history goes. */
  samples(key: AccountKey, range: TimeRange): Promise<readonly Sample[]>
  /**
   * Adds notifications; of one that is there already only the status and the times that go with it change.
   * Returns those that this call added or changed, as they are now.
   */
  recordNotifications(told: readonly Notification[]): Promise<readonly Notification[]>
  notifications(filter: NotificationFilter): Promise<Paged<Notification>>
  /** Adds the message, or replaces the one with its id. */
  putTextMessage(message: TextMessage): Promise<void>
  textMessage(id: string): Promise<TextMessage | null>
  textMessages(filter: TextMessageFilter): Promise<Paged<TextMessage>>
  /** Adds the record, or replaces the one with its kind and id. */
  putMaintenance(record: MaintenanceRecord): Promise<void>
  /** Every record, oldest first. */
  maintenance(): Promise<readonly MaintenanceRecord[]>
  /** Adds the subscription, or replaces the one with its id. */
  putSubscription(subscription: ReportSubscription): Promise<void>
  /** Every subscription, oldest first. */
  subscriptions(): Promise<readonly ReportSubscription[]>
  /** Which reports were made and sent. */
  readonly deliveries: DeliveryLedger
  /** One slice of compaction and expiry; returns true while there is more to do. */
  maintain(nowMs: number, retention: RetentionPolicy, signal: AbortSignal): Promise<boolean>
  /** Of a shared store: what was last written of the accounts that another exporter watches. */
  ledgersOf?(shard: number): Promise<LoadedState['ledgers']>
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
