import { describe, expect, test } from 'vitest'
import { type DeliveryKey, type DeliveryLedger, type DeliveryState, FILES } from '../../src/store/deliveries.ts'
import type { Store } from '../../src/store/store.ts'
import { T0 } from './fixtures.ts'

const REPORT = { schedule: 'acme', period: '2026-03', dueMs: T0 }
const ANNA: DeliveryKey = { schedule: 'acme', period: '2026-03', recipient: 'anna@example.org' }
const BOB: DeliveryKey = { ...ANNA, recipient: 'bob@example.org' }
const LEASE = 1_000

/** What every store must do with the record of reports. */
export function deliveryCases(store: () => Store, reopen: () => Promise<Store>, lasting: boolean): void {
  describe('deliveries', () => {
    const ledger = (): DeliveryLedger => store().deliveries
    const stateOf = async (key: DeliveryKey): Promise<DeliveryState | undefined> => (await ledger().get(key))?.state
    const claimed = async (key: DeliveryKey, nowMs: number): Promise<number> => {
      const claim = await ledger().claim(key, nowMs, LEASE)
      if (claim.outcome !== 'ours') throw new Error(`the claim was ${claim.outcome}`)
      return claim.attempt
    }
    const outcome = async (key: DeliveryKey, nowMs: number) => (await ledger().claim(key, nowMs, LEASE)).outcome
    const enlisted = () => ledger().enlist(REPORT, [ANNA.recipient, BOB.recipient], T0)

    test('a schedule is known since it was first seen', async () => {
      expect(await ledger().since('acme', T0)).toBe(T0)
      expect(await ledger().since('acme', T0 + 5)).toBe(T0)
      expect(await ledger().since('other', T0 + 9)).toBe(T0 + 9)
    })

    test('a report is taken up with the recipients of that moment, once', async () => {
      await ledger().enlist(REPORT, [ANNA.recipient], T0)
      await ledger().enlist(REPORT, [ANNA.recipient, 'late@example.org'], T0 + 1)
      expect((await ledger().latest(9)).map(({ recipient }) => recipient)).toEqual([FILES, ANNA.recipient])
      expect(await ledger().get(ANNA)).toEqual({
        ...ANNA,
        dueMs: T0,
        state: 'waiting',
        attempts: 0,
        notBeforeMs: 0,
        leaseUntilMs: 0,
        updatedMs: T0,
        isToldLate: false,
        detail: '',
      })
      expect(await ledger().get(BOB)).toBeNull()
    })

    test('of many who take up the same report at once, one list of recipients counts', async () => {
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => ledger().enlist(REPORT, [ANNA.recipient, `${index}@example.org`], T0)),
      )
      expect(await ledger().latest(9)).toHaveLength(3)
    })

    test('a claim is given to exactly one of many who ask at once', async () => {
      await enlisted()
      const asked = await Promise.all(Array.from({ length: 12 }, () => outcome(ANNA, T0)))
      expect(asked.toSorted()).toEqual(['ours', ...Array.from({ length: 11 }, () => 'refused')])
      expect(await ledger().get(ANNA)).toMatchObject({ state: 'claimed', attempts: 1, leaseUntilMs: T0 + LEASE })
    })

    test('what nobody took up cannot be claimed', async () => {
      expect(await outcome(ANNA, T0)).toBe('refused')
    })

    test('a claim runs out when its holder vanished before it sent, and lasts longer where it is renewed', async () => {
      await enlisted()
      const attempt = await claimed(ANNA, T0)
      expect(await outcome(ANNA, T0 + LEASE - 1)).toBe('refused')
      await ledger().renew(ANNA, attempt, T0 + 500 + LEASE)
      expect(await outcome(ANNA, T0 + LEASE)).toBe('refused')
      expect(await claimed(ANNA, T0 + 500 + LEASE)).toBe(attempt + 1)
      await ledger().renew(ANNA, attempt, T0 + 99 * LEASE)
      expect(await claimed(ANNA, T0 + 500 + 2 * LEASE)).toBe(attempt + 2)
    })

    test('one that ran out while sending leaves a doubt, which one alone is told, and is never given again', async () => {
      await enlisted()
      const attempt = await claimed(ANNA, T0)
      await ledger().mark(ANNA, attempt, T0 + 1, { state: 'sending' })
      expect(await outcome(ANNA, T0 + LEASE - 1)).toBe('refused')
      expect(await stateOf(ANNA)).toBe('sending')
      const asked = await Promise.all(Array.from({ length: 6 }, () => outcome(ANNA, T0 + LEASE)))
      expect(asked.toSorted()).toEqual(['doubtful', ...Array.from({ length: 5 }, () => 'refused')])
      expect(await stateOf(ANNA)).toBe('unsure')
      expect(await outcome(ANNA, T0 + 9 * LEASE)).toBe('refused')
    })

    test('a holder that was paused for too long writes nothing more, so that it sends nothing either', async () => {
      await enlisted()
      const paused = await claimed(ANNA, T0)
      const next = await claimed(ANNA, T0 + LEASE)
      expect(await ledger().mark(ANNA, paused, T0 + LEASE + 1, { state: 'sending' })).toBe(false)
      expect(await ledger().mark(ANNA, next, T0 + LEASE + 2, { state: 'sending' })).toBe(true)
      expect(await ledger().mark(ANNA, next, T0 + LEASE + 3, { state: 'sent', detail: '250 ok' })).toBe(true)
      expect(await ledger().mark(ANNA, paused, T0 + LEASE + 4, { state: 'failed' })).toBe(false)
      expect(await ledger().get(ANNA)).toMatchObject({ state: 'sent', detail: '250 ok', attempts: 2 })
    })

    test('a doubt ends when its holder comes back and knows that it was sent', async () => {
      await enlisted()
      const attempt = await claimed(ANNA, T0)
      await ledger().mark(ANNA, attempt, T0, { state: 'sending' })
      expect(await outcome(ANNA, T0 + LEASE)).toBe('doubtful')
      expect(await ledger().mark(ANNA, attempt, T0 + LEASE + 1, { state: 'waiting' })).toBe(false)
      expect(await ledger().mark(ANNA, attempt, T0 + LEASE + 1, { state: 'sent' })).toBe(true)
      expect(await stateOf(ANNA)).toBe('sent')
    })

    test('it is not given before its time, nor after it is done', async () => {
      await enlisted()
      const attempt = await claimed(ANNA, T0)
      await ledger().mark(ANNA, attempt, T0, { state: 'waiting', notBeforeMs: T0 + 50, detail: 'greylisted' })
      expect(await outcome(ANNA, T0 + 49)).toBe('refused')
      const second = await claimed(ANNA, T0 + 50)
      expect(await ledger().get(ANNA)).toMatchObject({ detail: 'greylisted' })
      expect(await ledger().mark(ANNA, second, T0 + 51, { state: 'sent', detail: '' })).toBe(true)
      expect(await ledger().mark(ANNA, second, T0 + 52, { state: 'waiting' })).toBe(false)
      expect(await outcome(ANNA, T0 + 99_999)).toBe('refused')
      expect(await ledger().get(ANNA)).toMatchObject({ state: 'sent', detail: '', attempts: 2 })
    })

    test('a long detail is cut', async () => {
      await enlisted()
      await ledger().mark(ANNA, await claimed(ANNA, T0), T0, { state: 'failed', detail: 'x'.repeat(1_000) })
      expect((await ledger().get(ANNA))?.detail).toHaveLength(300)
    })

    test('that a report is late is told by one', async () => {
      await enlisted()
      const told = await Promise.all(Array.from({ length: 6 }, () => ledger().tellLate(ANNA)))
      expect(told.filter(Boolean)).toHaveLength(1)
      expect(await ledger().tellLate(BOB)).toBe(true)
    })

    test('they are listed newest report first, and what is not done oldest first, the files before the recipients', async () => {
      await enlisted()
      await ledger().enlist({ ...REPORT, period: '2026-04', dueMs: T0 + 9 }, [BOB.recipient], T0)
      await ledger().mark(ANNA, await claimed(ANNA, T0), T0, { state: 'sent' })
      const names = (found: readonly DeliveryKey[]) =>
        found.map(({ period, recipient }) => `${period} ${recipient[0] ?? '-'}`)
      expect(names(await ledger().latest(9))).toEqual(['2026-04 -', '2026-04 b', '2026-03 -', '2026-03 a', '2026-03 b'])
      expect(names(await ledger().latest(1))).toEqual(['2026-04 -', '2026-04 b'])
      expect(names(await ledger().unfinished())).toEqual(['2026-03 -', '2026-03 b', '2026-04 -', '2026-04 b'])
    })

    test('old ones are forgotten, and their schedule stays known', async () => {
      await ledger().since('acme', T0)
      await enlisted()
      await ledger().enlist({ ...REPORT, period: '2026-04', dueMs: T0 + 9 }, [], T0)
      await ledger().forget(T0 + 1)
      expect((await ledger().latest(9)).map(({ period }) => period)).toEqual(['2026-04'])
      expect(await ledger().since('acme', T0 + 99)).toBe(T0)
    })

    test('the whole record can be taken over, and what is there already stays', async () => {
      await enlisted()
      await ledger().since('acme', T0)
      const { schedules, deliveries } = await ledger().content()
      expect(schedules).toEqual([{ name: 'acme', sinceMs: T0 }])
      expect(deliveries.map(({ recipient }) => recipient)).toEqual([FILES, ANNA.recipient, BOB.recipient])
      const older = deliveries.map((delivery) => ({ ...delivery, period: '2026-02', state: 'sent' as const }))
      await ledger().adopt({
        schedules: [
          { name: 'acme', sinceMs: 1 },
          { name: 'other', sinceMs: 2 },
        ],
        deliveries: [...older, ...deliveries.map((delivery) => ({ ...delivery, state: 'failed' as const }))],
      })
      expect(await ledger().content()).toEqual({
        schedules: [...schedules, { name: 'other', sinceMs: 2 }],
        deliveries: [...older, ...deliveries],
      })
    })

    test.runIf(lasting)('they survive closing and opening', async () => {
      await enlisted()
      await ledger().mark(ANNA, await claimed(ANNA, T0), T0, { state: 'sending' })
      const before = await ledger().content()
      expect(await (await reopen()).deliveries.content()).toEqual(before)
    })

    test('a closed store refuses them with code closed', async () => {
      await store().close()
      await expect(ledger().unfinished()).rejects.toMatchObject({ code: 'closed' })
    })
  })
}
