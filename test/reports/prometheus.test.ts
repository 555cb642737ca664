import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/option-types.ts'
import { chosenHistory } from '../../src/reports/chosen-history.ts'
import { type HistoryReader, type HistorySlot, observedIn } from '../../src/reports/history.ts'
import { type PrometheusApiOptions, prometheusApi } from '../../src/reports/prometheus-api.ts'
import { prometheusHistory } from '../../src/reports/prometheus-history.ts'
import { storeHistory } from '../../src/reports/store-history.ts'
import { accountOf, DAY, HOUR, type Life, live, MINUTE, storeOf } from './simulated-month.ts'

const FROM = Date.parse('2026-03-02T00:00:00Z')
const UNTIL = FROM + 7 * DAY
const WEEK = { fromMs: FROM, toMs: UNTIL }
const never = new AbortController().signal

interface Asked {
  readonly query: string
  readonly startMs: number
  readonly endMs: number
  readonly stepMs: number
  readonly authorization: string | undefined
}

type Answer = (asked: Asked) => { readonly status?: number; readonly body: unknown }

/** A Prometheus that answers range queries as told. */
async function withPrometheus(answer: Answer, body: (url: string, asked: readonly Asked[]) => Promise<void>) {
  const asked: Asked[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const form = new URLSearchParams(text)
    const ms = (name: string) => Math.round(Number(form.get(name)) * 1000)
    const one = {
      query: form.get('query') ?? '',
      startMs: ms('start'),
      endMs: ms('end'),
      stepMs: ms('step'),
      authorization: request.headers.authorization,
    }
    asked.push(one)
    const { status = 200, body: said } = answer(one)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof said === 'string' ? said : JSON.stringify(said))
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  try {
    await body(`http://127.0.0.1:${port}`, asked)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

type Series = { readonly metric: Record<string, string>; readonly values: [number, string][] }
const matrix = (result: readonly Series[]) => ({ body: { status: 'success', data: { resultType: 'matrix', result } } })

/** What Prometheus has when it scrapes every check: the counters so far, absent five minutes after the last. */
function scraped(life: Life, absentBeforeMs = 0): Answer {
  const sums = { observed: 0, downtime: 0, checks: 0, failures: 0 }
  const points = life.samples.map((sample) => {
    sums.observed += sample.observedMs / 1000
    sums.downtime += sample.downtimeMs / 1000
    sums.checks += 1
    sums.failures += sample.good ? 0 : 1
    return { ...sums, atMs: sample.atMs, duration: sample.durationMs / 1000 }
  })
  const at = (ms: number) => {
    const last = points.findLast(({ atMs }) => atMs <= ms)
    return last === undefined || ms - last.atMs > 5 * MINUTE || ms < absentBeforeMs ? null : last
  }
  const steps = ({ startMs, endMs, stepMs }: Asked) => {
    const found = []
    for (let ms = startMs; ms <= endMs; ms += stepMs) {
      const point = at(ms)
      if (point !== null) found.push({ ms, point })
    }
    return found
  }
  return (asked) => {
    const found = steps(asked)
    const { account, gateway } = life.account
    const series = (name: string, of: (point: (typeof points)[number]) => number): Series => ({
      metric: { __name__: name, account, gateway },
      values: found.map(({ ms, point }) => [ms / 1000, String(of(point))]),
    })
    if (asked.query.includes('check_duration_seconds')) {
      return matrix([series('whatsapp_account_check_duration_seconds', ({ duration }) => duration)])
    }
    return matrix([
      series('whatsapp_account_observed_seconds_total', ({ observed }) => observed),
      series('whatsapp_account_downtime_seconds_total', ({ downtime }) => downtime),
      series('whatsapp_account_checks_total', ({ checks }) => checks),
      series('whatsapp_account_check_failures_total', ({ failures }) => failures),
    ])
  }
}

const account = accountOf('plain', { account: 'pl"ain' })
const outage = {
  fromMs: FROM + 2 * DAY + 30 * MINUTE,
  toMs: FROM + 2 * DAY + 2 * HOUR,
  state: 'disconnected' as const,
  reason: 'network' as const,
}
const off = [{ fromMs: FROM + 4 * DAY, toMs: FROM + 4 * DAY + 6 * HOUR }]
const old = live({ account, bornMs: FROM - DAY, script: [outage] }, UNTIL + HOUR, off, [])
const young = live({ account, bornMs: FROM + DAY + 20 * MINUTE, script: [outage] }, UNTIL + HOUR, off, [])
const total = (slots: readonly HistorySlot[], of: (slot: HistorySlot) => number) =>
  slots.reduce((sum, slot) => sum + of(slot), 0)

describe('history from Prometheus', () => {
  test.each([
    ['an account watched for long', old],
    ['an account that is new in the period', young],
  ])('is what the store has, to the check, for %s', async (_name, life) => {
    const store = await storeOf([life])
    try {
      await withPrometheus(scraped(life), async (url, asked) => {
        const seen = await prometheusHistory(prometheusApi({ url })).read(account, WEEK, { responses: true }, never)
        const kept = await storeHistory(store).read(account, WEEK, { responses: true }, never)
        for (const of of [
          ({ observedMs }: HistorySlot) => observedMs,
          ({ downtimeMs }: HistorySlot) => downtimeMs,
          ({ checks }: HistorySlot) => checks * MINUTE,
          ({ failures }: HistorySlot) => failures * MINUTE,
        ]) {
          expect(Math.abs(total(seen.slots, of) - total(kept.slots, of))).toBeLessThanOrEqual(MINUTE)
        }
        expect(seen.source).toBe('prometheus')
        const [p95, same] = [seen.responses.figures().p95Ms ?? 0, kept.responses.figures().p95Ms ?? 0]
        expect(Math.abs(p95 / same - 1)).toBeLessThan(0.05)
        expect(asked.map(({ query }) => query)).toContain(
          '{__name__=~"whatsapp_account_observed_seconds_total|whatsapp_account_downtime_seconds_total|whatsapp_account_checks_total|whatsapp_account_check_failures_total",account="pl\\"ain",gateway="waha-1"}',
        )
      })
    } finally {
      await store.close()
    }
  })

  test('counts nothing twice when counters begin anew or go on under other labels', async () => {
    const values = (from: number, list: readonly number[]): [number, string][] =>
      list.map((value, hour) => [(FROM + (from + hour) * HOUR) / 1000, String(value)])
    const name = 'whatsapp_account_downtime_seconds_total'
    const answer: Answer = ({ query }) =>
      query.includes('check_duration')
        ? matrix([])
        : matrix([
            { metric: { __name__: name, team: 'a' }, values: values(0, [100, 160]) },
            { metric: { __name__: name, team: 'b' }, values: values(2, [220, 20, 50]) },
          ])
    await withPrometheus(answer, async (url) => {
      const range = { fromMs: FROM, toMs: FROM + 4 * HOUR }
      const api = prometheusApi({ url })
      const points = await api.queryRange('x', range, HOUR, never)
      expect(points).toHaveLength(2)
      const observed: Answer = (asked) => {
        const { body } = answer(asked)
        return { body: JSON.parse(JSON.stringify(body).replaceAll('downtime', 'observed')) }
      }
      await withPrometheus(observed, async (other) => {
        const { slots } = await prometheusHistory(prometheusApi({ url: other })).read(
          account,
          range,
          { responses: false },
          never,
        )
        expect(slots.map(({ observedMs }) => observedMs / 1000)).toEqual([60, 60, 20, 30])
      })
    })
  })
})

describe('range queries', () => {
  test('are asked in pages of at most so many points, and put together', () =>
    withPrometheus(
      ({ startMs, endMs, stepMs }) => {
        const values: [number, string][] = []
        for (let ms = startMs; ms <= endMs; ms += stepMs) values.push([ms / 1000, '1'])
        return matrix([{ metric: { a: 'b' }, values }])
      },
      async (url, asked) => {
        const api = prometheusApi({ url, maxPoints: 10 })
        const [series] = await api.queryRange('up', { fromMs: FROM, toMs: FROM + 24 * HOUR }, HOUR, never)
        expect(series?.points.map(([atMs]) => (atMs - FROM) / HOUR)).toEqual(
          Array.from({ length: 25 }, (_, hour) => hour),
        )
        expect(asked.map(({ startMs, endMs }) => (endMs - startMs) / HOUR + 1)).toEqual([10, 10, 5])
      },
    ))

  test.each<[string, ReturnType<Answer>, RegExp]>([
    [
      'a refused query',
      { status: 400, body: { status: 'error', error: 'parse error' } },
      /refuses the query \(HTTP 400: parse error\)/,
    ],
    [
      'refused credentials',
      { status: 401, body: 'no' },
      /refuses the credentials \(HTTP 401\). Check prometheus.signIn/,
    ],
    ['an overloaded server', { status: 503, body: { error: 'too many' } }, /cannot answer now \(HTTP 503: too many\)/],
    ['a page of something else', { body: '<html>' }, /is not Prometheus' API. Check prometheus.url/],
  ])('%s is told in a sentence', (_name, said, message) =>
    withPrometheus(
      () => said,
      (url) => expect(prometheusApi({ url }).queryRange('up', WEEK, HOUR, never)).rejects.toThrow(message),
    ),
  )

  test('a server that is not there is told in a sentence', () =>
    expect(prometheusApi({ url: 'http://127.0.0.1:9' }).queryRange('up', WEEK, HOUR, never)).rejects.toThrow(
      /cannot be reached .* Check prometheus.url/,
    ))

  test.each<[string, PrometheusApiOptions['signIn'], string]>([
    ['a token', { bearerToken: new Secret('canary') }, 'Bearer canary'],
    [
      'a user',
      { username: 'ada', password: new Secret('canary') },
      `Basic ${Buffer.from('ada:canary').toString('base64')}`,
    ],
  ])('sign in with %s, which no message tells', (_name, signIn, header) =>
    withPrometheus(
      () => ({ status: 401, body: 'no' }),
      async (url, asked) => {
        const failure: unknown = await prometheusApi({ url, signIn })
          .queryRange('up', WEEK, HOUR, never)
          .catch((error: unknown) => error)
        expect(asked[0]?.authorization).toBe(header)
        expect(String(failure)).not.toContain('canary')
      },
    ),
  )
})

describe('the choice between Prometheus and the store', () => {
  const options = { responses: false }

  test('the store is taken where it saw noticeably more', async () => {
    const store = await storeOf([old])
    try {
      await withPrometheus(scraped(old, FROM + 3 * DAY), async (url) => {
        const chosen = chosenHistory(prometheusHistory(prometheusApi({ url })), storeHistory(store))
        const history = await chosen.read(account, WEEK, options, never)
        expect([history.source, chosen.trouble()]).toEqual(['store', null])
        expect(observedIn(history.slots)).toBeGreaterThan(6 * DAY)
      })
      await withPrometheus(scraped(old), async (url) => {
        const chosen = chosenHistory(prometheusHistory(prometheusApi({ url })), storeHistory(store))
        expect((await chosen.read(account, WEEK, options, never)).source).toBe('prometheus')
      })
    } finally {
      await store.close()
    }
  })

  test('a Prometheus that fails is asked once, and the trouble is told', () =>
    withPrometheus(
      () => ({ status: 503, body: 'away' }),
      async (url, asked) => {
        const empty: HistoryReader = storeHistory({ history: async () => [], samples: async () => [] })
        const chosen = chosenHistory(prometheusHistory(prometheusApi({ url })), empty)
        for (let times = 0; times < 3; times++) {
          expect((await chosen.read(account, WEEK, options, never)).source).toBe('store')
        }
        expect(asked).toHaveLength(1)
        expect(chosen.trouble()).toMatch(/cannot answer now \(HTTP 503\)/)
      },
    ))

  test('an analysis that is given up asks nobody else', () =>
    withPrometheus(
      () => ({ status: 503, body: 'away' }),
      async (url) => {
        const store = storeHistory({ history: () => Promise.reject(new Error('asked')), samples: async () => [] })
        const chosen = chosenHistory(prometheusHistory(prometheusApi({ url })), store)
        const given = AbortSignal.abort(new Error('given up'))
        await expect(chosen.read(account, WEEK, options, given)).rejects.toThrow('given up')
      },
    ))
})
