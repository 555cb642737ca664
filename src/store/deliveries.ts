/**
 * How far the report of a period has come, for one recipient. `sending` is written before the last bytes of the message
 * leave us and `sent` after the mail server took it: what is found in between after a crash is `unsure`, and is not
 * sent again.
 */
export const DELIVERY_STATES = ['waiting', 'claimed', 'sending', 'sent', 'failed', 'unsure'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Stands for the making of the files among the recipients. */
export type FilesRecipient = ''
export const FILES: FilesRecipient = ''

/** One report of one schedule, for one recipient; recipient '' is the making of its files. */
export interface DeliveryKey {
  readonly schedule: string
  readonly period: string
  readonly recipient: string
}

export interface Delivery extends DeliveryKey {
  readonly state: DeliveryState
  /** Claims so far. The number of a claim is its token: only who holds the last one may write how it went on. */
  readonly attempts: number
  readonly dueMs: number
  /** Not tried before. */
  readonly notBeforeMs: number
  /** Until then the holder of the claim counts as alive. */
  readonly leaseUntilMs: number
  readonly updatedMs: number
  /** Whether it was told that the report is late. */
  readonly isToldLate: boolean
  /** What the mail server or the maker said last. */
  readonly detail: string
}

/** A report that is taken up. */
export type TakenReport = Pick<Delivery, 'schedule' | 'period' | 'dueMs'>

/** A schedule, and when an exporter first saw it. */
export interface KnownSchedule {
  readonly name: string
  readonly sinceMs: number
}

/**
 * What became of a request for a delivery: `ours` with the number of the claim; `doubtful` for the one who finds that
 * its holder vanished while sending, and thereby settles it as `unsure`; `refused` where it is done, not yet to be
 * tried, or somebody else's.
 */
export type Claim =
  | { readonly outcome: 'ours'; readonly attempt: number }
  | { readonly outcome: 'doubtful' }
  | { readonly outcome: 'refused' }

/** How a delivery went on. */
export interface DeliveryProgress {
  readonly state: DeliveryState
  readonly notBeforeMs?: number
  /** At most 300 characters are kept. */
  readonly detail?: string
}

/**
 * Remembers which report was made and sent, over crashes and between exporters that share the store. Every change is
 * atomic. No two holders can send one delivery, whatever their clocks say: a clock only decides when the work of a
 * holder that fell silent is taken over. Methods reject with StoreError.
 */
export interface DeliveryLedger {
  /** When the schedule was first seen; now, for a new one. */
  since(schedule: string, nowMs: number): Promise<number>
  /** Takes up a report with the recipients that it has now; nothing where it was taken up before. */
  enlist(report: TakenReport, recipients: readonly string[], nowMs: number): Promise<void>
  /** Makes the delivery ours for `leaseMs`. */
  claim(key: DeliveryKey, nowMs: number, leaseMs: number): Promise<Claim>
  /**
   * Writes how it went on. False, and nothing is written, where the claim of this number is not the last one or is
   * done. A doubt may still end as `sent`, when the holder comes back and knows.
   */
  mark(key: DeliveryKey, attempt: number, nowMs: number, progress: DeliveryProgress): Promise<boolean>
  /** Keeps the claim of this number alive; nothing where it is not the last one or is done. */
  renew(key: DeliveryKey, attempt: number, leaseUntilMs: number): Promise<void>
  /** True for the first who tells that this delivery is late. */
  tellLate(key: DeliveryKey): Promise<boolean>
  get(key: DeliveryKey): Promise<Delivery | null>
  /** Every delivery of the latest reports, newest report first, the files before the recipients. @param reports how many reports */
  latest(reports: number): Promise<readonly Delivery[]>
  /** All that is not done: waiting, claimed or sending; oldest first, the files before the recipients. */
  unfinished(): Promise<readonly Delivery[]>
  /** Forgets what was due before. */
  forget(beforeMs: number): Promise<void>
  /** Everything, in an order that depends on the content alone. */
  content(): Promise<DeliveryContent>
  /** Adds what is not there yet. */
  adopt(content: DeliveryContent): Promise<void>
}

export interface DeliveryContent {
  readonly schedules: readonly KnownSchedule[]
  readonly deliveries: readonly Delivery[]
}

/** Longest detail that is kept. */
export const DETAIL_LENGTH = 300

/** A delivery that nobody has tried yet. */
export function freshDelivery({ schedule, period, dueMs }: TakenReport, recipient: string, nowMs: number): Delivery {
  const untried = { attempts: 0, notBeforeMs: 0, leaseUntilMs: 0, isToldLate: false, detail: '' }
  return { schedule, period, recipient, dueMs, state: 'waiting', updatedMs: nowMs, ...untried }
}
