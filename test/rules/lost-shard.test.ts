import { describe, expect, test } from 'vitest'
import { parseDurationMs } from '../../src/option-types.ts'
import { isAlert } from '../../src/rules/rule.ts'
import { account, type Phase } from './fleet.ts'
import { ALL_GROUPS, type Expected, promtoolTest, type Stretch, values } from './promtool.ts'

/** All groups with alerts that are kept, and what they are made of. */
const GROUPS = [
  'whatsapp-account-alerts',
  'whatsapp-account-steady-alerts',
  'whatsapp-gateway-alerts',
  'whatsapp-fleet-alerts',
]
const SALES = 'account="sales",gateway="waha-1",tenant="acme"'
const OTHER = 'account="support",gateway="waha-2",tenant="beta"'
const DISCONNECTED = `alertname="WhatsAppAccountDisconnected",${SALES}`
const ILL = { status: 'unhealthy', state: 'disconnected', reason: 'network', incidentStart: 600 } as const
const of = (instance: string) => `instance="${instance}",job="whatsapp-exporter"`

/** An exporter with its ordinal, where it answers; one sample a minute. */
function shard(
  instance: string,
  ordinal: number,
  ...answers: readonly (readonly [answers: boolean, samples: number])[]
) {
  const shown = (value: number) => answers.map(([isThere, samples]): Stretch => [isThere ? value : '_', samples])
  return {
    [`whatsapp_exporter_shard_ordinal{${of(instance)}}`]: values(...shown(ordinal)),
    [`whatsapp_exporter_shards{${of(instance)}}`]: values(...shown(2)),
  }
}

/** The shard that lives, with an account that is well all the time. */
const living = (samples: number) => ({
  ...shard('a', 0, [true, samples]),
  ...account([{ samples }], OTHER, of('a')),
})

/** The second shard and its account: ten minutes well, ten ill, then silent for so long, and then as told. */
function dying(silent: number, after: readonly Phase[] = [], ill: Omit<Phase, 'samples'> = ILL) {
  const rest = after.reduce((sum, { samples }) => sum + samples, 0)
  return {
    ...shard('b', 1, [true, 20], [false, silent], [true, rest]),
    ...account([{ samples: 10 }, { samples: 10, ...ill }, { samples: silent, gone: true }, ...after], SALES, of('b')),
  }
}

/** The alerts that fire, by their labels without severity. */
function firing(at: string, ...alerts: readonly string[]): Expected {
  return {
    at,
    expr: 'count without (severity, alertstate) (ALERTS{alertstate="firing"})',
    samples: Object.fromEntries(alerts.map((labels) => [`{${labels}}`, 1])),
  }
}

const run = (series: Record<string, string>, ...expected: readonly Expected[]) =>
  promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })

