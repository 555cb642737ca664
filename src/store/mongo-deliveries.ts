import type { mongo } from 'mongoose'
import {
  type Claim,
  DELIVERY_STATES,
  DETAIL_LENGTH,
  type Delivery,
  type DeliveryKey,
  type DeliveryLedger,
  type DeliveryState,
  FILES,
  freshDelivery,
} from './deliveries.ts'
import { isDuplicateKey, isOnlyDuplicateKeys } from './mongo-errors.ts'
import type { Collections, DeliveryDoc } from './mongo-schema.ts'

const HELD: DeliveryState[] = ['claimed', 'sending']

/**
 * The record of reports in the shared database. Each change is one conditional update of one row, so that of several
 * exporters exactly one succeeds; nothing here depends on who holds which part of the fleet.
 */
export function mongoDeliveries(
  { deliveries, schedules }: Pick<Collections, 'deliveries' | 'schedules'>,
  guarded: <T>(work: () => Promise<T>) => Promise<T>,
): DeliveryLedger {
  /** Adds what is not there; rows that are, stay. */
  const addAll = async <Doc extends mongo.Document>(
    collection: mongo.Collection<Doc>,
    rows: readonly mongo.OptionalUnlessRequiredId<Doc>[],
  ) => {
    if (rows.length === 0) return
    await collection.insertMany(rows, { ordered: false }).catch((error: unknown) => {
      if (!isOnlyDuplicateKeys(error)) throw error
    })
  }
  /** The row of the files, which knows the recipients until they have rows of their own. */
  const takenUp = async (files: DeliveryDoc): Promise<DeliveryDoc | null> => {
    const found = await deliveries.findOne({ _id: files._id })
    if (found !== null) return found
    await deliveries.insertOne(files).catch((error: unknown) => {
      // Another exporter took it up in the same moment: its recipients count.
      if (!isDuplicateKey(error)) throw error
    })
    return await deliveries.findOne({ _id: files._id })
  }

  const claim = async (key: DeliveryKey, nowMs: number, leaseMs: number): Promise<Claim> => {
    const _id = idOf(key)
    // What died while it was being sent is settled for good; what died before that is tried again.
    const doubtful = await deliveries.updateOne(
      { _id, state: 'sending', leaseUntilMs: { $lte: nowMs } },
      { $set: { state: 'unsure', updatedMs: nowMs } },
    )
    if (doubtful.modifiedCount > 0) return { outcome: 'doubtful' }
    const claimed = await deliveries.findOneAndUpdate(
      {
        _id,
        notBeforeMs: { $lte: nowMs },
        $or: [{ state: 'waiting' }, { state: 'claimed', leaseUntilMs: { $lte: nowMs } }],
      },
      { $set: { state: 'claimed', leaseUntilMs: nowMs + leaseMs, updatedMs: nowMs }, $inc: { attempts: 1 } },
      { returnDocument: 'after' },
    )
    return claimed === null ? { outcome: 'refused' } : { outcome: 'ours', attempt: claimed.attempts }
  }

  return {
    since: (schedule, nowMs) =>
      guarded(async () => {
        await addAll(schedules, [{ _id: schedule, sinceMs: nowMs }])
        return (await schedules.findOne({ _id: schedule }))?.sinceMs ?? nowMs
      }),
    enlist: (report, recipients, nowMs) =>
      guarded(async () => {
        const files = await takenUp({ ...docOf(freshDelivery(report, FILES, nowMs)), recipients })
        // A crash between here and the last line leaves the rest to the next call.
        if (files === null || files.recipients === null) return
        await addAll(
          deliveries,
          files.recipients.map((recipient) => docOf(freshDelivery(report, recipient, nowMs))),
        )
        await deliveries.updateOne({ _id: files._id }, { $set: { recipients: null } })
      }),
    claim: (key, nowMs, leaseMs) => guarded(() => claim(key, nowMs, leaseMs)),
    mark: (key, attempt, nowMs, { state, notBeforeMs = 0, detail }) =>
      guarded(async () => {
        const { matchedCount } = await deliveries.updateOne(
          {
            _id: idOf(key),
            attempts: attempt,
            state: { $in: state === 'sent' ? [...HELD, 'unsure'] : HELD },
          },
          {
            $set: {
              state,
              updatedMs: nowMs,
              notBeforeMs,
              ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_LENGTH) }),
            },
          },
        )
        return matchedCount > 0
      }),
    renew: (key, attempt, leaseUntilMs) =>
      guarded(async () => {
        const held = { _id: idOf(key), attempts: attempt, state: { $in: HELD } }
        await deliveries.updateOne(held, { $set: { leaseUntilMs } })
      }),
    tellLate: (key) =>
      guarded(async () => {
        const told = await deliveries.updateOne({ _id: idOf(key), isToldLate: false }, { $set: { isToldLate: true } })
        return told.modifiedCount > 0
      }),
    get: (key) =>
      guarded(async () => {
        const found = await deliveries.findOne({ _id: idOf(key) })
        return found === null ? null : deliveryOf(found)
      }),
    latest: (reports) =>
      guarded(async () => {
        const files = await deliveries
          .find({ recipient: FILES })
          .sort({ dueMs: -1, schedule: 1, period: 1 })
          .limit(reports)
          .toArray()
        if (files.length === 0) return []
        const found = await deliveries
          .find({ $or: files.map(({ schedule, period }) => ({ schedule, period })) })
          .sort({ dueMs: -1, schedule: 1, period: 1, recipient: 1 })
          .toArray()
        return found.map(deliveryOf)
      }),
    unfinished: () =>
      guarded(async () => {
        const found = await deliveries
          .find({ state: { $in: ['waiting', 'claimed', 'sending'] } })
          .sort({ dueMs: 1, schedule: 1, period: 1, recipient: 1 })
          .toArray()
        return found.map(deliveryOf)
      }),
    forget: (beforeMs) => guarded(async () => void (await deliveries.deleteMany({ dueMs: { $lt: beforeMs } }))),
    content: () =>
      guarded(async () => {
        const known = await schedules.find({}).sort({ _id: 1 }).toArray()
        const found = await deliveries.find({}).sort({ schedule: 1, period: 1, recipient: 1 }).toArray()
        return {
          schedules: known.map(({ _id, sinceMs }) => ({ name: _id, sinceMs })),
          deliveries: found.map(deliveryOf),
        }
      }),
    adopt: (content) =>
      guarded(async () => {
        await addAll(
          schedules,
          content.schedules.map(({ name, sinceMs }) => ({ _id: name, sinceMs })),
        )
        await addAll(deliveries, content.deliveries.map(docOf))
      }),
  }
}

/** The unique key of schedule, period and recipient; none of them can be taken for a part of another. */
function idOf({ schedule, period, recipient }: DeliveryKey): string {
  return JSON.stringify([schedule, period, recipient])
}

function docOf(delivery: Delivery): DeliveryDoc {
  return { _id: idOf(delivery), ...delivery, recipients: null }
}

function deliveryOf({ _id, recipients, ...rest }: DeliveryDoc): Delivery {
  // A later version's state is none that we may act on.
  return { ...rest, state: DELIVERY_STATES.find((known) => known === rest.state) ?? 'unsure' }
}
