import { expect, test } from 'vitest'
import { z } from 'zod'
import { EVERYBODY } from '../../src/api/access/principal.ts'
import { healthCheckRoute } from '../../src/api/routes/health-check.ts'
import { StoreError } from '../../src/store/store.ts'
import {
  account,
  bucket,
  fakeMonitor,
  fakeParts,
  fakeStore,
  fleetOf,
  NOW_MS,
  read,
  smallFleet,
  view,
  withApi,
} from './fakes.ts'

const Results = z.object({ results: z.array(z.object({ account: z.object({ key: z.string(), why: z.string() }) })) })
const Accounts = z.object({
  accounts: z.array(z.object({ key: z.string() })),
  matched: z.number(),
  nextCursor: z.string().optional(),
})
const JSON_BODY = { 'content-type': 'application/json' }

test('the lifecycle paths follow the conventions of Prometheus', () =>
  withApi({}, async ({ url }) => {
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
    expect((await fetch(`${url}/-/ready`)).status).toBe(200)
    expect(await (await fetch(`${url}/-/reload`, { method: 'POST' })).json()).toEqual({ reloaded: true })
    expect((await fetch(`${url}/-/reload`)).status).toBe(405)
    expect(await (await fetch(`${url}/config`)).text()).toBe('gateways: []\n')
  }))

test('ready answers 503 before the first cycle, and while the service stops', async () => {
  await withApi({ ready: () => false }, async ({ url }) => {
    expect((await fetch(`${url}/-/ready`)).status).toBe(503)
  })
  await withApi({ signal: AbortSignal.abort() }, async ({ url }) => {
    const answer = await fetch(`${url}/-/ready`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ detail: 'The exporter is stopping.' })
  })
})

test('a reload that fails tells every fault', () =>
  withApi({ reload: async () => ({ ok: false, faults: ['a: wrong', 'b: wrong'] }) }, async ({ url }) => {
    const answer = await fetch(`${url}/-/reload`, { method: 'POST' })
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ faults: [{ rule: 'a: wrong' }, { rule: 'b: wrong' }] })
  }))

test('check now checks all without a body, and the named ones with one', async () => {
  const monitor = fakeMonitor()
  await withApi({ monitor }, async ({ url }) => {
    const all = await read(await fetch(`${url}/api/health/check`, { method: 'POST' }), Results)
    expect(all.results).toHaveLength(4)
    expect(all.results[1]?.account.why).toBe(
      'Unhealthy: disconnected, network (the gateway says FAILED) after 3 bad checks in a row. ' +
        'No restart: the pause after the last attempt is not over, until 2026-03-01T03:12:20.000Z.',
    )
    const body = JSON.stringify({ accounts: ['+971 50 576 0056', 'evo/shared'] })
    const named = await fetch(`${url}/api/health/check`, { method: 'POST', headers: JSON_BODY, body })
    expect((await read(named, Results)).results.map((result) => result.account.key)).toEqual([
      'waha-1/sales-01',
      'evo/shared',
    ])
    expect(monitor.checked).toEqual(['all', ['waha-1/sales-01', 'evo/shared']])
  })
})

test('check now of an account that is not there checks nothing', async () => {
  const monitor = fakeMonitor()
  await withApi({ monitor }, async ({ url }) => {
    for (const id of ['sales-99', 'waha-1/gone']) {
      const body = JSON.stringify({ accounts: ['sales-01', id] })
      const answer = await fetch(`${url}/api/health/check`, { method: 'POST', headers: JSON_BODY, body })
      expect(answer.status).toBe(404)
    }
    expect(monitor.checked).toEqual([])
  })
})

test('a client that goes away ends its wait for the checks', async () => {
  const gone = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const monitor = fakeMonitor(smallFleet(), {
    checkNow: (_keys, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          gone.resolve()
          reject(signal.reason)
        })
        started.resolve()
      }),
  })
  await withApi({ monitor }, async ({ url }) => {
    const client = new AbortController()
    const request = fetch(`${url}/api/health/check`, { method: 'POST', signal: client.signal })
    await started.promise
    client.abort()
    await expect(request).rejects.toThrow()
    await gone.promise
  })
})

const endless = { checkNow: () => new Promise<never>(() => {}) }
const bareCall = {
  params: {},
  search: new URLSearchParams(),
  body: Buffer.alloc(0),
  header: () => undefined,
  principal: EVERYBODY,
  signal: new AbortController().signal,
}

