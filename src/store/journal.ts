import { setImmediate, setTimeout as setTimeoutAsync } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { type LoadedState, type RetentionPolicy, type Store, StoreError } from './store.ts'
import { type Handed, waitingBatches } from './waiting-batches.ts'

const FIRST_RETRY_MS = 500
const UPKEEP_SLICE_PAUSE_MS = 100
const UPKEEP_PAUSE_MS = 30_000
/** The longest that `hand` waits for a write; one that takes longer goes on, and counts as deferred. */
const PATIENCE_MS = 2_000
const DRAIN_RETRY_MS = 50
/** A batch that a working store refuses this often is given up: it must not hold back all that come after it. */
const LARGEST_REFUSALS = 10

/** How the store is doing, for the exporter's metrics. */
export interface WriterState {
  /** False from a failed write or opening until the next good one. */
  readonly up: boolean
  /** Batches that wait in memory. */
  readonly pendingWrites: number
  readonly pendingSamples: number
  readonly writeFailures: number
  /** Samples given up because the store was away for too long. */
  readonly droppedSamples: number
}

export interface StoreWriterParts {
  readonly store: Store & { readonly generation?: number | null }
  readonly limits: { readonly maxSamples: number; readonly retryMaxMs: number }
  readonly retention: RetentionPolicy
  readonly log: Log
  /** Unix milliseconds. */
  readonly now: () => number
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number
  readonly onState: (state: WriterState) => void
  /**
   * The store was opened late or afresh. What is in memory wins, but for an open incident of the same account, which
   * keeps its earlier start: see adoptIncident.
   */
  readonly onLateLoad: (loaded: LoadedState) => void
  /** The store lacks samples, or is another one: the next batch should carry the ledger of every account. */
  readonly onLedgersWanted: () => void
}

/** Stands between the monitor and a store. Checks never wait for it longer than two seconds, and never fail by it. */
export interface StoreWriter {
  readonly state: WriterState
  /**
   * Opens and reads the store; null where it is away, and then `onLateLoad` tells once it is back.
   * @throws StoreError `newer_schema`, which waiting does not cure.
   */
  load(): Promise<LoadedState | null>
  /**
   * Takes a batch over and tries to write it in the same turn where nothing waits before it. Never rejects.
   * `written`: committed. `deferred`: in memory, to be written when the store is back.
   */
  hand(handed: Handed): Promise<'written' | 'deferred'>
  /** Writes what waits, for at most `timeoutMs`, and stops. Returns how many batches were left behind. */
  drain(timeoutMs: number): Promise<number>
}

