import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Log, silentLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open.ts'
import { StoreOptions } from '../../src/store/options.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { SCHEMA_VERSION } from '../../src/store/sqlite-schema.ts'
import {
  accountOf,
  batchOf,
  HOUR,
  healthOf,
  incidentOf,
  RETENTION,
  sampleOf,
  T0,
  tidy,
  writeChecks,
} from './fixtures.ts'
import { type OtherProcess, otherProcess } from './other-process.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const sales = accountOf('sales-01')

let directory: string
let path: string
let other: OtherProcess | null
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'exporter-faults-'))
  path = join(directory, 'exporter.db')
  other = null
})
afterEach(async () => {
  await other?.kill()
  await chmod(directory, 0o755)
  await rm(directory, { recursive: true })
})

const optionsFor = (file: string) => StoreOptions.parse({ kind: 'sqlite', path: file })
function recordingLog(): Log & { readonly errors: string[] } {
  const errors: string[] = []
  return { ...silentLog, errors, error: (facts, text) => errors.push(`${text} ${JSON.stringify(facts)}`) }
}

describe('killed with SIGKILL while it writes', () => {
  test('every acknowledged batch is there, none is half there, and the incident goes on', async () => {
    let acknowledged = 0
    for (const enough of [40, 90, 130]) {
      other = otherProcess('./write-until-killed.ts', [path])
      while (acknowledged < enough) acknowledged = Number(await other.line())
      await other.kill()
      other = null

      const store = sqliteStore({ path }, silentLog)
      const { nextSeq, ledgers } = await store.load()
      const lastSeq = nextSeq - 1
      expect(lastSeq).toBeGreaterThanOrEqual(acknowledged)
      expect(ledgers).toHaveLength(50)
      for (const { account, health } of ledgers) {
        const samples = await store.samples(account.key, { fromMs: T0, toMs: T0 + 1000 * HOUR })
        expect(samples).toHaveLength(lastSeq)
        expect(health.counters).toMatchObject({ checks: lastSeq, downtimeMs: lastSeq * 15_000 })
        expect(health.incident).toMatchObject({ startMs: T0, downtimeMs: lastSeq * 15_000 })
        expect(health.lastCheckMs).toBe(T0 + lastSeq * 15_000)
      }
      const { items } = await store.incidents({ limit: 10 })
      expect(items).toEqual([incidentOf('i1', accountOf('a0'), T0)])
      await store.close()
      acknowledged = lastSeq
    }
  }, 30_000)

  test('the lock of the killed process does not keep the next one out', async () => {
    other = otherProcess('./write-until-killed.ts', [path])
    await other.line()
    expect(() => sqliteStore({ path }, silentLog)).toThrow(
      expect.objectContaining({ code: 'locked', message: expect.stringContaining('Stop that one') }),
    )
    await other.kill()
    const store = sqliteStore({ path }, silentLog)
    await store.close()
  })
})

describe('a file that another program has locked', () => {
  test('refuses the write with code locked, answers reads, and takes the same batch later', async () => {
    const store = sqliteStore({ path }, silentLog)
    await store.write(batchOf(1, { samples: [sampleOf(sales.key, T0)] }))
    other = otherProcess('./hold-lock.ts', [path])
    expect(await other.line()).toBe('locked')
    const batch = batchOf(2, {
      samples: [sampleOf('waha-1/new', T0)],
      ledgers: [{ account: sales, health: healthOf(sales.key) }],
    })
    await expect(store.write(batch)).rejects.toMatchObject({ code: 'locked' })
    expect(await store.samples(sales.key, { fromMs: T0, toMs: T0 + 1 })).toHaveLength(1)
    await other.kill()
    await store.write(batch)
    expect(await store.samples('waha-1/new', { fromMs: T0, toMs: T0 + 1 })).toHaveLength(1)
    expect((await store.load()).ledgers[0]?.account).toEqual(sales)
    await store.close()
  })
})