// The real promtool, several at once on a machine that others use too.
describe.concurrent('when one of two shards dies', { timeout: 60_000 }, () => {
  test('an alert of its account goes on, while nothing is known of it', async () => {
    const series = { ...living(120), ...dying(100) }
    const at = ['10m', '19m', '20m', '21m', '23m', '30m', '119m']
    expect(await run(series, firing('9m'), ...at.map((time) => firing(time, DISCONNECTED)))).toBe('')
  })

  test('it says that nobody answers for it', async () => {
    const what = (description: string) => ({
      summary: 'A WhatsApp account is down and is being repaired.',
      description,
      runbook_url: 'http://127.0.0.1:19292/docs/alerts/account-disconnected.md',
      dashboard_url: 'http://127.0.0.1:3000/d/whatsapp-account?var-account=sales&var-gateway=waha-1',
    })
    const labels = { account: 'sales', gateway: 'waha-1', tenant: 'acme', severity: 'warning' }
    const alert = 'WhatsAppAccountDisconnected'
    const kept =
      'No exporter sees sales at waha-1 now: nobody knows how it is. When last seen: A WhatsApp account is down and is being repaired.'
    const alerts = [{ at: '30m', alert, labels, annotations: what(kept) }]
    const series = { ...living(60), ...dying(40) }
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, alerts })).toBe('')
  })

  test('and comes back with its account still broken, it is the same alert without a gap', async () => {
    const series = { ...living(90), ...dying(20, [{ samples: 20, ...ILL }, { samples: 30 }]) }
    const always = Array.from({ length: 50 }, (_, index) => firing(`${10 + index}m`, DISCONNECTED))
    const since = {
      at: '59m',
      expr: 'max without (severity) (ALERTS_FOR_STATE)',
      samples: { [`{${DISCONNECTED}}`]: 600 },
    }
    expect(await run(series, ...always, since, firing('62m'))).toBe('')
  })

  test('and comes back with its account well, the alert ends', async () => {
    const series = { ...living(90), ...dying(20, [{ samples: 50 }]) }
    expect(await run(series, firing('39m', DISCONNECTED), firing('41m', DISCONNECTED), firing('42m'))).toBe('')
  })

  test('and its place is taken by another process, the alert goes on, once, and ends with the outage', async () => {
    const series = {
      ...living(90),
      ...dying(70),
      ...shard('c', 1, [false, 40], [true, 50]),
      ...account([{ samples: 40, gone: true }, { samples: 20, ...ILL }, { samples: 30 }], SALES, of('c')),
    }
    const always = Array.from({ length: 50 }, (_, index) => firing(`${10 + index}m`, DISCONNECTED))
    expect(await run(series, ...always, firing('62m'))).toBe('')
  })

  test('and another shard takes its account over and finds it well, the alert ends', async () => {
    const series = {
      ...living(90),
      ...dying(70),
      ...account([{ samples: 30, gone: true }, { samples: 60 }], SALES, of('a')),
    }
    expect(await run(series, firing('29m', DISCONNECTED), firing('32m'))).toBe('')
  })

  test('two processes that show the account for a while make one alert', async () => {
    const series = {
      ...living(60),
      ...dying(20, [{ samples: 20, ...ILL }]),
      ...shard('c', 1, [false, 30], [true, 30]),
      ...account(
        [
          { samples: 30, gone: true },
          { samples: 30, ...ILL },
        ],
        SALES,
        of('c'),
      ),
    }
    expect(await run(series, firing('35m', DISCONNECTED), firing('45m', DISCONNECTED))).toBe('')
  })

  test('and stays away, the alert ends after twelve hours', async () => {
    const series = { ...living(760), ...dying(740) }
    expect(await run(series, firing('730m', DISCONNECTED), firing('745m'))).toBe('')
  })

  test('a cause stays the cause, and nothing new is told', async () => {
    const ill = { ...ILL, state: 'awaiting_auth', reason: 'logged_out', budgetLeft: 0 } as const
    const alerts = ['AwaitingAuth', 'RecoveryExhausted'].map((name) => `alertname="WhatsAppAccount${name}",${SALES}`)
    const series = { ...living(90), ...dying(70, [], ill) }
    expect(await run(series, firing('19m', ...alerts), firing('80m', ...alerts))).toBe('')
  })

  test('what was not told before is not told now: a warning that waits, and an account that is well again', async () => {
    const warning = { status: 'warning', state: 'degraded' } as const
    const series = {
      ...living(60),
      ...shard('b', 1, [true, 20], [false, 40]),
      ...account([{ samples: 17 }, { samples: 3, ...warning }, { samples: 40, gone: true }], SALES, of('b')),
      ...account(
        [{ samples: 5 }, { samples: 5, ...ILL }, { samples: 10 }, { samples: 40, gone: true }],
        SALES.replace('sales', 'again'),
        of('b'),
      ),
    }
    expect(await run(series, ...['19m', '20m', '21m', '25m', '40m'].map((at) => firing(at)))).toBe('')
  })

  test('a warning that was told goes on', async () => {
    const warning = { status: 'warning', state: 'degraded' } as const
    const told = `alertname="WhatsAppAccountWarning",${SALES}`
    expect(await run({ ...living(90), ...dying(70, [], warning) }, firing('19m', told), firing('80m', told))).toBe('')
  })

  test('alerts of another installation in the cluster end as ever', async () => {
    const staging = (series: Record<string, string>) =>
      Object.fromEntries(
        Object.entries(series).map(([name, text]) => [name.replace('}', ',namespace="staging"}'), text]),
      )
    const series = {
      ...staging(shard('b', 1, [true, 20], [false, 40])),
      ...living(60),
      ...account([{ samples: 10 }, { samples: 10, ...ILL }, { samples: 40, gone: true }], SALES, of('a')),
    }
    expect(await run(series, firing('21m', DISCONNECTED), firing('23m'))).toBe('')
  })
})

describe.concurrent('when one of two shards is cut off', { timeout: 60_000 }, () => {
  const blind = (instance: string, ...stretches: readonly Stretch[]) => ({
    [`whatsapp_exporter_blind{${of(instance)}}`]: values(...stretches),
  })
  const cut = (after: Omit<Phase, 'samples'>) => ({
    ...living(90),
    ...blind('a', [0, 90]),
    ...shard('b', 1, [true, 90]),
    ...blind('b', [0, 20], [1, 30], [0, 40]),
    ...account(
      [
        { samples: 10 },
        { samples: 10, ...ILL },
        { samples: 30, status: 'unknown' },
        { samples: 20, ...after },
        { samples: 20 },
      ],
      SALES,
      of('b'),
    ),
  })

  test('the alerts of its accounts go on', async () => {
    const always = Array.from({ length: 60 }, (_, index) => firing(`${10 + index}m`, DISCONNECTED))
    const expected = always.map((one) => ({
      ...one,
      expr: one.expr.replace('{', '{alertname="WhatsAppAccountDisconnected",'),
    }))
    expect(await run(cut(ILL), ...expected, firing('72m'))).toBe('')
  })

  test('and end when it sees that they are well', async () => {
    expect(await run(cut({}), firing('60m'))).toBe('')
  })

  test('an account that is unknown for another reason has no alert that is kept', async () => {
    const series = { ...cut(ILL), ...blind('b', [0, 90]) }
    expect(await run(series, firing('23m'))).toBe('')
  })
})

