import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { isDuplicateKey } from './mongo-errors.ts'
import type { Collections, ShardDoc } from './mongo-schema.ts'
import { StoreError } from './store.ts'

/** Takeovers that are remembered per shard; rows of the journal are gone long before. */
const EPOCHS_KEPT = 64

/** Who asks for a shard. */
export interface Claimant {
  readonly ordinal: number
  readonly total: number
  /** Unique to this run of the exporter. */
  readonly id: string
  /** Where it runs, for people. */
  readonly host: string
  /** How long a holder may be silent until it counts as dead. */
  readonly leaseMs: number
  /** A clock that never jumps, milliseconds. */
  readonly monotonicMs: () => number
}

/** The wish to hold a shard; it remembers what it saw of another holder from one try to the next. */
export interface ShardClaim {
  readonly claimant: Claimant
  /**
   * Takes the lease where it is free, ours already, or was silent for its whole length while we looked. No clocks of
   * two machines are compared.
   * @throws StoreError `locked` while another process holds it
   */
  take(shards: Collections['shards']): Promise<ShardDoc>
  /** When the last try was sent, by the claimant's clock: a lease counts from there, however late its answer is read. */
  readonly askedMs: number
}

export function shardClaim(claimant: Claimant): ShardClaim {
  const { ordinal, id, leaseMs, monotonicMs } = claimant
  let seen: { readonly epoch: number; readonly beat: number; readonly sinceMs: number } | null = null
  let askedMs = Number.NEGATIVE_INFINITY

  const isSilent = ({ epoch, beat, leaseMs: theirs }: ShardDoc): boolean => {
    if (seen === null || seen.epoch !== epoch || seen.beat !== beat) {
      seen = { epoch, beat, sinceMs: monotonicMs() }
      return false
    }
    return monotonicMs() - seen.sinceMs > Math.max(leaseMs, theirs)
  }

  return {
    claimant,
    get askedMs() {
      return askedMs
    },
    async take(shards) {
      const found = await shards.findOne({ _id: ordinal })
      askedMs = monotonicMs()
      if (found === null) return begin(shards, claimant)
      if (found.holder !== null && found.holder !== id && !isSilent(found)) throw locked(found)
      const taken = await shards.findOneAndUpdate(
        { _id: ordinal, epoch: found.epoch, beat: found.beat },
        { $set: nextEpoch(found, claimant) },
        { returnDocument: 'after' },
      )
      if (taken === null) throw locked(found)
      seen = null
      return taken
    },
  }
}

async function begin(
  shards: Collections['shards'],
  { ordinal, total, id, host, leaseMs }: Claimant,
): Promise<ShardDoc> {
  const fresh: ShardDoc = {
    _id: ordinal,
    total,
    holder: id,
    host,
    leaseMs,
    epoch: 1,
    beat: 0,
    epochs: [{ epoch: 1, afterSeq: 0 }],
    lastSeq: 0,
    appliedSeq: 0,
  }
  try {
    await shards.insertOne(fresh)
    return fresh
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    throw new StoreError(
      'locked',
      `Shard ${ordinal} was taken by another exporter a moment ago; it will be tried again.`,
    )
  }
}

function nextEpoch({ epoch, epochs, lastSeq }: ShardDoc, { total, id, host, leaseMs }: Claimant) {
  const kept = [...epochs, { epoch: epoch + 1, afterSeq: lastSeq }].slice(-EPOCHS_KEPT)
  return { holder: id, host, total, leaseMs, epoch: epoch + 1, epochs: kept }
}

function locked({ _id, host }: ShardDoc): StoreError {
  return new StoreError(
    'locked',
    `Shard ${_id} is held by the exporter on ${host}. This one stands by, and takes over when that one ends or falls silent.`,
  )
}

