import type { Account, AccountKey } from '../accounts/account.ts'
import type { AccountHealth } from '../health/health.ts'
import type { Handed } from '../store/waiting-batches.ts'
import type { CheckFigures } from './checking.ts'
import type { ExporterView, GatewayView } from './fleet.ts'
import type { Lulls } from './lulls.ts'
import type { Recorder } from './recorder.ts'
import type { AccountEntry, Roster } from './roster.ts'
import type { TurnMeter } from './turn-meter.ts'

/** One account as it is at the moment of the flush. */
export interface ChangedAccount {
  readonly account: Account
  readonly driver: string
  readonly health: AccountHealth
  readonly inMaintenance: boolean
  readonly budgetLeft: number
}

/** All that changed since the flush before, as of one moment: first to the store, then to the page. */
export interface Flush {
  /** Null where nothing happened. */
  readonly batch: Handed | null
  readonly changed: readonly ChangedAccount[]
  readonly removed: readonly AccountKey[]
  readonly gateways: readonly GatewayView[]
  readonly exporter: ExporterView
}

/** Figures of the last whole cycle; times in milliseconds. */
export interface CycleFigures {
  readonly endedMs: number | null
  readonly durationMs: number
  readonly lagMs: number
  /** Bound of what our own event loop may have added to a check's duration. */
  readonly durationErrorMs: number
}

export interface FlusherParts {
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly figures: CheckFigures
  readonly meter: TurnMeter
  readonly lulls: Pick<Lulls, 'next'>
  readonly recorder: Recorder
  readonly roster: Roster
  readonly intervalMs: () => number
  inMaintenance(entry: AccountEntry): boolean
  budgetLeft(entry: AccountEntry): number
  gatewayViews(): readonly GatewayView[]
  exporterView(): ExporterView
  publish(flush: Flush): Promise<void>
  /** A cycle is over. */
  cycleEnded?(cycle: CycleFigures): void
}

/** Gathers what changes and publishes it: once per cycle, and soon after an event. */
export interface Flusher {
  changed(entry: AccountEntry): void
  removed(key: AccountKey): void
  /** Something happened that should be seen soon. */
  soon(): void
  /** Publishes now; settles when the store took it, or after a short wait where the store is away. */
  now(): Promise<void>
  lastCycle(): CycleFigures
  start(): void
  stop(): Promise<void>
}

const SHORTEST_PAUSE_MS = 1_000
const WAIT_FOR_STORE_MS = 1_000
/** How long a flush waits for a moment without checks: its work would lengthen the response times of those under way. */
const WAIT_FOR_LULL_MS = 200

export function flusher(parts: FlusherParts): Flusher {
  const { figures, meter, monotonicMs } = parts
  let changed = new Set<AccountEntry>()
  let removed: AccountKey[] = []
  let running: Promise<void> | null = null
  let queued: Promise<void> | null = null
  let lastFlushMs = Number.NEGATIVE_INFINITY
  let soonTimer: NodeJS.Timeout | null = null
  let cycleTimer: NodeJS.Timeout | null = null
  let cycle: CycleFigures = { endedMs: null, durationMs: 0, lagMs: 0, durationErrorMs: 0 }

  function closeCycle(): void {
    const { firstStartMs, lastEndMs } = figures
    cycle = {
      endedMs: parts.nowMs(),
      durationMs: firstStartMs === null || lastEndMs === null ? 0 : Math.max(0, lastEndMs - firstStartMs),
      lagMs: figures.maxLagMs,
      durationErrorMs: meter.takeMaxMs(),
    }
    figures.firstStartMs = null
    figures.lastEndMs = null
    figures.maxLagMs = 0
    parts.cycleEnded?.(cycle)
  }

  /** One at a time; while one is under way, all who ask share the next one, which takes everything up to its start. */
  function flush(): Promise<void> {
    if (running === null) {
      running = publishChanges().finally(() => {
        running = null
      })
      return running
    }
    queued ??= running
      .catch(() => {}) // told to whoever asked for it
      .then(() => {
        queued = null
        return flush()
      })
    return queued
  }

  async function flushInLull(): Promise<void> {
    await parts.lulls.next(WAIT_FOR_LULL_MS)
    // The last flush, at the end, takes it along.
    if (cycleTimer !== null) await flush()
  }

  async function publishChanges(): Promise<void> {
    lastFlushMs = monotonicMs()
    const entries = changed
    // Gone and found again meanwhile is not gone.
    const gone = removed.filter((key) => !parts.roster.accounts.has(key))
    changed = new Set()
    removed = []
    const batch = parts.recorder.take(parts.nowMs(), (key) => parts.roster.accounts.get(key))
    const accounts: ChangedAccount[] = []
    for (const entry of entries) {
      if (parts.roster.accounts.get(entry.id) !== entry) continue
      accounts.push({
        account: entry.account,
        driver: entry.gateway.watched.gateway.driver,
        health: entry.health,
        inMaintenance: parts.inMaintenance(entry),
        budgetLeft: parts.budgetLeft(entry),
      })
    }
    const gateways = parts.gatewayViews()
    await parts.publish({ batch, changed: accounts, removed: gone, gateways, exporter: parts.exporterView() })
  }

  function endCycle(): void {
    closeCycle()
    // Maintenance opens and closes without a check: every account is looked at once per cycle.
    for (const entry of parts.roster.accounts.values()) changed.add(entry)
    void flushInLull()
    cycleTimer = setTimeout(endCycle, parts.intervalMs())
  }

  return {
    changed(entry) {
      changed.add(entry)
    },
    removed(key) {
      removed.push(key)
    },
    soon() {
      if (soonTimer !== null || cycleTimer === null) return
      const pauseMs = Math.max(0, lastFlushMs + SHORTEST_PAUSE_MS - monotonicMs())
      soonTimer = setTimeout(() => {
        soonTimer = null
        void flushInLull()
      }, pauseMs)
    },
    async now() {
      let limit: NodeJS.Timeout | undefined
      const waited = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, WAIT_FOR_STORE_MS)
      })
      await Promise.race([flush(), waited])
      clearTimeout(limit)
    },
    lastCycle: () => cycle,
    start() {
      cycleTimer = setTimeout(endCycle, parts.intervalMs())
    },
    async stop() {
      if (soonTimer !== null) clearTimeout(soonTimer)
      if (cycleTimer !== null) clearTimeout(cycleTimer)
      soonTimer = null
      cycleTimer = null
      await flush()
    },
  }
}
