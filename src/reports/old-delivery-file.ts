import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { Log } from '../log.ts'
import type { Delivery, DeliveryLedger } from '../store/deliveries.ts'

const FILE_NAME = 'deliveries.db'
const MOVED = 'deliveries.db.moved'

const ScheduleRow = z
  .object({ name: z.string(), since_ms: z.number() })
  .transform(({ name, since_ms }) => ({ name, sinceMs: since_ms }))
const DeliveryRow = z
  .object({
    schedule: z.string(),
    period: z.string(),
    recipient: z.string(),
    state: z.enum(['waiting', 'claimed', 'sending', 'sent', 'failed', 'unsure']).catch('unsure'),
    attempts: z.number(),
    due_ms: z.number(),
    not_before_ms: z.number(),
    lease_until_ms: z.number(),
    updated_ms: z.number(),
    detail: z.string(),
  })
  .transform(
    ({ due_ms, not_before_ms, lease_until_ms, updated_ms, ...rest }): Delivery => ({
      ...rest,
      dueMs: due_ms,
      notBeforeMs: not_before_ms,
      leaseUntilMs: lease_until_ms,
      updatedMs: updated_ms,
      isToldLate: false,
    }),
  )

/**
 * Moves the record that earlier versions kept beside the reports into the store, and puts its file aside. Done twice, or
 * by two exporters at once, it moves everything once. Rejects with StoreError, or with the error of SQLite or the file
 * system: then the file stays, and no report may be sent before it is read.
 * @param folder `reports.directory`
 */
export async function adoptOldDeliveries(folder: string, ledger: DeliveryLedger, log: Log): Promise<void> {
  const path = join(folder, FILE_NAME)
  if (!existsSync(path)) return
  const db = new DatabaseSync(path)
  let content: Parameters<DeliveryLedger['adopt']>[0]
  try {
    content = {
      schedules: z.array(ScheduleRow).parse(db.prepare('SELECT * FROM schedules').all()),
      deliveries: z.array(DeliveryRow).parse(db.prepare('SELECT * FROM deliveries').all()),
    }
  } finally {
    // The last one who closes it folds its log into the file.
    db.close()
  }
  await ledger.adopt(content)
  for (const suffix of ['-wal', '-shm', ''])
    if (existsSync(path + suffix)) renameSync(path + suffix, join(folder, MOVED + suffix))
  log.info(
    { deliveries: content.deliveries.length, file: join(folder, MOVED) },
    'The record of sent reports was moved into the store.',
  )
}