test('checks that take too long are a problem, and so is the end of the service meanwhile', async () => {
  const monitor = fakeMonitor(smallFleet(), endless)
  const slow = healthCheckRoute(fakeParts({ monitor }), 10)
  await expect(slow.serve(bareCall)).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('0.01 s'),
  })
  const ending = new AbortController()
  const answer = healthCheckRoute(fakeParts({ monitor, signal: ending.signal })).serve(bareCall)
  ending.abort()
  await expect(answer).rejects.toMatchObject({ code: 'unavailable' })
  await expect(healthCheckRoute(fakeParts({ monitor, signal: ending.signal })).serve(bareCall)).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test('status counts the whole fleet and lists the accounts that match', () =>
  withApi({}, async ({ url }) => {
    const status = await (await fetch(`${url}/api/health/status?status=unhealthy&status=unknown&sort=status`)).json()
    expect(status).toMatchObject({
      summary: {
        accounts: 4,
        byStatus: { healthy: 2, warning: 0, unhealthy: 1, unknown: 1 },
        openIncidents: 1,
      },
    })
    expect(status).toMatchObject({ matched: 2, accounts: [{ key: 'waha-1/sales-02' }, { key: 'evo/shared' }] })
    expect(status).toMatchObject({
      gateways: [{ name: 'waha-1', up: true }],
      exporter: { version: '0.1.0', checkIntervalSeconds: 15 },
    })
    const search = await (await fetch(`${url}/api/health/status?q=SALES&label=team%3Dsales&gateway=waha-1`)).json()
    expect(search).toMatchObject({ matched: 2 })
  }))

