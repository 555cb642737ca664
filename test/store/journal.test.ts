import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Log, silentLog } from '../../src/log.ts'
import { type StoreWriter, storeWriter, type WriterState } from '../../src/store/journal.ts'
import { openStore } from '../../src/store/open.ts'
import { StoreOptions } from '../../src/store/options.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { LoadedState, Store } from '../../src/store/store.ts'
import type { Handed } from '../../src/store/waiting-batches.ts'
import { accountOf, HOUR, healthOf, incidentOf, RETENTION, sampleOf, T0, writeChecks } from './fixtures.ts'
import { type GatedStore, gatedStore } from './gated-store.ts'

const sales = accountOf('sales-01')
const RANGE = { fromMs: T0, toMs: T0 + HOUR }

interface Watched {
  readonly writer: StoreWriter
  readonly states: WriterState[]
  readonly lateLoads: LoadedState[]
  readonly errors: string[]
  ledgersWanted: number
}

function watch(store: Store, maxSamples = 1000): Watched {
  const errors: string[] = []
  const log: Log = { ...silentLog, error: (facts, text) => errors.push(`${text} ${JSON.stringify(facts)}`) }
  const states: WriterState[] = []
  const lateLoads: LoadedState[] = []
  const watched: Watched = {
    states,
    lateLoads,
    errors,
    ledgersWanted: 0,
    writer: storeWriter({
      store,
      limits: { maxSamples, retryMaxMs: 20 },
      retention: RETENTION,
      log,
      now: () => T0,
      random: () => 0.5,
      onState: (state) => states.push(state),
      onLateLoad: (loaded) => lateLoads.push(loaded),
      onLedgersWanted: () => {
        watched.ledgersWanted++
      },
    }),
  }
  return watched
}

function handedOf(over: Partial<Handed> = {}): Handed {
  return { atMs: T0, samples: [], transitions: [], incidents: [], recoveries: [], ledgers: [], removed: [], ...over }
}

/** One check, the n-th. */
const checkOf = (index: number) => handedOf({ samples: [sampleOf(sales.key, T0 + index)] })

describe('the journal before a store', () => {
  let store: GatedStore
  let watched: Watched
  let writer: StoreWriter
  beforeEach(async () => {
    store = gatedStore(sqliteStore({ path: ':memory:' }, silentLog))
    watched = watch(store)
    writer = watched.writer
    await writer.load()
  })
  afterEach(async () => {
    store.open()
    await writer.drain(1000)
    await store.close()
  })
  const timesInStore = async () => (await store.samples(sales.key, RANGE)).map(({ atMs }) => atMs - T0)

  test('writes a batch at once and says that it is written', async () => {
    expect(await writer.hand(checkOf(1))).toBe('written')
    expect(await timesInStore()).toEqual([1])
    expect(writer.state).toEqual({ up: true, pendingWrites: 0, pendingSamples: 0, writeFailures: 0, droppedSamples: 0 })
  })

  test('keeps batches while the store is down, tells, and catches up in order when it is back', async () => {
    store.shut('locked')
    expect(await writer.hand(checkOf(1))).toBe('deferred')
    expect(await writer.hand(checkOf(2))).toBe('deferred')
    expect(writer.state).toMatchObject({ up: false, pendingWrites: 2, pendingSamples: 2 })
    expect(watched.errors).toHaveLength(1)
    expect(watched.errors[0]).toContain('"code":"locked"')
    store.open()
    await vi.waitFor(() => expect(writer.state).toMatchObject({ up: true, pendingWrites: 0 }))
    expect(await timesInStore()).toEqual([1, 2])
    expect(watched.states.at(-1)?.writeFailures).toBeGreaterThan(0)
    expect(await writer.hand(checkOf(3))).toBe('written')
    expect((await store.load()).nextSeq).toBe(4)
  })

  test('a write whose answer was lost is not written twice', async () => {
    store.loseNextAnswer()
    expect(await writer.hand(checkOf(1))).toBe('deferred')
    await vi.waitFor(() => expect(writer.state.pendingWrites).toBe(0))
    expect(await writer.hand(checkOf(2))).toBe('written')
    expect(await timesInStore()).toEqual([1, 2])
  })

  test('the number of a batch is its own affair, whatever the caller put in', async () => {
    for (const seq of [40, 3]) expect(await writer.hand({ ...checkOf(seq), ...{ seq } })).toBe('written')
    expect(await timesInStore()).toEqual([3, 40])
    expect((await store.load()).nextSeq).toBe(3)
  })

  test('a slow write does not hold up the next batch', async () => {
    const held = store.hold()
    const first = writer.hand(checkOf(1))
    const second = writer.hand(checkOf(2))
    expect(await writer.hand(checkOf(3))).toBe('deferred')
    held.release()
    expect([await first, await second]).toEqual(['written', 'written'])
    await vi.waitFor(() => expect(writer.state.pendingWrites).toBe(0))
    expect(await timesInStore()).toEqual([1, 2, 3])
  })

  test('over its limit it gives up the oldest samples, counts them, and keeps every incident', async () => {
    await writer.drain(0)
    watched = watch(store, 100)
    writer = watched.writer
    await writer.load()
    store.shut('full')
    for (let index = 0; index < 30; index++) {
      const samples = Array.from({ length: 10 }, (_, offset) => sampleOf(sales.key, T0 + index * 10 + offset))
      const incidents = index === 3 ? [incidentOf('i1', sales, T0)] : []
      const ended = index === 8 ? [incidentOf('i1', sales, T0, { endMs: T0 + 8, resolution: 'recovered' })] : []
      await writer.hand(handedOf({ atMs: T0 + index, samples, incidents: [...incidents, ...ended] }))
    }
    const { droppedSamples, pendingSamples } = writer.state
    expect(pendingSamples).toBeLessThanOrEqual(90)
    expect(droppedSamples + pendingSamples).toBe(300)
    store.open()
    await vi.waitFor(() => expect(writer.state.pendingWrites).toBe(0))
    const kept = await timesInStore()
    expect(kept).toEqual(Array.from({ length: pendingSamples }, (_, index) => 300 - pendingSamples + index))
    expect(await store.incident('i1')).toMatchObject({ endMs: T0 + 8 })
    // Replay cannot bridge what was given up.
    expect(watched.ledgersWanted).toBe(1)
  })

  test('a batch that the store refuses for ever is given up, and the next ones are written', async () => {
    const broken = handedOf({ incidents: [{ ...incidentOf('broken', sales, T0), cause: { not: 'text' } as never }] })
    expect(await writer.hand(broken)).toBe('deferred')
    await writer.hand(checkOf(2))
    await vi.waitFor(() => expect(writer.state.pendingWrites).toBe(0))
    expect(await timesInStore()).toEqual([2])
    expect(watched.errors.join()).toContain('refuses one batch')
    expect(watched.errors.join()).toContain('"broken"')
  })

  test('drain writes what waits', async () => {
    store.shut('locked')
    await writer.hand(checkOf(1))
    await writer.hand(checkOf(2))
    store.open()
    expect(await writer.drain(5000)).toBe(0)
    expect(await timesInStore()).toEqual([1, 2])
  })

  test('drain gives up at its limit and says what is lost', async () => {
    store.shut('locked')
    await writer.hand(checkOf(1))
    expect(await writer.drain(30)).toBe(1)
    expect(watched.errors.join()).toMatch(/is lost.*"batches":1,"samples":1/)
  })

  test('drain does not wait for a write that hangs', async () => {
    const held = store.hold()
    const first = writer.hand(checkOf(1))
    expect(await writer.drain(30)).toBe(1)
    held.release()
    expect(await first).toBe('written')
  })
})