describe('a full disk', () => {
  test('refuses the batch with code full and keeps nothing of it, and the store goes on when there is room', async () => {
    const store = sqliteStore({ path, maxPages: 60 }, silentLog)
    const big = 'x'.repeat(20_000)
    let seq = 1
    let failure: unknown = null
    for (; failure === null && seq < 100; seq++) {
      const incidents = [incidentOf(`${seq}-${big}`, sales, T0 + seq)]
      const samples = [sampleOf(`waha-1/a${seq}`, T0)]
      failure = await store.write(batchOf(seq, { incidents, samples })).then(
        () => null,
        (error: unknown) => error,
      )
    }
    expect(failure).toMatchObject({ code: 'full', message: expect.stringContaining('Free space') })
    const refused = seq - 1
    expect((await store.load()).nextSeq).toBe(refused)
    expect((await store.incidents({ limit: 1000 })).items).toHaveLength(refused - 1)
    expect(await store.samples(`waha-1/a${refused}`, { fromMs: T0, toMs: T0 + 1 })).toEqual([])
    await store.close()

    const roomy = sqliteStore({ path }, silentLog)
    await roomy.write(batchOf(refused, { samples: [sampleOf(`waha-1/a${refused}`, T0)] }))
    expect(await roomy.samples(`waha-1/a${refused}`, { fromMs: T0, toMs: T0 + 1 })).toHaveLength(1)
    await roomy.close()
  })
})