test('pages of accounts neither repeat nor leave out any', () =>
  withApi({}, async ({ url }) => {
    for (const sort of ['key', 'name', 'status', 'since', 'response', 'failures']) {
      for (const order of ['asc', 'desc']) {
        const keys: string[] = []
        let cursor = ''
        do {
          const page = await read(
            await fetch(`${url}/api/health/status?limit=1&sort=${sort}&order=${order}${cursor}`),
            Accounts,
          )
          keys.push(...page.accounts.map(({ key }) => key))
          cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`
        } while (cursor !== '')
        expect(keys.toSorted()).toEqual(['evo/shared', 'waha-1/sales-01', 'waha-1/sales-02', 'waha-1/shared'])
      }
    }
  }))

test('figures are quotients of the counters, and null where nothing was observed', async () => {
  await withApi({}, async ({ url }) => {
    const figures = await (await fetch(`${url}/api/health/metrics`)).json()
    expect(figures).toMatchObject({
      availability: 0.99,
      incidents: 4,
      mttrSeconds: 36,
      mttdSeconds: 30,
      mtbfSeconds: 3564,
      recoverySuccess: 0.5,
    })
  })
  await withApi({ monitor: fakeMonitor([]) }, async ({ url }) => {
    const figures = await (await fetch(`${url}/api/health/metrics`)).json()
    expect(figures).toMatchObject({ availability: null, mttrSeconds: null, recoverySuccess: null })
  })
})

test('an account is found by id, phone in any notation, and URL-encoded key', () =>
  withApi({}, async ({ url }) => {
    for (const id of ['sales-01', '971505760056', '%2B971%2050-576-0056', 'waha-1%2Fsales-01']) {
      const found = await (await fetch(`${url}/api/health/${id}`)).json()
      expect(found).toMatchObject({ key: 'waha-1/sales-01', availability: 0.99, counters: { checks: 240 } })
    }
  }))

test('an unlimited messaging limit is told in words, for JSON has no infinity', async () => {
  const one = view(account(), { evidence: { messagingLimit: Number.POSITIVE_INFINITY, qualityRating: 3 } })
  await withApi({ monitor: fakeMonitor([one]) }, async ({ url }) => {
    const found = await (await fetch(`${url}/api/health/sales-01`)).json()
    expect(found).toMatchObject({
      evidence: { lastActivityAt: null, messagingLimit: 'unlimited', qualityRating: 3 },
    })
  })
})

test('an unknown account is a 404 with a hint, an ambiguous one a 409 with candidates', () =>
  withApi({}, async ({ url }) => {
    const unknown = await fetch(`${url}/api/health/sales-03`)
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ hint: 'Did you mean "sales-01"?' })
    const ambiguous = await fetch(`${url}/api/health/shared`)
    expect(ambiguous.status).toBe(409)
    expect(await ambiguous.json()).toMatchObject({ candidates: ['waha-1/shared', 'evo/shared'] })
  }))

test('trends ask the store for the range, with a step that fits', async () => {
  const asked: unknown[] = []
  const store = fakeStore({
    history: async (...question) => {
      asked.push(question)
      return [bucket]
    },
  })
  await withApi({ store }, async ({ url }) => {
    const day = await (await fetch(`${url}/api/health/trends/sales-01`)).json()
    expect(asked[0]).toEqual(['waha-1/sales-01', { fromMs: Date.parse('2026-02-28T03:10:00Z'), toMs: NOW_MS }, 300_000])
    expect(day).toMatchObject({ buckets: [{ availability: 0.95, meanResponseSeconds: 0.051 }] })
    await fetch(`${url}/api/health/trends/sales-01?from=2026-02-28T00:00:00%2B04:00&to=1772334720&step=1h`)
    expect(asked[1]).toEqual([
      'waha-1/sales-01',
      { fromMs: Date.parse('2026-02-27T20:00:00Z'), toMs: NOW_MS },
      3_600_000,
    ])
  })
})

for (const [name, { query, rule }] of Object.entries({
  'an end before the start': { query: 'from=1772334720&to=1772334000', rule: 'query.to: must be later than from' },
  'a range beyond the history': {
    query: 'from=2020-01-01',
    rule: 'query.from: must be at most 731 days before to: history goes no further back',
  },
  'too many steps': {
    query: 'from=2026-01-01&step=1m',
    rule: 'query.step: gives 85152 steps, more than 11000. Take a longer step or a shorter range',
  },
  'half a minute': { query: 'step=30s', rule: 'query.step: must be whole minutes' },
  'a moment that is none': {
    query: 'from=yesterday',
    rule: 'query.from: must be a moment with its offset such as 2026-03-01T03:12:00Z, a date such as 2026-03-01, or Unix seconds',
  },
  'a step that is none': {
    query: 'step=often',
    rule: 'query.step: must be a duration such as 5m or 1h30m, or seconds',
  },
})) {
  test(`trends refuse ${name}`, () =>
    withApi({}, async ({ url }) => {
      const answer = await fetch(`${url}/api/health/trends/sales-01?${query}`)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ detail: rule })
    }))
}

test('lists hand their filters to the store', async () => {
  const asked: unknown[] = []
  const store = fakeStore({
    incidents: async (filter) => {
      asked.push(filter)
      return { items: [] }
    },
  })
  await withApi({ store }, async ({ url }) => {
    await fetch(`${url}/api/incidents?account=shared&account=old/gone&gateway=evo&open=true&from=0&limit=7&cursor=abc`)
    expect(asked[0]).toMatchObject({
      keys: ['waha-1/shared', 'evo/shared', 'old/gone'],
      gateway: 'evo',
      open: true,
      range: { fromMs: 0 },
      limit: 7,
      cursor: 'abc',
    })
  })
})

test('an incident comes with its recoveries and transitions', () =>
  withApi({}, async ({ url }) => {
    const found = await (await fetch(`${url}/api/incidents/inc-1`)).json()
    expect(found).toMatchObject({
      incident: { id: 'inc-1', startedAt: '2026-03-01T03:02:00.000Z', downtimeSeconds: 600 },
      recoveries: [{ id: 'rec-1' }],
      transitions: [{ fromState: 'connected', toState: 'disconnected' }],
    })
    expect((await fetch(`${url}/api/incidents/none`)).status).toBe(404)
  }))

test('recoveries and transitions are listed', () =>
  withApi({}, async ({ url }) => {
    const recoveries = await (await fetch(`${url}/api/recoveries?incident=inc-1`)).json()
    expect(recoveries).toMatchObject({ recoveries: [{ id: 'rec-1', outcome: 'pending' }] })
    const history = await (await fetch(`${url}/api/accounts/sales-02/transitions`)).json()
    expect(history).toMatchObject({ key: 'waha-1/sales-02', transitions: [{ reason: 'network' }] })
  }))

test('a repair is asked in the name of who asks, and refused with the reason and the time', async () => {
  const monitor = fakeMonitor()
  await withApi({ monitor }, async ({ url }) => {
    const answer = await fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST' })
    expect(answer.status).toBe(202)
    expect(monitor.recovered).toEqual([{ key: 'waha-1/sales-02', by: 'anonymous' }])
  })
  const refusing = fakeMonitor(smallFleet(), {
    recover: async () => ({ refused: { act: false, refusal: 'gateway_parallel', retryAtMs: NOW_MS + 12_500 } }),
  })
  await withApi({ monitor: refusing }, async ({ url }) => {
    const answer = await fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST' })
    expect(answer.status).toBe(409)
    expect(answer.headers.get('retry-after')).toBe('13')
    expect(await answer.json()).toMatchObject({ refusal: 'gateway_parallel', retryAt: '2026-03-01T03:12:12.500Z' })
  })
})

test('a store that is down is a 503, a foreign cursor a 400', async () => {
  const down = fakeStore({ incidents: () => Promise.reject(new StoreError('unavailable', 'no disk at /secret/path')) })
  await withApi({ store: down }, async ({ url }) => {
    const answer = await fetch(`${url}/api/incidents`)
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('/secret/path')
    expect((await fetch(`${url}/api/health/status`)).status).toBe(200)
    expect((await fetch(`${url}/`)).status).toBe(200)
  })
  const foreign = fakeStore({ incidents: () => Promise.reject(new StoreError('bad_cursor', 'bad')) })
  await withApi({ store: foreign }, async ({ url }) => {
    expect((await fetch(`${url}/api/incidents?cursor=x`)).status).toBe(400)
  })
})

test('an empty fleet says that discovery may still be under way', () =>
  withApi({ monitor: fakeMonitor([], { fleet: fleetOf([], []) }) }, async ({ url }) => {
    const answer = await fetch(`${url}/api/health/sales-01`)
    expect(await answer.json()).toMatchObject({ hint: expect.stringContaining('discovery') })
  }))