/** A lease that is held, until it is lost or given back. */
export interface HeldShard {
  readonly ordinal: number
  /** What the shard's row says now. */
  readonly row: ShardDoc
  /** Whether nobody else can hold it now: the last sign of life is younger than the lease. */
  readonly isSure: boolean
  /** Whether a batch of this number and epoch counts. */
  counts(seq: number, epoch: number): boolean
  /**
   * Makes batch `seq` count, and says that the one before is applied.
   * @throws StoreError `locked` where the lease is another's now
   */
  commit(seq: number): Promise<void>
  /** Begins a new epoch: nothing that the one before still has under way can count any more. */
  renew(): Promise<void>
  /** Says that all batches that count are applied. */
  settle(): Promise<void>
  /** @throws StoreError `locked` where the lease is another's now */
  confirm(): Promise<void>
  release(): Promise<void>
}

export function heldShard(
  shards: Collections['shards'],
  claim: ShardClaim,
  taken: ShardDoc,
  displaced: () => void,
  log: Log,
): HeldShard {
  const { ordinal, leaseMs, monotonicMs } = claim.claimant
  const beating = new AbortController()
  let row = taken
  let isLost = false
  let sureUntilMs = claim.askedMs + leaseMs

  const lose = (): StoreError => {
    if (!isLost) {
      isLost = true
      beating.abort()
      displaced()
    }
    return new StoreError(
      'locked',
      `Shard ${ordinal} was taken over by another exporter. This one stands by from now on.`,
    )
  }
  let turn: Promise<unknown> = Promise.resolve()
  /** One conditional change of our row, one after another; none matched means that it is not ours any more. */
  const change = (update: () => { readonly where?: object; readonly set?: Partial<ShardDoc> }): Promise<void> => {
    const mine = turn.then(async () => {
      if (isLost) throw lose()
      const { where = {}, set } = update()
      const sentMs = monotonicMs()
      const changed = await shards.findOneAndUpdate(
        { _id: ordinal, epoch: row.epoch, ...where },
        { ...(set === undefined ? {} : { $set: set }), $inc: { beat: 1 } },
        { returnDocument: 'after' },
      )
      if (changed === null) throw lose()
      row = changed
      sureUntilMs = sentMs + leaseMs
    })
    turn = mine.catch(() => {})
    return mine
  }
  const beat = async () => {
    while (!beating.signal.aborted) {
      await sleep(leaseMs / 3, undefined, { signal: beating.signal, ref: false }).catch(() => {})
      if (beating.signal.aborted) return
      await change(() => ({})).catch((error: unknown) => {
        if (error instanceof StoreError) log.error({ shard: ordinal }, error.message)
        else log.debug({ shard: ordinal, error: String(error) }, 'The lease could not be renewed; it is tried again.')
      })
    }
  }
  void beat()

  return {
    ordinal,
    get row() {
      return row
    },
    get isSure() {
      return !isLost && monotonicMs() < sureUntilMs
    },
    counts: (seq, epoch) => countsIn(row, seq, epoch),
    commit: (seq) =>
      change(() => ({ where: { lastSeq: row.lastSeq }, set: { lastSeq: seq, appliedSeq: row.lastSeq } })),
    async renew() {
      const now = await shards.findOne({ _id: ordinal, epoch: row.epoch })
      if (now === null || isLost) throw lose()
      await change(() => ({ where: { lastSeq: now.lastSeq }, set: nextEpoch(now, claim.claimant) }))
    },
    settle: () => change(() => ({ set: { appliedSeq: row.lastSeq } })),
    confirm: () => change(() => ({})),
    async release() {
      beating.abort()
      if (!isLost) await shards.updateOne({ _id: ordinal, epoch: row.epoch }, { $set: { holder: null } })
      isLost = true
    },
  }
}

/** Whether a batch counts: it is committed, and written by the epoch that was in force at its number. */
export function countsIn(
  { lastSeq, epochs }: Pick<ShardDoc, 'lastSeq' | 'epochs'>,
  seq: number,
  epoch: number,
): boolean {
  if (seq > lastSeq) return false
  return epochs.findLast(({ afterSeq }) => afterSeq < seq)?.epoch === epoch
}