describe('a place that cannot be written', () => {
  // Root may write everywhere: the store is opened by a process of another user.
  const openAsUser = async (file: string): Promise<string> => {
    other = otherProcess('./open-and-tell.ts', [file], isRoot ? NOBODY : undefined)
    return other.line()
  }

  test('a read-only directory is refused, with a code and not with a crash', async () => {
    await chmod(directory, 0o555)
    expect(['read_only', 'unavailable']).toContain(await openAsUser(path))
  })

  test('a read-only file is refused with code read_only', async () => {
    await (await open(path, 'w')).close()
    await chmod(path, 0o444)
    await chmod(directory, 0o777)
    expect(await openAsUser(path)).toBe('read_only')
  })

  test('a directory in the place of the file is refused with code unavailable', async () => {
    await mkdir(path)
    expect(() => sqliteStore({ path }, silentLog)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  })

  test('a file in the place of the directory is refused with code unavailable', async () => {
    await writeFile(path, 'a file')
    const below = join(path, 'exporter.db')
    expect(() => sqliteStore({ path: below }, silentLog)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  })
})

test('the files are closed to other users of the machine', async () => {
  const store = sqliteStore({ path }, silentLog)
  await store.write(batchOf(1))
  for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o007, file).toBe(0)
  await store.close()
})

describe('a damaged file', () => {
  const NOW = Date.UTC(2026, 2, 1, 12, 30, 5)

  test('is moved aside whole, a fresh one is begun, and the log says so', async () => {
    await writeFile(path, 'this is no database, but it is long enough to be taken for one'.repeat(100))
    const log = recordingLog()
    const store = openStore(optionsFor(path), { log, now: () => NOW })
    expect(await store.load()).toMatchObject({ nextSeq: 1 })
    await store.write(batchOf(1))
    await store.close()
    expect(await readFile(`${path}.corrupt-20260301T123005Z`, 'utf8')).toContain('this is no database')
    expect(log.errors.join()).toContain('moved aside')
  })

  test('a second damage of the same second has its own name', async () => {
    for (let count = 0; count < 2; count++) {
      await writeFile(path, 'no database '.repeat(500))
      const store = openStore(optionsFor(path), { log: silentLog, now: () => NOW })
      await store.load()
      await store.close()
    }
    const aside = (await readdir(directory)).filter((name) => name.includes('corrupt'))
    expect(aside.sort()).toEqual(['exporter.db.corrupt-20260301T123005Z', 'exporter.db.corrupt-20260301T123005Z-2'])
  })

  test('damage found while running closes the store; the next load begins a fresh one', async () => {
    const first = sqliteStore({ path }, silentLog)
    await first.write(batchOf(1, { ledgers: [{ account: sales, health: healthOf(sales.key) }] }))
    await writeChecks(first, sales.key, { fromMs: T0, count: 1000 })
    await first.close()
    // The schema and the first tables stay whole: the file opens, and breaks where the journal is read.
    const content = await readFile(path)
    content.fill(0xa5, Math.floor((content.length * 0.75) / 4096) * 4096)
    await writeFile(path, content)

    const log = recordingLog()
    const store = openStore(optionsFor(path), { log, now: () => NOW })
    await expect(store.load()).rejects.toMatchObject({ code: 'corrupt' })
    await expect(store.write(batchOf(1))).rejects.toMatchObject({ code: 'unavailable' })
    expect(log.errors.join()).toContain('opened again')
    expect(await store.load()).toMatchObject({ nextSeq: 1 })
    await store.write(batchOf(1))
    await store.close()
    expect((await readdir(directory)).some((name) => name.startsWith('exporter.db.corrupt-'))).toBe(true)
  })

  test('an hour that cannot be read is left out and logged; its neighbours are answered', async () => {
    const log = recordingLog()
    const store = sqliteStore({ path }, log)
    await writeChecks(store, sales.key, { fromMs: T0, count: 480 })
    await tidy(store, T0 + 3 * HOUR)
    const editor = new DatabaseSync(path)
    editor.exec("UPDATE hours SET samples = x'2101' WHERE id = (SELECT min(id) FROM hours)")
    editor.close()
    const samples = await store.samples(sales.key, { fromMs: T0, toMs: T0 + 2 * HOUR })
    expect(samples).toHaveLength(240)
    expect(log.errors.join()).toContain(`hour of ${sales.key} from 2026-03-01T00:00:00.000Z`)
    await store.close()
  })

  test('a ledger that cannot be understood is left out and logged; the other accounts are loaded', async () => {
    const log = recordingLog()
    const store = sqliteStore({ path }, log)
    const support = accountOf('support')
    await store.write(
      batchOf(1, {
        ledgers: [sales, support].map((account) => ({ account, health: healthOf(account.key) })),
      }),
    )
    const editor = new DatabaseSync(path)
    editor.exec(`UPDATE ledgers SET health = '{"key":1' WHERE ref = 1`)
    editor.close()
    expect((await store.load()).ledgers.map(({ account }) => account.key)).toEqual([support.key])
    expect(log.errors.join()).toContain(`ledger of ${sales.key}`)
    await store.close()
  })
})

describe('a file that is deleted while it is open', () => {
  test('is noticed by upkeep, and begun afresh by the next load', async () => {
    const store = openStore(optionsFor(path), { log: silentLog, now: () => T0 })
    await store.load()
    await store.write(batchOf(1))
    for (const name of await readdir(directory)) await rm(join(directory, name))
    const upkeep = store.maintain(T0, RETENTION, new AbortController().signal)
    await expect(upkeep).rejects.toMatchObject({ code: 'unavailable' })
    expect(store.generation).toBeNull()
    expect((await store.load()).nextSeq).toBe(1)
    await store.write(batchOf(1))
    await store.close()
    expect(await readdir(directory)).toContain('exporter.db')
  })
})

describe('the schema', () => {
  test('of a later version is refused with the next step, and the file is left as it is', async () => {
    await sqliteStore({ path }, silentLog).close()
    const editor = new DatabaseSync(path)
    editor.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    editor.close()
    const before = await readFile(path)
    const store = openStore(optionsFor(path), { log: silentLog, now: () => T0 })
    await expect(store.load()).rejects.toMatchObject({
      code: 'newer_schema',
      message: expect.stringMatching(/Start the newer exporter again, or set store.path/),
    })
    expect(await readFile(path)).toEqual(before)
    await store.close()
  })

  test('of an empty file, as version 0, is brought up to date', async () => {
    await (await open(path, 'w')).close()
    const store = sqliteStore({ path }, silentLog)
    expect((await store.load()).nextSeq).toBe(1)
    await store.close()
    const reader = new DatabaseSync(path)
    expect(reader.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION })
    expect(reader.prepare('PRAGMA auto_vacuum').get()).toEqual({ auto_vacuum: 2 })
    reader.close()
  })
})
