import { describe, expect, test } from 'vitest'
import { ALERT_CASES } from './alert-cases.ts'
import { account, gateway, type Phase, SCRAPED } from './fleet.ts'
import { ALL_GROUPS, type Expected, growing, promtoolTest, values } from './promtool.ts'

/** All groups whose alerts are about accounts and gateways that are down. */
const GROUPS = [
  'whatsapp-account-alerts',
  'whatsapp-account-steady-alerts',
  'whatsapp-gateway-alerts',
  'whatsapp-fleet-alerts',
]
const ACME = 'account="sales",gateway="waha-1",tenant="acme"'
const BETA = 'account="support",gateway="waha-1",tenant="beta"'
const NOBODY = 'account="spare",gateway="waha-1"'
const ALL = [ACME, BETA, NOBODY]

/** Ten minutes well, five of what the accounts show before the gateway is known to be down, fifteen of it, an hour well. */
function behindDeadGateway(before: Omit<Phase, 'samples'>, during: Omit<Phase, 'samples'>): Record<string, string> {
  const phases = [
    { samples: 10 },
    { samples: 5, incidentStart: 600, ...before },
    { samples: 15, incidentStart: 600, ...during },
    { samples: 60 },
  ]
  return Object.assign({}, ...ALL.map((labels) => account(phases, labels)))
}

/** The alerts that fire, by their labels without severity. */
function firing(at: string, alerts: readonly string[]): Expected {
  return {
    at,
    expr: 'count without (severity, alertstate) (ALERTS{alertstate="firing"})',
    samples: Object.fromEntries(alerts.map((labels) => [`{${labels}}`, 1])),
  }
}

const of = (alertname: string, ...labels: readonly string[]) =>
  labels.map((text) => [`alertname="${alertname}"`, text].filter(Boolean).join(','))

const DOWN = { status: 'unhealthy', state: 'disconnected' } as const
const GATEWAY_DOWN = of(
  'WhatsAppGatewayDown',
  'gateway="waha-1",tenant="acme"',
  'gateway="waha-1",tenant="beta"',
  'gateway="waha-1"',
)

// The real promtool, several at once on a machine that others use too.
describe.concurrent('when a gateway is down', { timeout: 60_000 }, () => {
  const dead = gateway({
    up: [
      [1, 15],
      [0, 15],
      [1, 60],
    ],
    accounts: 3,
  })

  test('its accounts have no alert of their own, and each tenant hears of it once, also who has no tenant', async () => {
    const series = {
      ...behindDeadGateway({ status: 'warning', state: 'disconnected' }, { ...DOWN, reason: 'gateway_down' }),
      ...dead,
    }
    const expected = [firing('14m', []), firing('15m', GATEWAY_DOWN), firing('29m', GATEWAY_DOWN), firing('40m', [])]
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })).toBe('')
  })

  test('accounts that were told of before are told to be over, now that the cause is known', async () => {
    const series = {
      ...behindDeadGateway({ ...DOWN, reason: 'network' }, { ...DOWN, reason: 'gateway_down' }),
      ...dead,
    }
    const told = of('WhatsAppAccountDisconnected', ...ALL)
    const expected = [
      firing('14m', [...told, ...of('WhatsAppFleetDegraded', '')]),
      firing('25m', GATEWAY_DOWN),
      firing('40m', []),
    ]
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })).toBe('')
  })

  test('nobody hears of it while all its accounts are in maintenance', async () => {
    const phases = [{ samples: 10 }, { samples: 20, maintenance: true }, { samples: 60 }] as const
    const series = { ...account(phases, ACME), ...account(phases, BETA), ...dead }
    const expected = ['14m', '16m', '29m'].map((at) => firing(at, []))
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })).toBe('')
  })

  test('an account that stays down with a reason of its own has its own alert when the gateway is back', async () => {
    const phases = [
      { samples: 15 },
      { samples: 15, incidentStart: 900, ...DOWN, reason: 'gateway_down' },
      { samples: 60, incidentStart: 900, ...DOWN, reason: 'network' },
    ] as const
    const series = { ...account(phases, ACME), ...account([{ samples: 90 }], BETA), ...dead }
    const own = of('WhatsAppAccountDisconnected', ACME)
    const expected = [
      firing('29m', of('WhatsAppGatewayDown', 'gateway="waha-1",tenant="acme"', 'gateway="waha-1",tenant="beta"')),
      firing('40m', own),
    ]
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })).toBe('')
  })
})