describe('a store that is away at the start', () => {
  let directory: string
  let path: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'exporter-journal-'))
    path = join(directory, 'exporter.db')
  })
  afterEach(() => rm(directory, { recursive: true }))
  const openAt = (file: string) =>
    openStore(StoreOptions.parse({ kind: 'sqlite', path: file }), { log: silentLog, now: () => T0 })

  test('stops nothing: it is opened later, told of, and gets all that waited behind its own last batch', async () => {
    const holder = sqliteStore({ path }, silentLog)
    await holder.write({ ...handedOf({ ledgers: [{ account: sales, health: healthOf(sales.key) }] }), seq: 1 })
    await writeChecks(holder, sales.key, { fromMs: T0, count: 5, stepMs: 1 })

    const store = openAt(path)
    const { writer, ...watched } = watch(store)
    expect(await writer.load()).toBeNull()
    expect(writer.state.up).toBe(false)
    expect(await writer.hand(checkOf(100))).toBe('deferred')
    await expect(store.samples(sales.key, RANGE)).rejects.toMatchObject({ code: 'unavailable' })

    await holder.close()
    await vi.waitFor(() => expect(writer.state).toMatchObject({ up: true, pendingWrites: 0 }))
    expect(watched.lateLoads).toHaveLength(1)
    expect(watched.lateLoads[0]).toMatchObject({ nextSeq: 7, ledgers: [{ account: sales }] })
    expect((await store.samples(sales.key, RANGE)).map(({ atMs }) => atMs - T0)).toEqual([0, 1, 2, 3, 4, 100])
    expect(await writer.drain(1000)).toBe(0)
    await store.close()
  })

  test('is opened without any batch to write, too', async () => {
    const holder = sqliteStore({ path }, silentLog)
    const store = openAt(path)
    const { writer } = watch(store)
    expect(await writer.load()).toBeNull()
    await holder.close()
    await vi.waitFor(() => expect(writer.state.up).toBe(true))
    await writer.drain(1000)
    await store.close()
  })

  test('a schema of a later version is not waited for', async () => {
    await sqliteStore({ path }, silentLog).close()
    const { DatabaseSync } = await import('node:sqlite')
    const editor = new DatabaseSync(path)
    editor.exec('PRAGMA user_version = 99')
    editor.close()
    const store = openAt(path)
    await expect(watch(store).writer.load()).rejects.toMatchObject({ code: 'newer_schema' })
    await store.close()
  })

  test('a damaged file costs its history, and nothing that comes after', async () => {
    await writeFile(path, 'no database '.repeat(1000))
    const store = openAt(path)
    const { writer } = watch(store)
    expect(await writer.load()).toMatchObject({ nextSeq: 1 })
    expect(await writer.hand(checkOf(1))).toBe('written')
    await writer.drain(1000)
    await store.close()
  })
})