describe.concurrent('the alert ends', { timeout: 60_000 }, () => {
  test('when an account is taken out of the configuration', async () => {
    const series = {
      ...living(60),
      ...shard('b', 1, [true, 60]),
      ...account([{ samples: 10 }, { samples: 10, ...ILL }, { samples: 40, gone: true }], SALES, of('b')),
    }
    expect(await run(series, firing('21m', DISCONNECTED), firing('23m'))).toBe('')
  })

  test('also in a rollout of pods, each with a new address', async () => {
    const series = {
      ...living(60),
      ...shard('b', 1, [true, 20], [false, 40]),
      ...shard('c', 1, [false, 21], [true, 39]),
      ...account([{ samples: 10 }, { samples: 10, ...ILL }, { samples: 40, gone: true }], SALES, of('b')),
    }
    expect(await run(series, firing('21m', DISCONNECTED), firing('24m'))).toBe('')
  })
})

test('the alerts of a single exporter go on while it is away', { timeout: 60_000 }, async () => {
  const series = dying(40, [{ samples: 20 }])
  expect(await run(series, firing('50m', DISCONNECTED), firing('65m'))).toBe('')
})

describe.concurrent('of a gateway, when the shard dies that sees it', { timeout: 60_000 }, () => {
  const down = `alertname="WhatsAppGatewayDown",gateway="waha-1",tenant="acme"`
  const up = (instance: string, ...stretches: readonly Stretch[]) => ({
    [`whatsapp_gateway_up{gateway="waha-1",driver="waha",${of(instance)}}`]: values(...stretches),
  })
  const behind = { ...ILL, reason: 'gateway_down' } as const
  const dead = { ...living(90), ...dying(70, [], behind), ...up('b', [1, 10], [0, 10], ['_', 70]) }

  test('the alert goes on where no other one sees it, and says so', async () => {
    expect(await run(dead, firing('19m', down), firing('80m', down))).toBe('')
  })

  test('a tenant whose accounts were all there still hears of it where another one sees it down', async () => {
    const seen = { ...dead, ...up('a', [1, 10], [0, 40], [1, 40]) }
    const beta = account([{ samples: 90, status: 'unknown' }], OTHER.replace('waha-2', 'waha-1'), of('a'))
    const others = `alertname="WhatsAppGatewayDown",gateway="waha-1",tenant="beta"`
    // The other account of `living` is at another gateway.
    const expected = [firing('12m', down, others), firing('49m', down, others)].map((one) => ({
      ...one,
      expr: one.expr.replace('{', '{alertname="WhatsAppGatewayDown",'),
    }))
    const over = { ...firing('53m'), expr: 'count(ALERTS{alertname="WhatsAppGatewayDown",alertstate="firing"})' }
    expect(await run({ ...seen, ...beta }, ...expected, over)).toBe('')
  })

  test('it ends where another one sees it up', async () => {
    expect(await run({ ...dead, ...up('a', [1, 90]) }, firing('19m', down), firing('80m'))).toBe('')
  })
})

test('a fleet that is degraded stays so while the bad accounts are those of a lost shard', {
  timeout: 60_000,
}, async () => {
  const named = (name: string, gateway = 'waha-1') => `account="${name}",gateway="${gateway}"`
  const fleet = (bad: number) =>
    Object.assign(
      { ...shard('a', 0, [true, 90]), ...shard('b', 1, [true, 20], [false, 70]) },
      ...Array.from({ length: 10 }, (_, index) => account([{ samples: 90 }], named(`a${index}`), of('a'))),
      ...Array.from({ length: 10 }, (_, index) =>
        account(
          [{ samples: 10 }, { samples: 10, ...(index < bad ? ILL : {}) }, { samples: 70, gone: true }],
          named(`b${index}`),
          of('b'),
        ),
      ),
    )
  const degraded = (at: string, count: number): Expected => ({
    at,
    expr: 'count(ALERTS{alertname="WhatsAppFleetDegraded",alertstate="firing"}) or vector(0)',
    samples: { '{}': count },
  })
  expect(await run(fleet(5), degraded('9m', 0), degraded('19m', 1), degraded('80m', 1))).toBe('')
  // 3 of 20 are few; that 3 of the 13 that are known are more begins no alert.
  expect(await run(fleet(3), degraded('19m', 0), degraded('30m', 0), degraded('80m', 0))).toBe('')
})

describe('every alert about what exporters show', () => {
  const all = ALL_GROUPS.flatMap(({ interval, rules }) =>
    rules
      .filter(isAlert)
      .filter(({ alert }) => /^WhatsApp(Account|Gateway|Tenant|Fleet)/.test(alert))
      .map((rule) => [rule.alert, rule, interval] as const),
  )

  test.each(all)('%s is kept', (alert, rule, interval) => {
    expect(rule.expr).toContain(`ALERTS{alertname="${alert}",alertstate="firing"}`)
    // At its first evaluation without the shard, what is unseen may not have been recorded yet.
    const bridgedMs = parseDurationMs(rule.keepFiringFor ?? '0s') ?? 0
    expect(bridgedMs).toBeGreaterThan(parseDurationMs(interval) ?? Number.NaN)
  })
})