export function storeWriter(parts: StoreWriterParts): StoreWriter {
  const { store, limits, log } = parts
  const waiting = waitingBatches(limits.maxSamples)
  const stopping = new AbortController()
  let up = true
  let writeFailures = 0
  let droppedSamples = 0
  /** The number of the first waiting batch; kept over its retries, so that a write of unknown end is not done twice. */
  let nextSeq = 1
  let firstWasTried = false
  let loadedGeneration: number | null | undefined
  let isLoaded = false
  let isWriting = false
  let pass: Promise<void> = Promise.resolve()
  let wereSamplesDropped = false
  let refusals = 0
  let retryTimer: NodeJS.Timeout | null = null
  const firstRetryMs = Math.min(FIRST_RETRY_MS, limits.retryMaxMs)
  let retryMs = firstRetryMs
  let upkeepTimer: NodeJS.Timeout | null = null
  let upkeepRun: Promise<void> = Promise.resolve()

  const state = (): WriterState => ({
    up,
    pendingWrites: waiting.size,
    pendingSamples: waiting.samples,
    writeFailures,
    droppedSamples,
  })
  const report = () => parts.onState(state())
  const mustLoad = () => !isLoaded || store.generation === null || store.generation !== loadedGeneration

  const succeed = () => {
    if (!up) log.info({ pending: waiting.size }, 'The store is back; what waited is being written.')
    up = true
    retryMs = firstRetryMs
  }
  const fail = (error: unknown) => {
    writeFailures++
    const facts = {
      code: error instanceof StoreError ? error.code : 'failed',
      error: messageOf(error),
      pending: waiting.size,
    }
    if (up) log.error(facts, 'The store cannot be used. Checks go on; what they find waits in memory.')
    else log.debug(facts, 'The store still cannot be used.')
    up = false
  }
  const trim = () => {
    const given = waiting.trim(isWriting ? 1 : 0)
    if (given === 0) return
    if (!wereSamplesDropped)
      log.warn({ limit: limits.maxSamples }, 'The store is away for too long: the oldest waiting samples are given up.')
    droppedSamples += given
    wereSamplesDropped = true
  }

  const giveUpRefused = (error: unknown) => {
    // Any other code is about the store; this one may be about the batch.
    refusals = error instanceof StoreError && error.code !== 'failed' ? 0 : refusals + 1
    const refused = waiting.first()
    if (refusals < LARGEST_REFUSALS || refused === undefined || !firstWasTried) return
    log.error(
      { error: messageOf(error), samples: refused.samples.length, incidents: refused.incidents.map(({ id }) => id) },
      'The store refuses one batch again and again. It is given up, so that the next ones are written. Please report this.',
    )
    waiting.shift()
    droppedSamples += refused.samples.length
    wereSamplesDropped = true
    firstWasTried = false
    refusals = 0
  }
  const readStore = async (): Promise<LoadedState> => {
    const loaded = await store.load()
    // The number of a tried batch is taken: it was written after all, only its answer was lost.
    if (firstWasTried && loaded.nextSeq === nextSeq + 1) waiting.shift()
    firstWasTried = false
    nextSeq = loaded.nextSeq
    isLoaded = true
    loadedGeneration = store.generation
    return loaded
  }

  const writeWaiting = async () => {
    try {
      for (;;) {
        if (mustLoad()) {
          parts.onLateLoad(await readStore())
          parts.onLedgersWanted()
        }
        const first = waiting.first()
        if (first === undefined) break
        firstWasTried = true
        await store.write({ ...first, seq: nextSeq })
        firstWasTried = false
        nextSeq++
        waiting.shift()
        refusals = 0
        succeed()
        // After an outage there may be thousands: checks come in between.
        if (waiting.size > 0) await setImmediate()
      }
      succeed()
      if (wereSamplesDropped) parts.onLedgersWanted()
      wereSamplesDropped = false
      scheduleUpkeep(UPKEEP_SLICE_PAUSE_MS)
    } catch (error) {
      fail(error)
      giveUpRefused(error)
      scheduleRetry()
    } finally {
      isWriting = false
      report()
    }
  }
  const startWriting = (): Promise<void> => {
    if (isWriting) return pass
    isWriting = true
    pass = writeWaiting()
    return pass
  }

  const scheduleRetry = () => {
    if (retryTimer !== null || stopping.signal.aborted) return
    // Half of the pause is jitter: exporters that share a store do not come back all at once.
    const pauseMs = retryMs * (0.5 + parts.random() / 2)
    retryMs = Math.min(retryMs * 2, limits.retryMaxMs)
    retryTimer = setTimeout(() => {
      retryTimer = null
      void startWriting()
    }, pauseMs)
    retryTimer.unref()
  }
  const scheduleUpkeep = (pauseMs: number) => {
    if (upkeepTimer !== null || stopping.signal.aborted) return
    upkeepTimer = setTimeout(() => {
      upkeepRun = tidy()
    }, pauseMs)
    upkeepTimer.unref()
  }
  const tidy = async () => {
    let pauseMs = UPKEEP_PAUSE_MS
    try {
      if (up && (await store.maintain(parts.now(), parts.retention, stopping.signal))) pauseMs = UPKEEP_SLICE_PAUSE_MS
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'Upkeep of the store failed; it is tried again.')
    }
    upkeepTimer = null
    scheduleUpkeep(pauseMs)
  }

  return {
    get state() {
      return state()
    },
    async load() {
      try {
        const loaded = await readStore()
        succeed()
        scheduleUpkeep(UPKEEP_PAUSE_MS)
        return loaded
      } catch (error) {
        fail(error)
        if (error instanceof StoreError && error.code === 'newer_schema') throw error
        scheduleRetry()
        return null
      } finally {
        report()
      }
    },
    async hand(handed) {
      waiting.push(handed)
      trim()
      // Behind others, or while the store is down, its turn comes later.
      if (retryTimer !== null || waiting.size > 2 || stopping.signal.aborted) {
        report()
        return 'deferred'
      }
      await within(startWriting(), PATIENCE_MS)
      return waiting.size === 0 ? 'written' : 'deferred'
    },
    async drain(timeoutMs) {
      stopping.abort()
      if (retryTimer !== null) clearTimeout(retryTimer)
      if (upkeepTimer !== null) clearTimeout(upkeepTimer)
      retryTimer = null
      const deadlineMs = performance.now() + timeoutMs
      const leftMs = () => deadlineMs - performance.now()
      await within(upkeepRun, leftMs())
      while (waiting.size > 0 && leftMs() > 0) {
        await within(startWriting(), leftMs())
        if (waiting.size > 0) await setTimeoutAsync(Math.min(DRAIN_RETRY_MS, Math.max(leftMs(), 0)))
      }
      const left = waiting.size
      if (left > 0) {
        log.error(
          { batches: left, samples: waiting.samples },
          'The exporter stops, and what waits for the store is lost.',
        )
      }
      return left
    },
  }
}

/** Waits for the work, but no longer than the limit. The work itself goes on. */
async function within(work: Promise<void>, limitMs: number): Promise<void> {
  const settled = new AbortController()
  const limit = setTimeoutAsync(Math.max(limitMs, 0), undefined, { signal: settled.signal }).catch(() => {})
  await Promise.race([work, limit])
  settled.abort()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
