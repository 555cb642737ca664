import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { trendReader } from '../../src/reports/account-trend.ts'
import type { Store } from '../../src/store/store.ts'
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
  SECOND,
  sampleOf,
  T0,
  tidy,
} from './fixtures.ts'

const sales = accountOf('sales-01')
const never = new AbortController().signal
const STEP_MS = 5 * MINUTE

/** What a Prometheus says of `sales` that scraped every check of a steady account: 15 s observed each. */
async function prometheusOf(saw: { readonly fromMs: number; readonly toMs: number; readonly status?: number }) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      const form = new URLSearchParams(text)
      const query = form.get('query') ?? ''
      asked.push(query)
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)) * 1000)
      const moments: number[] = []
      for (let atMs = start ?? 0; atMs <= (end ?? 0); atMs += step ?? 1)
        if (atMs >= saw.fromMs && atMs <= saw.toMs) moments.push(atMs)
      const series = (metric: Record<string, string>, of: (checks: number) => number) => ({
        metric,
        values: moments.map((atMs) => [atMs / 1000, String(of((atMs - saw.fromMs) / (15 * SECOND)))]),
      })
      const result = query.includes('check_duration')
        ? [series({}, () => (query.startsWith('max') ? 0.2 : 0.05))]
        : query.includes('account_status')
          ? [
              series({ status: 'healthy' }, () => 1),
              series({ status: 'warning' }, () => 1),
              series({ status: 'unhealthy' }, () => 0),
            ]
          : [
              series({ __name__: 'whatsapp_account_checks_total' }, (checks) => 1_000 + checks),
              series({ __name__: 'whatsapp_account_check_failures_total' }, () => 3),
              series({ __name__: 'whatsapp_account_observed_seconds_total' }, (checks) => 50_000 + 15 * checks),
              series({ __name__: 'whatsapp_account_downtime_seconds_total' }, () => 40),
            ]
      response.writeHead(saw.status ?? 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** Trends over a store of this kind, with and without a Prometheus. */
export function trendContract(name: string, open: () => Promise<{ store: Store; dispose: () => Promise<void> }>): void {
  describe(`trends over ${name}`, () => {
    let store: Store
    let dispose: () => Promise<void>
    let seq: number
    beforeEach(async () => {
      const opened = await open()
      store = opened.store
      dispose = opened.dispose
      seq = (await store.load()).nextSeq
      await store.write(batchOf(seq++, { ledgers: [{ account: sales, health: healthOf(sales.key) }] }))
    })
    afterEach(async () => {
      await store.close()
      await dispose()
    })

    /** Steady checks every 15 s, one batch for all. */
    const watched = (fromMs: number, toMs: number, bad?: { fromMs: number; toMs: number }) => {
      const samples = []
      for (let atMs = fromMs; atMs < toMs; atMs += 15 * SECOND) {
        const isBad = bad !== undefined && atMs >= bad.fromMs && atMs < bad.toMs
        samples.push(isBad ? badSampleOf(sales.key, atMs) : sampleOf(sales.key, atMs))
      }
      return store.write(batchOf(seq++, { atMs: toMs, samples }))
    }
    const reader = (url = 'http://127.0.0.1:1') =>
      trendReader({ store, prometheus: () => ({ url }), now: () => T0 + DAY })

    test('tell of each step what the store saw, what broke and what was repaired', async () => {
      const outage = { fromMs: T0 + 10 * MINUTE, toMs: T0 + 15 * MINUTE }
      await watched(T0, T0 + 20 * MINUTE, outage)
      await store.write(
        batchOf(seq++, {
          incidents: [
            incidentOf('i1', sales, outage.fromMs, { endMs: outage.toMs }),
            incidentOf('i0', sales, T0 - HOUR),
          ],
          recoveries: [
            attemptOf('r1', sales, outage.fromMs + MINUTE, { outcome: 'failed' }),
            attemptOf('r2', sales, outage.fromMs + 2 * MINUTE, { outcome: 'verified' }),
            attemptOf('r3', sales, outage.fromMs + 3 * MINUTE, { outcome: 'verified' }),
            attemptOf('r4', sales, outage.fromMs + 3 * MINUTE, { outcome: 'dry_run' }),
            attemptOf('r5', sales, T0 + 18 * MINUTE, { outcome: 'pending' }),
          ],
        }),
      )
      const trend = await reader()(sales, { fromMs: T0, toMs: T0 + 20 * MINUTE }, STEP_MS, 'auto', never)
      expect(trend).toMatchObject({
        source: 'store',
        incidents: 1,
        recoveries: { attempts: 4, verified: 2, failed: 1, success: 2 / 3 },
      })
      expect(
        trend.buckets.map(({ downtimeMs, incidents, recoveries }) => [downtimeMs, incidents, recoveries.success]),
      ).toEqual([
        [0, 0, null],
        [0, 0, null],
        [5 * MINUTE, 1, 2 / 3],
        [0, 0, null],
      ])
      expect(trend.buckets[3]?.recoveries.attempts).toBe(1)
    })

    test('leave out the steps that nobody watched, without a Prometheus that knows more', async () => {
      await watched(T0, T0 + 5 * MINUTE)
      await watched(T0 + 15 * MINUTE, T0 + 20 * MINUTE)
      const trend = await reader()(sales, { fromMs: T0, toMs: T0 + 20 * MINUTE }, STEP_MS, 'auto', never)
      expect(trend.buckets.map(({ fromMs }) => fromMs - T0)).toEqual([0, 15 * MINUTE])
    })

    test('take Prometheus where the store has a hole that it has not, and the ledger all the same', async () => {
      await watched(T0, T0 + 5 * MINUTE)
      await store.write(batchOf(seq++, { incidents: [incidentOf('i1', sales, T0 + 7 * MINUTE)] }))
      const { url, asked } = await prometheusOf({ fromMs: T0, toMs: T0 + DAY })
      const range = { fromMs: T0, toMs: T0 + 18 * MINUTE }
      const trend = await reader(url)(sales, range, STEP_MS, 'auto', never)
      expect([trend.source, trend.incidents]).toEqual(['prometheus', 1])
      expect(trend.buckets).toHaveLength(4)
      expect(trend.buckets[1]).toMatchObject({
        fromMs: T0 + 5 * MINUTE,
        checks: 20,
        failures: 0,
        observedMs: 5 * MINUTE,
        meanDurationMs: 50,
        maxDurationMs: 200,
        worstStatus: 'warning',
        incidents: 1,
      })
      // The last step is cut by the end of the range.
      expect(trend.buckets[3]).toMatchObject({
        toMs: range.toMs,
        checks: 12,
        observedMs: 3 * MINUTE,
        maxDurationMs: 200,
      })
      expect(asked).toContain(
        'max_over_time(whatsapp_account_check_duration_seconds{account="sales-01",gateway="waha-1"}[180s])',
      )
    })

    test('take the store where it saw all, and do not ask Prometheus', async () => {
      await watched(T0, T0 + 20 * MINUTE)
      const { url, asked } = await prometheusOf({ fromMs: T0, toMs: T0 + DAY })
      expect((await reader(url)(sales, { fromMs: T0, toMs: T0 + 20 * MINUTE }, STEP_MS, 'auto', never)).source).toBe(
        'store',
      )
      expect(asked).toEqual([])
    })

    test('take Prometheus for steps of days whose single checks have expired, else the day counts to the step it begins in', async () => {
      await watched(T0, T0 + DAY)
      await tidy(store, T0 + 40 * DAY, { historyMs: 30 * DAY, summaryMs: 730 * DAY })
      const range = { fromMs: T0, toMs: T0 + DAY }
      const alone = await reader()(sales, range, HOUR, 'auto', never)
      expect(alone.buckets.map(({ fromMs, observedMs }) => [fromMs, observedMs])).toEqual([[T0, DAY]])
      const { url } = await prometheusOf({ fromMs: T0 - HOUR, toMs: T0 + 2 * DAY })
      const trend = await reader(url)(sales, range, HOUR, 'auto', never)
      expect([trend.source, trend.buckets.length]).toEqual(['prometheus', 24])
      // A day is what such a store still knows: nothing else is needed.
      expect((await reader(url)(sales, range, DAY, 'auto', never)).source).toBe('store')
    })

    test('ask a Prometheus that fails once, and fail themselves only where nothing else was asked for', async () => {
      await watched(T0, T0 + 5 * MINUTE)
      const { url, asked } = await prometheusOf({ fromMs: T0, toMs: T0 + DAY, status: 503 })
      const read = reader(url)
      const range = { fromMs: T0, toMs: T0 + 20 * MINUTE }
      expect((await read(sales, range, STEP_MS, 'auto', never)).source).toBe('store')
      // They were asked at once: the first refusal ends the look, and the others still arrive.
      await expect.poll(() => asked.length).toBe(4)
      expect((await read(sales, range, STEP_MS, 'auto', never)).source).toBe('store')
      expect(asked).toHaveLength(4)
      await expect(read(sales, range, STEP_MS, 'prometheus', never)).rejects.toMatchObject({ name: 'PrometheusError' })
      expect((await read(sales, range, STEP_MS, 'store', never)).buckets).toHaveLength(1)
    })
  })
}
