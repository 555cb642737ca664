import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Incident } from '../../src/health/health.ts'
import type { Paged, Store } from '../../src/store/store.ts'
import { auditCases } from './audit-contract.ts'
import { deliveryCases } from './delivery-contract.ts'
import {
  accountOf,
  attemptOf,
  badSampleOf,
  batchOf,
  DAY,
  HOUR,
  healthOf,
  incidentOf,
  MINUTE,
  RETENTION,
  SECOND,
  sampleOf,
  T0,
  tidy,
  transitionOf,
  writeChecks,
} from './fixtures.ts'

/** A place that a store lives in, made fresh for each case. */
export interface StorePlace {
  open(): Promise<Store>
  dispose(): Promise<void>
}

const sales = accountOf('sales-01')
const support = accountOf('support', { gateway: 'evo', key: 'evo/support' })

/**
 * What every store must do.
 * @param lasting whether what was written is there after close and open; false for a store in memory only
 */
export function storeContract(name: string, lasting: boolean, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} keeps the store contract`, () => {
    let place: StorePlace
    let store: Store
    beforeEach(async () => {
      place = await makePlace()
      store = await place.open()
    })
    afterEach(async () => {
      await store.close()
      await place.dispose()
    })

    const reopen = async () => {
      await store.close()
      store = await place.open()
      return store
    }
    auditCases(() => store, reopen, lasting)
    deliveryCases(() => store, reopen, lasting)

    test('an empty store starts at batch 1 and knows nothing', async () => {
      expect(await store.load()).toEqual({ nextSeq: 1, ledgers: [], pendingRecoveries: [] })
      expect(await store.incidents({ limit: 10 })).toEqual({ items: [] })
      expect(await store.recoveries({ limit: 10 })).toEqual({ items: [] })
      expect(await store.incident('none')).toBeNull()
    })

    test('an unknown account is empty, not an error', async () => {
      expect(await store.samples('waha-1/nobody', { fromMs: 0, toMs: T0 })).toEqual([])
      expect(await store.history('waha-1/nobody', { fromMs: T0, toMs: T0 + HOUR }, MINUTE)).toEqual([])
      expect(await store.transitions({ key: 'waha-1/nobody', limit: 5 })).toEqual({ items: [] })
    })

    test('all that a batch holds is read back as it was', async () => {
      const incident = incidentOf('i1', sales, T0, { attempts: 1, downtimeMs: 45_000 })
      const attempt = attemptOf('r1', sales, T0 + MINUTE, {
        incidentId: 'i1',
        acceptedMs: T0 + MINUTE + 5,
        detail: 'ok',
      })
      const transition = transitionOf(sales.key, T0)
      const sample = badSampleOf(sales.key, T0)
      const health = healthOf(sales.key, {
        status: 'unhealthy',
        state: 'disconnected',
        reason: 'network',
        evidence: { lastActivityAtMs: T0 - 5, phone: '1', qualityRating: 3, messagingLimit: Number.POSITIVE_INFINITY },
        badSinceMs: T0,
        healthySinceMs: null,
        incident,
        recovery: {
          attemptsUsed: 1,
          notBeforeMs: T0,
          pending: { id: 'r1', requestedMs: T0 + MINUTE, acceptedMs: null },
        },
      })
      await store.write(
        batchOf(1, {
          samples: [sample],
          transitions: [transition],
          incidents: [incident],
          recoveries: [attempt],
          ledgers: [{ account: sales, health }],
        }),
      )
      expect(await store.load()).toEqual({
        nextSeq: 2,
        ledgers: [{ account: sales, health }],
        pendingRecoveries: [attempt],
      })
      expect(await store.samples(sales.key, { fromMs: T0, toMs: T0 + 1 })).toEqual([sample])
      expect(await store.incident('i1')).toEqual(incident)
      expect((await store.incidents({ limit: 10 })).items).toEqual([incident])
      expect((await store.recoveries({ limit: 10 })).items).toEqual([attempt])
      expect((await store.transitions({ key: sales.key, limit: 10 })).items).toEqual([transition])
    })

    test('the same batch twice is one batch', async () => {
      const batch = batchOf(1, {
        samples: [badSampleOf(sales.key, T0)],
        transitions: [transitionOf(sales.key, T0)],
        incidents: [incidentOf('i1', sales, T0)],
        recoveries: [attemptOf('r1', sales, T0)],
        ledgers: [{ account: sales, health: healthOf(sales.key) }],
      })
      await store.write(batch)
      await store.write(batch)
      expect(await store.samples(sales.key, { fromMs: T0, toMs: T0 + HOUR })).toHaveLength(1)
      expect((await store.transitions({ key: sales.key, limit: 10 })).items).toHaveLength(1)
      expect((await store.incidents({ limit: 10 })).items).toHaveLength(1)
      expect((await store.recoveries({ limit: 10 })).items).toHaveLength(1)
      expect((await store.load()).nextSeq).toBe(2)
    })

    test('a later version of an incident or an attempt takes the place of the earlier', async () => {
      const open = incidentOf('i1', sales, T0)
      const closed = { ...open, endMs: T0 + HOUR, resolution: 'repaired', downtimeMs: 9, attempts: 2 } as const
      const asked = attemptOf('r1', sales, T0)
      const verified = { ...asked, outcome: 'verified', acceptedMs: T0 + 1, endMs: T0 + 2 } as const
      await store.write(batchOf(1, { incidents: [open], recoveries: [asked] }))
      await store.write(batchOf(2, { incidents: [closed], recoveries: [verified] }))
      expect(await store.incident('i1')).toEqual(closed)
      expect((await store.recoveries({ limit: 10 })).items).toEqual([verified])
      expect((await store.load()).pendingRecoveries).toEqual([])
    })

    test('load replays the plain checks that came after a ledger', async () => {
      const health = healthOf(sales.key, { consecutiveSuccesses: 4 })
      await store.write(batchOf(1, { ledgers: [{ account: sales, health }] }))
      await store.write(batchOf(2, { samples: [sampleOf(sales.key, T0 + 15_000, { durationMs: 91 })] }))
      await store.write(batchOf(3, { samples: [sampleOf(sales.key, T0 + 30_000, { durationMs: 92 })] }))
      const [loaded] = (await store.load()).ledgers
      expect(loaded?.health).toEqual({
        ...health,
        lastCheckMs: T0 + 30_000,
        lastDurationMs: 92,
        lastSuccessMs: T0 + 30_000,
        consecutiveSuccesses: 6,
        counters: { ...health.counters, checks: 2, observedMs: 30_000 },
      })
    })

    test('replay gives the same health before and after the checks are folded into hours', async () => {
      const health = healthOf(sales.key)
      await store.write(batchOf(1, { atMs: T0, ledgers: [{ account: sales, health }] }))
      await writeChecks(store, sales.key, { fromMs: T0, count: 300 })
      const before = await store.load()
      await tidy(store, T0 + 2 * HOUR)
      expect(await store.load()).toEqual(before)
    })

    test('a removed account is not loaded, and its history stays', async () => {
      await store.write(batchOf(1, { ledgers: [{ account: sales, health: healthOf(sales.key) }] }))
      await store.write(batchOf(2, { samples: [sampleOf(sales.key, T0)] }))
      await store.write(batchOf(3, { removed: [sales.key] }))
      expect((await store.load()).ledgers).toEqual([])
      expect(await store.samples(sales.key, { fromMs: T0, toMs: T0 + 1 })).toHaveLength(1)
    })

    test('a changed description of an account is loaded as it is now', async () => {
      const health = healthOf(sales.key)
      await store.write(batchOf(1, { ledgers: [{ account: sales, health }] }))
      const renamed = { ...sales, name: 'Sales, Dubai' }
      await store.write(batchOf(2, { ledgers: [{ account: renamed, health }] }))
      expect((await store.load()).ledgers[0]?.account).toEqual(renamed)
    })

    test('ranges hold their start and not their end', async () => {
      const keys = [T0, T0 + HOUR, T0 + 2 * HOUR]
      await store.write(
        batchOf(1, {
          samples: keys.map((atMs) => sampleOf(sales.key, atMs)),
          transitions: keys.map((atMs) => transitionOf(sales.key, atMs)),
          recoveries: keys.map((atMs, index) => attemptOf(`r${index}`, sales, atMs)),
        }),
      )
      const range = { fromMs: T0, toMs: T0 + 2 * HOUR }
      const wanted = [T0, T0 + HOUR]
      const isIn = async () => {
        expect((await store.samples(sales.key, range)).map(({ atMs }) => atMs)).toEqual(wanted)
        expect((await store.history(sales.key, range, HOUR)).map(({ fromMs }) => fromMs)).toEqual(wanted)
      }
      await isIn()
      await tidy(store, T0 + DAY)
      await isIn()
      const transitions = await store.transitions({ key: sales.key, range, limit: 9 })
      expect(transitions.items.map(({ atMs }) => atMs)).toEqual([...wanted].reverse())
      const attempts = await store.recoveries({ range, limit: 9 })
      expect(attempts.items.map(({ requestedMs }) => requestedMs)).toEqual([...wanted].reverse())
    })

    test.each([
      { name: 'ended before the range', startMs: -2 * HOUR, endMs: -HOUR, wanted: false },
      { name: 'ended where the range begins', startMs: -2 * HOUR, endMs: 0, wanted: false },
      { name: 'ended inside of the range', startMs: -2 * HOUR, endMs: 1, wanted: true },
      { name: 'began before the range and is open', startMs: -2 * HOUR, endMs: null, wanted: true },
      { name: 'spans the range', startMs: -HOUR, endMs: 2 * HOUR, wanted: true },
      { name: 'began in the last moment', startMs: HOUR - 1, endMs: null, wanted: true },
      { name: 'began where the range ends', startMs: HOUR, endMs: null, wanted: false },
      { name: 'has no length and lies at the start', startMs: 0, endMs: 0, wanted: true },
    ])('an incident that $name touches it: $wanted', async ({ startMs, endMs, wanted }) => {
      const incident = incidentOf('i1', sales, T0 + startMs, { endMs: endMs === null ? null : T0 + endMs })
      await store.write(batchOf(1, { incidents: [incident] }))
      const { items } = await store.incidents({ range: { fromMs: T0, toMs: T0 + HOUR }, limit: 10 })
      expect(items.map(({ id }) => id)).toEqual(wanted ? ['i1'] : [])
    })

    test('incidents and attempts are filtered by account, gateway, openness and incident', async () => {
      await store.write(
        batchOf(1, {
          incidents: [
            incidentOf('a', sales, T0),
            incidentOf('b', sales, T0 + 1, { endMs: T0 + 2, resolution: 'recovered' }),
            incidentOf('c', support, T0 + 2),
          ],
          recoveries: [
            attemptOf('ra', sales, T0, { incidentId: 'a' }),
            attemptOf('rc', support, T0 + 1, { incidentId: 'c' }),
          ],
        }),
      )
      const ids = async (filter: Partial<Parameters<Store['incidents']>[0]>) =>
        (await store.incidents({ limit: 10, ...filter })).items.map(({ id }) => id)
      expect(await ids({})).toEqual(['c', 'b', 'a'])
      expect(await ids({ open: true })).toEqual(['c', 'a'])
      expect(await ids({ open: false })).toEqual(['b'])
      expect(await ids({ gateway: 'evo' })).toEqual(['c'])
      expect(await ids({ keys: [sales.key] })).toEqual(['b', 'a'])
      expect(await ids({ keys: [sales.key, support.key], open: true })).toEqual(['c', 'a'])
      expect(await ids({ keys: [] })).toEqual([])
      const attempts = async (filter: Partial<Parameters<Store['recoveries']>[0]>) =>
        (await store.recoveries({ limit: 10, ...filter })).items.map(({ id }) => id)
      expect(await attempts({ incidentId: 'a' })).toEqual(['ra'])
      expect(await attempts({ keys: [support.key] })).toEqual(['rc'])
      expect(await attempts({ gateway: 'waha-1' })).toEqual(['ra'])
    })

    test('pages hold every row once, though rows are added between them', async () => {
      // Two of each moment: the order is by time and then id.
      const first = Array.from({ length: 7 }, (_, index) =>
        incidentOf(`i${index}`, sales, T0 + Math.floor(index / 2) * MINUTE),
      )
      await store.write(batchOf(1, { incidents: first }))
      const seen: string[] = []
      let page: Paged<Incident> = await store.incidents({ limit: 3 })
      seen.push(...page.items.map(({ id }) => id))
      await store.write(batchOf(2, { incidents: [incidentOf('new', sales, T0 + DAY)] }))
      while (page.nextCursor !== undefined) {
        page = await store.incidents({ limit: 3, cursor: page.nextCursor })
        seen.push(...page.items.map(({ id }) => id))
      }
      expect(seen).toEqual(['i6', 'i5', 'i4', 'i3', 'i2', 'i1', 'i0'])
    })

    test('attempts and transitions are paged too, and a full last page has no cursor', async () => {
      await store.write(
        batchOf(1, {
          recoveries: [1, 2, 3, 4].map((index) => attemptOf(`r${index}`, sales, T0 + index)),
          transitions: [1, 2, 3, 4].map((index) => transitionOf(sales.key, T0 + index)),
        }),
      )
      const attempts = await store.recoveries({ limit: 2 })
      const attemptsRest = await store.recoveries({ limit: 2, cursor: attempts.nextCursor })
      expect([...attempts.items, ...attemptsRest.items].map(({ id }) => id)).toEqual(['r4', 'r3', 'r2', 'r1'])
      expect(attemptsRest.nextCursor).toBeUndefined()
      const transitions = await store.transitions({ key: sales.key, limit: 2 })
      const transitionsRest = await store.transitions({ key: sales.key, limit: 2, cursor: transitions.nextCursor })
      expect([...transitions.items, ...transitionsRest.items].map(({ atMs }) => atMs - T0)).toEqual([4, 3, 2, 1])
      expect(transitionsRest.nextCursor).toBeUndefined()
    })

    test('a cursor that the store did not give is refused with code bad_cursor', async () => {
      for (const cursor of ['', 'nonsense', 'MSAx.', Buffer.from('12').toString('base64url')]) {
        await expect(store.incidents({ limit: 1, cursor })).rejects.toMatchObject({ code: 'bad_cursor' })
        await expect(store.recoveries({ limit: 1, cursor })).rejects.toMatchObject({ code: 'bad_cursor' })
      }
    })

    test('history sums the checks of each step, folded or not', async () => {
      await store.write(
        batchOf(1, {
          samples: [
            sampleOf(sales.key, T0 + 1 * SECOND, { durationMs: 100 }),
            sampleOf(sales.key, T0 + 20 * SECOND, { durationMs: 300, status: 'warning', reason: 'slow' }),
            badSampleOf(sales.key, T0 + 40 * SECOND, { durationMs: 5000, downtimeMs: 12_000 }),
            sampleOf(sales.key, T0 + 3 * MINUTE, {
              state: 'unknown',
              status: 'unknown',
              reason: 'unauthorized',
              observedMs: 0,
            }),
            sampleOf(support.key, T0 + 5 * SECOND),
          ],
          recoveries: [
            attemptOf('r1', sales, T0 + 41 * SECOND),
            attemptOf('r2', sales, T0 + 42 * SECOND, { outcome: 'dry_run' }),
            attemptOf('r3', support, T0 + 43 * SECOND),
          ],
        }),
      )
      const wanted = [
        {
          fromMs: T0,
          toMs: T0 + MINUTE,
          checks: 3,
          failures: 1,
          // The third check brought no answer: how long it took says nothing.
          meanDurationMs: 200,
          maxDurationMs: 300,
          worstStatus: 'unhealthy',
          observedMs: 45_000,
          downtimeMs: 12_000,
          recoveryAttempts: 1,
        },
        {
          fromMs: T0 + 3 * MINUTE,
          toMs: T0 + 4 * MINUTE,
          checks: 1,
          failures: 0,
          meanDurationMs: null,
          maxDurationMs: null,
          worstStatus: 'unknown',
          observedMs: 0,
          downtimeMs: 0,
          recoveryAttempts: 0,
        },
      ]
      const range = { fromMs: T0, toMs: T0 + HOUR }
      expect(await store.history(sales.key, range, MINUTE)).toEqual(wanted)
      await tidy(store, T0 + 2 * HOUR)
      expect(await store.history(sales.key, range, MINUTE)).toEqual(wanted)
    })

    test('history of hours is the same from sums as from single checks, also where steps cut hours', async () => {
      const samples = await writeChecks(store, sales.key, { fromMs: T0 + 7 * MINUTE, count: 600, stepMs: 30 * SECOND })
      await tidy(store, T0 + 4 * HOUR)
      for (const [fromMs, stepMs] of [
        [T0, HOUR],
        [T0, 3 * HOUR],
        [T0 + 20 * MINUTE, HOUR],
        [T0 + 20 * MINUTE, 90 * MINUTE],
      ] as const) {
        const range = { fromMs, toMs: T0 + 6 * HOUR }
        const buckets = await store.history(sales.key, range, stepMs)
        const inRange = samples.filter(({ atMs }) => atMs >= range.fromMs && atMs < range.toMs)
        expect(buckets.reduce((sum, { checks }) => sum + checks, 0)).toBe(inRange.length)
        for (const bucket of buckets) {
          const own = inRange.filter(({ atMs }) => atMs >= bucket.fromMs && atMs < bucket.toMs)
          expect(bucket.checks).toBe(own.length)
          expect(bucket.observedMs).toBe(own.reduce((sum, { observedMs }) => sum + observedMs, 0))
          expect(bucket.maxDurationMs).toBe(Math.max(...own.map(({ durationMs }) => durationMs)))
        }
      }
    })

    test('checks that reach the store late join the hour they belong to', async () => {
      await writeChecks(store, sales.key, { fromMs: T0, count: 100 })
      await tidy(store, T0 + HOUR)
      await store.write(batchOf(200, { atMs: T0 + 2 * HOUR, samples: [sampleOf(sales.key, T0 + 8)] }))
      const isWhole = async () => {
        const samples = await store.samples(sales.key, { fromMs: T0, toMs: T0 + HOUR })
        expect(samples).toHaveLength(101)
        expect(samples[1]?.atMs).toBe(T0 + 8)
        const [hour] = await store.history(sales.key, { fromMs: T0, toMs: T0 + HOUR }, HOUR)
        expect(hour?.checks).toBe(101)
      }
      await isWhole()
      await tidy(store, T0 + 3 * HOUR)
      await isWhole()
    })

    test('the present hour is read from what is not folded yet, and folding in between changes no answer', async () => {
      const samples = await writeChecks(store, sales.key, { fromMs: T0 + 50 * MINUTE, count: 80 })
      const range = { fromMs: T0, toMs: T0 + 2 * HOUR }
      expect(await store.samples(sales.key, range)).toEqual(samples)
      await tidy(store, T0 + HOUR + 10 * MINUTE)
      expect(await store.samples(sales.key, range)).toEqual(samples)
      const buckets = await store.history(sales.key, range, HOUR)
      expect(buckets.map(({ checks }) => checks)).toEqual([40, 40])
    })

    test('single checks go after historyMs and their daily sums stay', async () => {
      await writeChecks(store, sales.key, { fromMs: T0 + HOUR, count: 100 })
      await writeChecks(store, sales.key, { fromMs: T0 + DAY + HOUR, count: 10 })
      await tidy(store, T0 + 2 * DAY, { ...RETENTION, historyMs: DAY })
      const range = { fromMs: T0, toMs: T0 + 2 * DAY }
      expect(await store.samples(sales.key, range)).toHaveLength(10)
      const buckets = await store.history(sales.key, range, DAY)
      expect(buckets.map(({ checks, observedMs }) => ({ checks, observedMs }))).toEqual([
        { checks: 100, observedMs: 1_500_000 },
        { checks: 10, observedMs: 150_000 },
      ])
      // Half a day cannot be told from a whole one any more.
      expect(await store.history(sales.key, { fromMs: T0, toMs: T0 + DAY - HOUR }, HOUR)).toEqual([])
      expect(await store.history(sales.key, { fromMs: T0 + HOUR, toMs: T0 + DAY }, HOUR)).toEqual([])
    })

    test('summaries and events go after summaryMs; open incidents and pending attempts never', async () => {
      await writeChecks(store, sales.key, { fromMs: T0, count: 10 })
      await store.write(
        batchOf(50, {
          incidents: [
            incidentOf('open', sales, T0),
            incidentOf('done', sales, T0, { endMs: T0 + 1, resolution: 'removed' }),
          ],
          recoveries: [attemptOf('pending', sales, T0), attemptOf('done', sales, T0, { outcome: 'failed' })],
          transitions: [transitionOf(sales.key, T0)],
        }),
      )
      await tidy(store, T0 + 12 * DAY, { historyMs: DAY, summaryMs: 10 * DAY })
      expect(await store.history(sales.key, { fromMs: T0, toMs: T0 + DAY }, DAY)).toEqual([
        expect.objectContaining({ checks: 0, recoveryAttempts: 1 }),
      ])
      expect((await store.incidents({ limit: 9 })).items.map(({ id }) => id)).toEqual(['open'])
      expect((await store.recoveries({ limit: 9 })).items.map(({ id }) => id)).toEqual(['pending'])
      expect((await store.transitions({ key: sales.key, limit: 9 })).items).toEqual([])
    })

    test('a ledger in the middle of a folded hour counts no check twice', async () => {
      await store.write(batchOf(1, { atMs: T0, ledgers: [{ account: sales, health: healthOf(sales.key) }] }))
      await writeChecks(store, sales.key, { fromMs: T0, count: 100 })
      const [middle] = (await store.load()).ledgers
      await store.write(batchOf(102, { atMs: T0 + 100 * 15_000, ledgers: middle === undefined ? [] : [middle] }))
      await writeChecks(store, sales.key, { fromMs: T0 + 100 * 15_000, count: 50 })
      await tidy(store, T0 + HOUR)
      expect((await store.load()).ledgers[0]?.health.counters).toMatchObject({ checks: 150, observedMs: 150 * 15_000 })
    })

    test('upkeep that is stopped anywhere and begun again changes no answer', async () => {
      const names = Array.from({ length: 20 }, (_, index) => accountOf(`a${index}`))
      const ledgers = names.map((account) => ({ account, health: healthOf(account.key) }))
      await store.write(batchOf(1, { atMs: T0, ledgers }))
      for (let index = 1; index <= 40; index++) {
        const atMs = T0 + index * 80_000
        await store.write(batchOf(index + 1, { atMs, samples: names.map(({ key }) => sampleOf(key, atMs)) }))
      }
      const range = { fromMs: T0, toMs: T0 + DAY }
      const answers = async () => ({
        loaded: await store.load(),
        samples: await Promise.all(names.map(({ key }) => store.samples(key, range))),
        history: await Promise.all(names.map(({ key }) => store.history(key, range, DAY))),
      })
      const before = await answers()
      for (let turns = 1; turns < 12; turns++) {
        const stop = new AbortController()
        const slice = store.maintain(T0 + HOUR, RETENTION, stop.signal)
        for (let turn = 0; turn < turns; turn++) await setImmediate()
        stop.abort()
        await slice
        expect(await answers(), `stopped after ${turns} turns`).toEqual(before)
      }
      await tidy(store, T0 + HOUR)
      expect(await answers()).toEqual(before)
    })

    test('upkeep stops at once where its signal is aborted', async () => {
      await writeChecks(store, sales.key, { fromMs: T0, count: 10 })
      expect(await store.maintain(T0 + DAY, RETENTION, AbortSignal.abort())).toBe(false)
    })

    test.runIf(lasting)('what was written is there after close and open', async () => {
      const health = healthOf(sales.key)
      await store.write(batchOf(1, { ledgers: [{ account: sales, health }], incidents: [incidentOf('i1', sales, T0)] }))
      const samples = await writeChecks(store, sales.key, { fromMs: T0, count: 20 })
      const before = await store.load()
      await store.close()
      store = await place.open()
      expect(await store.load()).toEqual(before)
      expect(await store.samples(sales.key, { fromMs: T0, toMs: T0 + HOUR })).toEqual(samples)
      expect(await store.incident('i1')).not.toBeNull()
    })

    test.runIf(lasting)('a second writer is refused until the first one has closed', async () => {
      await expect(place.open()).rejects.toMatchObject({ code: 'locked' })
      await store.close()
      store = await place.open()
      expect((await store.load()).nextSeq).toBe(1)
    })

    test('closing twice is closing once, and a closed store refuses with code closed', async () => {
      await store.close()
      await store.close()
      const closed = { name: 'StoreError', code: 'closed' }
      await expect(store.load()).rejects.toMatchObject(closed)
      await expect(store.write(batchOf(1))).rejects.toMatchObject(closed)
      await expect(store.samples(sales.key, { fromMs: 0, toMs: 1 })).rejects.toMatchObject(closed)
      await expect(store.history(sales.key, { fromMs: 0, toMs: 1 }, MINUTE)).rejects.toMatchObject(closed)
      await expect(store.incidents({ limit: 1 })).rejects.toMatchObject(closed)
      await expect(store.maintain(T0, RETENTION, new AbortController().signal)).rejects.toMatchObject(closed)
    })
  })
}
