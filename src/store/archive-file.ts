import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { STATUSES } from '../accounts/vocabulary.ts'
import type { ArchiveRow } from './archive.ts'
import { readAccount } from './ledger.ts'
import { type MaintenanceRecord, StoreError } from './store.ts'
import {
  StoredDelivery,
  StoredIncident,
  StoredNotification,
  StoredRecovery,
  StoredSubscription,
  StoredTextMessage,
  StoredTransition,
} from './stored-rows.ts'

// One JSON value per line: a header, the rows, and an end that tells how many there were and their SHA-256.

const FORMAT = 'whatsapp-exporter-store'
/** 2: subscriptions, and the record of reports. */
const VERSION = 2
/** Characters that are written at once. */
const CHUNK = 65_536

const Row: z.ZodType<ArchiveRow> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('expired'), beforeMs: z.number() }),
  z.object({
    kind: z.literal('account'),
    key: z.string(),
    account: z.unknown().transform((account) => (account === null ? null : readAccount(JSON.stringify(account)))),
    health: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('summary'),
    row: z.object({
      key: z.string(),
      fromMs: z.number(),
      sums: z.object({
        checks: z.number(),
        failures: z.number(),
        answered: z.number(),
        durationSumMs: z.number(),
        durationMaxMs: z.number(),
        worst: z.enum(STATUSES).catch('unknown'),
        observedMs: z.number(),
        downtimeMs: z.number(),
      }),
      samples: z.base64().nullable(),
    }),
  }),
  z.object({ kind: z.literal('transition'), row: StoredTransition }),
  z.object({ kind: z.literal('incident'), row: StoredIncident }),
  z.object({ kind: z.literal('recovery'), row: StoredRecovery }),
  z.object({ kind: z.literal('notification'), row: StoredNotification }),
  z.object({ kind: z.literal('text_message'), row: StoredTextMessage }),
  z.object({
    kind: z.literal('maintenance'),
    // What a calendar does not understand it leaves out by itself; here only what names the record is looked at.
    row: z.custom<MaintenanceRecord>(
      (row) => z.looseObject({ kind: z.enum(['plan', 'early_end']), id: z.string() }).safeParse(row).success,
    ),
  }),
  z.object({ kind: z.literal('subscription'), row: StoredSubscription }),
  z.object({ kind: z.literal('report_schedule'), row: z.object({ name: z.string(), sinceMs: z.number() }) }),
  z.object({ kind: z.literal('report_delivery'), row: StoredDelivery }),
])

const Header = z.object({ format: z.literal(FORMAT), version: z.number() })
const End = z.object({ kind: z.literal('end'), rows: z.number(), sha256: z.string() })

/** Writes rows to a new file that only its owner may read; returns how many. A file that is there is not overwritten. */
export async function writeArchive(path: string, rows: AsyncIterable<ArchiveRow>): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    const sum = createHash('sha256')
    let count = 0
    let waiting = ''
    const write = async (value: object) => {
      const line = `${JSON.stringify(value)}\n`
      sum.update(line)
      waiting += line
      if (waiting.length < CHUNK) return
      await file.appendFile(waiting)
      waiting = ''
    }
    await write({ format: FORMAT, version: VERSION })
    for await (const row of rows) {
      await write(row)
      count++
    }
    const end = JSON.stringify({ kind: 'end', rows: count, sha256: sum.digest('hex') })
    await file.appendFile(`${waiting}${end}\n`)
    await file.sync()
    return count
  } finally {
    await file.close()
  }
}

/**
 * Reads the rows of a file.
 * @throws StoreError `corrupt` where the file is cut off, changed, or of another format; `newer_schema` where a later
 * version wrote it
 */
export async function* readArchive(path: string): AsyncIterable<ArchiveRow> {
  const sum = createHash('sha256')
  let number = 0
  let count = 0
  let isOver = false
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    const value = parseLine(line, path, number)
    if (isOver) throw broken(path, number, 'there is more after the end')
    if (number === 1) {
      checkHeader(value, path)
    } else {
      const end = End.safeParse(value)
      if (end.success) {
        if (end.data.rows !== count || end.data.sha256 !== sum.digest('hex')) {
          throw broken(path, number, `${count} rows were read, and their number or checksum is not what the end tells`)
        }
        isOver = true
        continue
      }
      const row = Row.safeParse(value)
      if (!row.success) throw broken(path, number, row.error.issues[0]?.message ?? 'it is no row')
      yield row.data
      count++
    }
    sum.update(`${line}\n`)
  }
  if (!isOver) throw broken(path, number, 'the file ends before its end line: it was cut off')
}

function parseLine(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw broken(path, number, 'it is not JSON')
  }
}

function checkHeader(value: unknown, path: string): void {
  const header = Header.safeParse(value)
  if (!header.success) throw broken(path, 1, 'it is not the beginning of an export')
  if (header.data.version > VERSION) {
    throw new StoreError(
      'newer_schema',
      `${path} is an export of format ${header.data.version}, and this version reads up to ${VERSION}. Use the newer exporter.`,
    )
  }
}

function broken(path: string, line: number, why: string): StoreError {
  return new StoreError('corrupt', `${path}, line ${line}: ${why}. Export the store again.`)
}