describe('a fleet that is new, or whose Prometheus is', { timeout: 60_000 }, () => {
  const SAMPLES = 8 * 60
  const SLO = ALL_GROUPS.map(({ name }) => name).filter((name) =>
    /-(?:5m|1h|1d|short|long|slo-pages|slo-tickets)$/.test(name),
  )
  /** Down from the first check on, or after so many minutes. */
  const downAfter = (minutes: number) => ({
    ...account(
      [{ samples: minutes }, { samples: SAMPLES - minutes, incidentStart: 60 * minutes, ...DOWN, reason: 'network' }],
      ACME,
    ),
    [`whatsapp_account_observed_seconds_total{${ACME},${SCRAPED}}`]: growing(0, 60, SAMPLES),
    [`whatsapp_account_downtime_seconds_total{${ACME},${SCRAPED}}`]: `${minutes === 0 ? '' : `${values([0, minutes])} `}${growing(0, 60, SAMPLES - minutes)}`,
    ...gateway({ up: [[1, SAMPLES]] }),
  })
  const disconnected = of('WhatsAppAccountDisconnected', ACME)
  const page = of('WhatsAppAccountBudgetBurnFast', ACME)
  const tickets = [
    ...of('WhatsAppAccountBudgetBurnSlow', ACME),
    ...of('WhatsAppGatewayBudgetBurn', 'gateway="waha-1"'),
    ...of('WhatsAppTenantBudgetBurn', 'tenant="acme"'),
  ]
  const all = { groups: ['whatsapp-account-alerts', ...SLO], step: '1m', every: '1m' }

  test('tells that its account is down at once, and speaks of rates when it has seen enough', async () => {
    const expected = [
      firing('1m', disconnected),
      firing('6m', disconnected),
      firing('25m', disconnected),
      firing('45m', [...disconnected, ...page]),
      firing('5h50m', [...disconnected, ...page]),
      firing('6h30m', [...disconnected, ...page, ...tickets]),
    ]
    expect(await promtoolTest({ ...all, series: downAfter(0), expected })).toBe('')
  })

  test('pages as soon as the budget burns, once there is an hour of history', async () => {
    // 14.4 * 0.005 of an hour are 4.3 minutes.
    const expected = [firing('1h4m', disconnected), firing('1h6m', [...disconnected, ...page])]
    expect(await promtoolTest({ ...all, series: downAfter(60), expected })).toBe('')
  })
})

test('of two exporters that go, the first mutes nothing while the second answers', { timeout: 60_000 }, async () => {
  const up = (instance: string) => `up{instance="${instance}",job="whatsapp-exporter"}`
  const down = (instance: string, more = '') => [
    `alertname="WhatsAppExporterDown",instance="${instance}",job="whatsapp-exporter"${more}`,
  ]
  const series = { [up('a')]: values([1, 5], [0, 20], [1, 20]), [up('b')]: values([1, 15], [0, 5], [1, 25]) }
  const nobody = ',watching="nobody"'
  const groups = ['whatsapp-exporter-alerts']
  const expected = [
    firing('10m', down('a')),
    firing('18m', [...down('a', nobody), ...down('b', nobody)]),
    firing('24m', down('a')),
    firing('30m', []),
  ].map((one) => ({ ...one, expr: one.expr.replace('{', '{alertname="WhatsAppExporterDown",') }))
  expect(await promtoolTest({ groups, step: '1m', every: '1m', series, expected })).toBe('')
})

describe('the labels of an alert', () => {
  test.each(ALERT_CASES.filter(({ labels }) => 'account' in labels))(
    '$alert has gateway and tenant beside account',
    ({ labels }) => {
      expect(Object.keys(labels).toSorted()).toEqual(['account', 'gateway', 'tenant'])
    },
  )

  test('belong to an account for every alert that is named after accounts, and to none else', () => {
    const named = ALERT_CASES.filter(({ alert }) => alert.startsWith('WhatsAppAccount')).map(({ alert }) => alert)
    expect(ALERT_CASES.filter(({ labels }) => 'account' in labels).map(({ alert }) => alert)).toEqual(named)
  })

  test('are the same without a tenant, but for the tenant', { timeout: 60_000 }, async () => {
    const phases = [
      { samples: 10 },
      { samples: 20, incidentStart: 600, ...DOWN, reason: 'network' },
      { samples: 30 },
    ] as const
    const expected = [firing('9m', []), firing('15m', of('WhatsAppAccountDisconnected', NOBODY)), firing('40m', [])]
    const series = { ...account(phases, NOBODY), ...gateway({}) }
    expect(await promtoolTest({ groups: GROUPS, step: '1m', every: '1m', series, expected })).toBe('')
  })
})
