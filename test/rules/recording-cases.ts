import { ACCOUNT, account, SCRAPED } from './fleet.ts'
import { type Expected, growing, type RuleTest, type Stretch, values } from './promtool.ts'

export type RecordingCase = RuleTest & { readonly name: string }

const WHO = `{${ACCOUNT}}`
const PEER = 'account="peer",gateway="waha-1",tenant="acme"'
const LEVELS = [
  ['gateway', '{gateway="waha-1"}'],
  ['tenant', '{tenant="acme"}'],
  ['fleet', '{}'],
] as const

const SHORT = ['whatsapp-account-5m', 'whatsapp-account-1h']
const GROUPS = LEVELS.flatMap(([level]) => ['5m', 'short', 'long'].map((part) => `whatsapp-${level}-${part}`))

/** Label text of a recorded sample. */
function sample(record: string, value: number, labels: string = WHO): Record<string, number> {
  return { [`${record}${labels === '{}' ? '' : labels}`]: value }
}

function is(at: string, record: string, value: number, labels?: string): Expected {
  return { at, expr: labels === undefined ? `${record}${WHO}` : record, samples: sample(record, value, labels) }
}

/** Rounded, where thirds and the like would make the last digits a matter of the processor. */
function about(at: string, record: string, value: number, digits = 6, selector = WHO, labels = selector): Expected {
  return { at, expr: `round(${record}${selector}, 1e-${digits})`, samples: { [labels]: value } }
}

function none(at: string, record: string): Expected {
  return { at, expr: `${record}${WHO}`, samples: {} }
}

function counters(
  all: Partial<Record<'observed_seconds' | 'downtime_seconds' | Event, string>>,
  labels = `${ACCOUNT},${SCRAPED}`,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).map(([name, text]) => [`whatsapp_account_${name}_total{${labels}}`, text]),
  )
}
type Event = 'incidents' | 'incidents_resolved' | 'detection_delay_seconds' | 'recovery_attempts' | 'recovery_failures'

function gauges(samples: number, maintenance: readonly Stretch[] = [[0, samples]], labels = ACCOUNT) {
  return {
    [`whatsapp_account_slo_objective_ratio{${labels},${SCRAPED}}`]: values([0.995, samples]),
    [`whatsapp_account_maintenance{${labels},${SCRAPED}}`]: values(...maintenance),
  }
}

/** Three hours of one sample a minute; the account is down from 1h00 to 1h06, charged from the third minute on. */
const OUTAGE = {
  ...gauges(181),
  ...counters({
    observed_seconds: growing(0, 60, 181),
    downtime_seconds: `0+0x62 180+60x3 360+0x113`,
    incidents: '0+0x62 1+0x117',
    incidents_resolved: '0+0x65 1+0x114',
    detection_delay_seconds: '0+0x62 45+0x117',
    recovery_attempts: '0+0x62 2+0x117',
    recovery_failures: '0+0x62 1+0x117',
  }),
}

const fromCounters: readonly RecordingCase[] = [
  {
    name: 'an outage of six minutes is six minutes at every short level',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    series: OUTAGE,
    expected: [
      is('1h10m', 'account:whatsapp_observed_seconds:last', 4200),
      is('1h10m', 'account:whatsapp_downtime_seconds:last', 360),
      about('1h10m', 'account:whatsapp_error_budget:ratio', 0.005),
      is('1h10m', 'account:whatsapp_observed_seconds:increase5m', 300),
      // Charged from 1h05 to 1h06: the counter stood at 300 at 1h05 and at 360 at 1h10.
      is('1h10m', 'account:whatsapp_downtime_seconds:increase5m', 60),
      about('1h10m', 'account:whatsapp_availability:ratio_5m', 0.8),
      is('1h10m', 'account:whatsapp_maintenance_seconds:increase5m', 0),
      is('1h10m', 'account:whatsapp_coverage:ratio_5m', 1),
      about('1h10m', 'account:whatsapp_slo_burn_rate:ratio_5m', 40),
      // 360 of 1800 s against 0.5 %.
      about('1h10m', 'account:whatsapp_slo_burn_rate:ratio_30m', 40),
      about('1h10m', 'account:whatsapp_slo_burn_rate:ratio_1h', 20),
      is('1h30m', 'account:whatsapp_observed_seconds:increase1h', 3600),
      is('1h30m', 'account:whatsapp_downtime_seconds:increase1h', 360),
      is('1h30m', 'account:whatsapp_maintenance_seconds:increase1h', 0),
      about('1h30m', 'account:whatsapp_availability:ratio_1h', 0.9),
      is('1h30m', 'account:whatsapp_coverage:ratio_1h', 1),
      is('1h30m', 'account:whatsapp_incidents:increase1h', 1),
      is('1h30m', 'account:whatsapp_incidents_resolved:increase1h', 1),
      is('1h30m', 'account:whatsapp_detection_delay_seconds:increase1h', 45),
      is('1h30m', 'account:whatsapp_recovery_attempts:increase1h', 2),
      is('1h30m', 'account:whatsapp_recovery_failures:increase1h', 1),
      // 360 of 7200 s against 0.5 %.
      about('2h30m', 'account:whatsapp_slo_burn_rate:ratio_2h', 10),
      // Only three of the six hours are there: 360 of 10 800 s.
      about('3h', 'account:whatsapp_slo_burn_rate:ratio_6h', 6.666667),
      // And over: the hour that begins at 1h30 is clean.
      about('2h30m', 'account:whatsapp_availability:ratio_1h', 1),
      about('2h30m', 'account:whatsapp_slo_burn_rate:ratio_1h', 0),
      is('2h30m', 'account:whatsapp_incidents:increase1h', 0),
    ],
  },
  {
    name: 'a new account counts as what it is',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    series: {
      ...gauges(121, [
        ['_', 60],
        [0, 61],
      ]),
      ...counters({
        observed_seconds: '_x60 0+60x60',
        downtime_seconds: '_x60 0+60x60',
        incidents: '_x60 0+0x9 1+0x50',
      }),
    },
    expected: [
      none('59m', 'account:whatsapp_observed_seconds:increase5m'),
      is('1h3m', 'account:whatsapp_observed_seconds:increase5m', 180),
      is('1h30m', 'account:whatsapp_observed_seconds:increase1h', 1800),
      is('1h30m', 'account:whatsapp_incidents:increase1h', 1),
      about('1h30m', 'account:whatsapp_coverage:ratio_1h', 0.5),
      about('1h30m', 'account:whatsapp_availability:ratio_1h', 0),
    ],
  },
  {
    name: 'an exporter that moves and keeps its counters loses and invents nothing',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    series: {
      ...gauges(181),
      ...counters({ observed_seconds: '9000+60x90 stale', downtime_seconds: '100+0x60 160+0x29 stale' }),
      ...counters(
        { observed_seconds: '_x92 14400+60x89', downtime_seconds: '_x92 160+0x20 220+0x68' },
        `${ACCOUNT},instance="moved:19292",job="whatsapp-exporter"`,
      ),
    },
    expected: [
      // From 50m to 110m: 12 000 to 15 480.
      is('2h', 'account:whatsapp_downtime_seconds:increase1h', 120),
      about('2h', 'account:whatsapp_availability:ratio_1h', 0.965517),
      is('2h', 'account:whatsapp_observed_seconds:increase1h', 3480),
      is('2h30m', 'account:whatsapp_downtime_seconds:increase1h', 60),
    ],
  },
  {
    name: 'a counter that starts again at 0 is never negative growth',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    series: {
      ...gauges(181),
      ...counters({
        observed_seconds: '90000+60x89 0+60x90',
        downtime_seconds: '500+0x89 0+0x90',
        incidents: '7+0x89 0+0x10 1+0x79',
      }),
    },
    expected: [
      is('1h32m', 'account:whatsapp_observed_seconds:increase5m', 120),
      is('1h32m', 'account:whatsapp_downtime_seconds:increase5m', 0),
      is('2h', 'account:whatsapp_downtime_seconds:increase1h', 0),
      is('2h', 'account:whatsapp_incidents:increase1h', 1),
      is('2h40m', 'account:whatsapp_observed_seconds:increase1h', 3600),
    ],
  },
  {
    name: 'a gap in the data lowers the coverage and nothing else',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    // Half an hour in which the exporter does not run: its counters stand still.
    series: {
      ...gauges(181, [
        [0, 60],
        ['_', 30],
        [0, 91],
      ]),
      ...counters({
        observed_seconds: '0+60x59 stale _x29 3540+60x90',
        downtime_seconds: '0+0x59 stale _x29 0+0x90',
      }),
    },
    expected: [
      none('1h20m', 'account:whatsapp_availability:ratio_5m'),
      about('1h50m', 'account:whatsapp_availability:ratio_1h', 1),
      is('1h50m', 'account:whatsapp_observed_seconds:increase1h', 1740),
      about('1h50m', 'account:whatsapp_coverage:ratio_1h', 0.483333),
    ],
  },
  {
    name: 'maintenance is left out of the coverage and of the availability',
    groups: [...SHORT],
    step: '1m',
    every: '1m',
    series: {
      ...gauges(181, [
        [0, 61],
        [1, 30],
        [0, 90],
      ]),
      ...counters({ observed_seconds: '0+60x60 3600+0x29 3660+60x89', downtime_seconds: growing(0, 0, 181) }),
    },
    expected: [
      is('1h20m', 'account:whatsapp_maintenance_seconds:increase5m', 300),
      none('1h20m', 'account:whatsapp_coverage:ratio_5m'),
      none('1h20m', 'account:whatsapp_availability:ratio_5m'),
      is('2h', 'account:whatsapp_maintenance_seconds:increase1h', 1800),
      is('2h', 'account:whatsapp_coverage:ratio_1h', 1),
      is('2h', 'account:whatsapp_availability:ratio_1h', 1),
    ],
  },
  {
    name: 'a gateway, a tenant and the fleet sum the seconds of their accounts, each with its own objective',
    groups: [...SHORT, ...GROUPS],
    step: '1m',
    every: '1m',
    series: {
      ...OUTAGE,
      ...counters(
        {
          observed_seconds: growing(0, 60, 181),
          downtime_seconds: growing(0, 0, 181),
          incidents: growing(0, 0, 181),
        },
        `${PEER},${SCRAPED}`,
      ),
      [`whatsapp_account_slo_objective_ratio{${PEER},${SCRAPED}}`]: values([0.985, 181]),
      [`whatsapp_account_maintenance{${PEER},${SCRAPED}}`]: values([0, 181]),
    },
    expected: LEVELS.flatMap(([level, labels]) => [
      is('1h10m', `${level}:whatsapp_observed_seconds:increase5m`, 600, labels),
      is('1h10m', `${level}:whatsapp_downtime_seconds:increase5m`, 60, labels),
      // 300 s * 0.005 + 300 s * 0.015.
      about('1h10m', `${level}:whatsapp_error_budget_seconds:increase5m`, 6, 6, '', labels),
      about('1h10m', `${level}:whatsapp_availability:ratio_5m`, 0.9, 6, '', labels),
      is('1h10m', `${level}:whatsapp_coverage:ratio_5m`, 1, labels),
      about('1h10m', `${level}:whatsapp_slo_burn_rate:ratio_5m`, 10, 6, '', labels),
      is('1h30m', `${level}:whatsapp_observed_seconds:increase1h`, 7200, labels),
      is('1h30m', `${level}:whatsapp_downtime_seconds:increase1h`, 360, labels),
      about('1h30m', `${level}:whatsapp_error_budget_seconds:increase1h`, 72, 6, '', labels),
      about('1h30m', `${level}:whatsapp_availability:ratio_1h`, 0.95, 6, '', labels),
      is('1h30m', `${level}:whatsapp_coverage:ratio_1h`, 1, labels),
      about('1h30m', `${level}:whatsapp_slo_burn_rate:ratio_1h`, 5, 6, '', labels),
      about('1h15m', `${level}:whatsapp_slo_burn_rate:ratio_30m`, 10, 6, '', labels),
      about('2h30m', `${level}:whatsapp_slo_burn_rate:ratio_2h`, 2.5, 6, '', labels),
      about('3h', `${level}:whatsapp_slo_burn_rate:ratio_6h`, 1.666667, 6, '', labels),
      is('1h30m', `${level}:whatsapp_incidents:increase1h`, 1, labels),
      is('1h30m', `${level}:whatsapp_incidents_resolved:increase1h`, 1, labels),
      is('1h30m', `${level}:whatsapp_detection_delay_seconds:increase1h`, 45, labels),
      is('1h30m', `${level}:whatsapp_recovery_attempts:increase1h`, 2, labels),
      is('1h30m', `${level}:whatsapp_recovery_failures:increase1h`, 1, labels),
    ]),
  },
]

const DAYS = 31
/** Five minutes to a sample: `count` hours of a value. */
const hours = (value: number, count: number): Stretch => [value, count * 12]
const always = (value: number): readonly Stretch[] => [hours(value, DAYS * 24)]

/** One sample each five minutes. */
function recorded(level: string, labels: string, series: Readonly<Record<string, readonly Stretch[]>>) {
  return Object.fromEntries(
    Object.entries(series).map(([name, stretches]) => [`${level}:whatsapp_${name}${labels}`, values(...stretches)]),
  )
}

/**
 * A month up to hour 720, at an objective of 0.985: 36 s of downtime in every hour, 72 s in each of the last 25. Twelve
 * incidents, of which ten ended, detected after 480 s in all; 16 restarts, of which 4 failed.
 */
const MONTH: Readonly<Record<string, readonly Stretch[]>> = {
  'observed_seconds:increase5m': always(300),
  'downtime_seconds:increase5m': [hours(3, 696), hours(6, 48)],
  'observed_seconds:increase1h': always(3600),
  'downtime_seconds:increase1h': [hours(36, 696), hours(72, 48)],
  'incidents:increase1h': [hours(0, 700), hours(6, 2), hours(0, 42)],
  'incidents_resolved:increase1h': [hours(0, 700), hours(5, 2), hours(0, 42)],
  'detection_delay_seconds:increase1h': [hours(0, 700), hours(240, 2), hours(0, 42)],
  'recovery_attempts:increase1h': [hours(0, 700), hours(8, 2), hours(0, 42)],
  'recovery_failures:increase1h': [hours(0, 700), hours(2, 2), hours(0, 42)],
}
const MONTH_OBJECTIVE = { [`account:whatsapp_error_budget:ratio{${ACCOUNT}}`]: values([0.015, DAYS * 288]) }

const MONTH_SUMS = {
  observed_seconds: 2_592_000,
  downtime_seconds: 26_820,
  incidents: 12,
  incidents_resolved: 10,
  detection_delay_seconds: 480,
  recovery_attempts: 16,
  recovery_failures: 4,
}

/** What every level makes of the month, computed by hand. The month holds 720 tiles, 695 of 36 s and 25 of 72 s. */
function monthAt(level: string, labels: string): readonly Expected[] {
  const month = (record: string, value: number) =>
    about('720h', `${level}:whatsapp_${record}`, value, 6, labels === '{}' ? '' : labels, labels)
  return [
    ...Object.entries(MONTH_SUMS).map(([name, value]) => month(`${name}:increase30d`, value)),
    // 288 tiles of 6 s in 86 400 s.
    month('availability:ratio_1d', 0.98),
    // 143 tiles of 36 s and 25 of 72 s in 604 800 s.
    month('availability:ratio_7d', 0.988512),
    month('availability:ratio_30d', 0.989653),
    // 0.02 / 0.015, and 47 tiles of 36 s and 25 of 72 s in 259 200 s / 0.015.
    month('slo_burn_rate:ratio_1d', 1.333333),
    month('slo_burn_rate:ratio_3d', 0.898148),
    // 6948 s / 10 and 26 820 s / 10.
    month('mttr_seconds:7d', 694.8),
    month('mttr_seconds:30d', 2682),
    month('mttd_seconds:30d', 40),
    // (2 592 000 s - 26 820 s) / 12.
    month('mtbf_seconds:30d', 213_765),
    month('recovery_success:ratio_7d', 0.75),
    month('recovery_success:ratio_30d', 0.75),
    // 1 - 26 820 / (2 592 000 * 0.015).
    month('error_budget_remaining:ratio_30d', 0.310185),
    // 60 * (1 - 0.689815 / 10) + 20 * (1 - 2682 / 3600) + 20 * (1 - 12 / 30).
    month('reliability_score:30d', 72.961111),
  ]
}

const fromTiles: readonly RecordingCase[] = [
  {
    name: 'days, weeks and the month are sums of tiles that neither overlap nor leave gaps',
    groups: ['whatsapp-account-1d', 'whatsapp-account-7d', 'whatsapp-account-30d-sums', 'whatsapp-account-30d'],
    step: '5m',
    every: '6h',
    series: {
      ...MONTH_OBJECTIVE,
      ...recorded('account', WHO, {
        ...MONTH,
        'maintenance_seconds:increase5m': always(30),
        'maintenance_seconds:increase1h': always(360),
        'slo_burn_rate:ratio_6h': always(2),
      }),
    },
    expected: [
      ...monthAt('account', WHO),
      is('720h', 'account:whatsapp_maintenance_seconds:increase1d', 8640),
      is('720h', 'account:whatsapp_maintenance_seconds:increase7d', 60_480),
      is('720h', 'account:whatsapp_maintenance_seconds:increase30d', 259_200),
      ...Object.entries({ ...MONTH_SUMS, maintenance_seconds: 259_200 }).map(([name, value]) =>
        is('720h', `account:whatsapp_${name}:sum30d`, value),
      ),
      // All that could be observed was, and 1 is the most there is.
      is('720h', 'account:whatsapp_coverage:ratio_1d', 1),
      is('720h', 'account:whatsapp_coverage:ratio_7d', 1),
      is('720h', 'account:whatsapp_coverage:ratio_30d', 1),
      // 0.310185 * 2 592 000 s / 2.
      about('720h', 'account:whatsapp_error_budget_exhaustion_seconds:6h', 402_000),
    ],
  },
  {
    name: 'an account of six hours has six hours, a low coverage and no figure over events that never came',
    groups: ['whatsapp-account-1d', 'whatsapp-account-7d', 'whatsapp-account-30d-sums', 'whatsapp-account-30d'],
    step: '5m',
    every: '6h',
    series: {
      ...MONTH_OBJECTIVE,
      ...recorded(
        'account',
        WHO,
        Object.fromEntries(
          [
            ...['observed_seconds', 'downtime_seconds', 'maintenance_seconds', 'incidents', 'incidents_resolved'],
            ...['detection_delay_seconds', 'recovery_attempts', 'recovery_failures'],
          ].flatMap((name) => [
            [`${name}:increase5m`, [['_', 714 * 12 + 1], hours(name.startsWith('observed') ? 300 : 0, 20)]],
            [`${name}:increase1h`, [['_', 714 * 12 + 1], hours(name.startsWith('observed') ? 3600 : 0, 20)]],
          ]),
        ),
      ),
    },
    expected: [
      is('720h', 'account:whatsapp_observed_seconds:increase30d', 21_600),
      about('720h', 'account:whatsapp_coverage:ratio_30d', 0.008333),
      about('720h', 'account:whatsapp_coverage:ratio_7d', 0.035714),
      about('720h', 'account:whatsapp_coverage:ratio_1d', 0.25),
      is('720h', 'account:whatsapp_availability:ratio_30d', 1),
      none('720h', 'account:whatsapp_mttr_seconds:30d'),
      none('720h', 'account:whatsapp_mttd_seconds:30d'),
      none('720h', 'account:whatsapp_mtbf_seconds:30d'),
      none('720h', 'account:whatsapp_recovery_success:ratio_30d'),
      is('720h', 'account:whatsapp_error_budget_remaining:ratio_30d', 1),
      is('720h', 'account:whatsapp_reliability_score:30d', 100),
    ],
  },
  {
    name: 'an account of which no month was summed up yet has its last hour, and a sum counts for two hours',
    groups: ['whatsapp-account-30d'],
    step: '5m',
    every: '5m',
    series: recorded('account', WHO, {
      'incidents:increase1h': [[1, 60]],
      'incidents:sum30d': [
        ['_', 12],
        [7, 1],
        ['_', 47],
      ],
    }),
    expected: [
      is('55m', 'account:whatsapp_incidents:increase30d', 1),
      is('1h', 'account:whatsapp_incidents:increase30d', 7),
      is('2h55m', 'account:whatsapp_incidents:increase30d', 7),
      is('3h5m', 'account:whatsapp_incidents:increase30d', 1),
    ],
  },
  ...LEVELS.map(
    ([level, labels]): RecordingCase => ({
      name: `the month of a ${level} is the sum of its accounts' months`,
      groups: [`whatsapp-${level}-long`],
      step: '5m',
      every: '6h',
      series: {
        ...recorded(level, labels, {
          ...MONTH,
          'error_budget_seconds:increase5m': always(4.5),
          'error_budget_seconds:increase1h': always(54),
        }),
        // Two accounts could be observed, one of them half the time but for maintenance; one was.
        ...recorded('account', WHO, maintained(0)),
        ...recorded('account', `{${PEER}}`, maintained(0.5)),
      },
      expected: [
        ...monthAt(level, labels),
        about('720h', `${level}:whatsapp_error_budget_seconds:increase30d`, 38_880, 6, '', labels),
        about('720h', `${level}:whatsapp_coverage:ratio_1d`, 0.666667, 6, '', labels),
        about('720h', `${level}:whatsapp_coverage:ratio_7d`, 0.666667, 6, '', labels),
        about('720h', `${level}:whatsapp_coverage:ratio_30d`, 0.666667, 6, '', labels),
        // 38 880 s - 26 820 s are left, and 72 tiles of 6 s were used within six hours.
        about('720h', `${level}:whatsapp_error_budget_exhaustion_seconds:6h`, 603_000, 6, '', labels),
      ],
    }),
  ),
]

function maintained(share: number): Record<string, readonly Stretch[]> {
  return {
    'maintenance_seconds:increase1d': always(share * 86_400),
    'maintenance_seconds:increase7d': always(share * 604_800),
    'maintenance_seconds:increase30d': always(share * 2_592_000),
  }
}

const RESPONSE = `account:whatsapp_response_seconds:mean5m${WHO}`

const usual: readonly RecordingCase[] = [
  {
    name: 'an unhealthy account is there from the start of its outage on, but for maintenance',
    groups: ['whatsapp-account-alerts'],
    step: '1m',
    every: '1m',
    series: account([
      { samples: 10 },
      { samples: 5, status: 'unhealthy', state: 'disconnected', incidentStart: 555 },
      { samples: 5, status: 'unhealthy', state: 'disconnected', incidentStart: 555, maintenance: true },
      { samples: 5, status: 'unknown', incidentStart: 555 },
      { samples: 5 },
    ]),
    expected: [
      none('9m', 'account:whatsapp_unhealthy:start'),
      is('12m', 'account:whatsapp_unhealthy:start', 555),
      none('17m', 'account:whatsapp_unhealthy:start'),
      // Nothing is seen of it.
      none('22m', 'account:whatsapp_unhealthy:start'),
      is('17m', 'account:whatsapp_maintenance:open', 1),
      none('22m', 'account:whatsapp_maintenance:open'),
      none('27m', 'account:whatsapp_unhealthy:start'),
    ],
  },
  {
    name: 'an account that is logged out or blocked is there by its state',
    groups: ['whatsapp-account-alerts'],
    step: '1m',
    every: '1m',
    series: account([{ samples: 5 }, { samples: 5, state: 'awaiting_auth' }, { samples: 5, state: 'blocked' }]),
    expected: [
      { at: '3m', expr: 'account:whatsapp_definite:state', samples: {} },
      ...(['awaiting_auth', 'blocked'] as const).map((state, index) => ({
        at: `${8 + 5 * index}m`,
        expr: 'account:whatsapp_definite:state',
        samples: { [`account:whatsapp_definite:state{${ACCOUNT},state="${state}"}`]: 1 },
      })),
    ],
  },
  {
    name: 'accounts, gateways and tenants with an alert are there while their shard is lost',
    groups: ['whatsapp-account-alerts', 'whatsapp-gateway-alerts', 'whatsapp-slo-tickets'],
    step: '1m',
    every: '1m',
    series: {
      ...account([
        { samples: 5 },
        { samples: 5, status: 'unhealthy', state: 'disconnected', incidentStart: 300 },
        { samples: 10, gone: true },
        { samples: 10 },
      ]),
      [`whatsapp_exporter_shard_ordinal{${SCRAPED}}`]: values([0, 10], ['_', 10], [0, 10]),
      [`whatsapp_gateway_up{gateway="waha-1",driver="waha",${SCRAPED}}`]: values([0, 10], ['_', 10], [1, 10]),
      ...Object.fromEntries(
        [
          ['slo_burn_rate:ratio_2h', 5],
          ['slo_burn_rate:ratio_1d', 4],
          ['coverage:ratio_1d', 1],
        ].map(([name, value]) => [`tenant:whatsapp_${name}{tenant="acme"}`, values([Number(value), 10], ['_', 20])]),
      ),
    },
    expected: ['9m', '15m', '25m'].flatMap((at) =>
      (['account', 'gateway', 'tenant'] as const).map((level) => {
        const record = `${level}:whatsapp_unseen:alerts`
        const labels = {
          account: '{account="sales",gateway="waha-1"}',
          gateway: '{gateway="waha-1"}',
          tenant: '{tenant="acme"}',
        }
        return { at, expr: record, samples: at === '15m' ? { [`${record}${labels[level]}`]: 1 } : {} }
      }),
    ),
  },
  {
    name: 'accounts that burn their budget at the rate of a page or a ticket are there outside maintenance',
    groups: ['whatsapp-account-alerts', 'whatsapp-slo-pages', 'whatsapp-slo-tickets'],
    step: '1m',
    every: '1m',
    series: {
      ...account([{ samples: 10 }, { samples: 10, maintenance: true }, { samples: 10 }]),
      ...recorded('account', WHO, {
        ...Object.fromEntries(['5m', '1h', '2h', '1d'].map((window) => [`slo_burn_rate:ratio_${window}`, [[20, 30]]])),
        'downtime_seconds:increase1h': [
          [119, 5],
          [120, 25],
        ],
        'coverage:ratio_1h': [
          [0.5, 25],
          [0.49, 5],
        ],
        'coverage:ratio_1d': [
          [0.25, 25],
          [0.24, 5],
        ],
      }),
    },
    expected: [
      none('3m', 'account:whatsapp_slo_burn_rate:fast'),
      is('3m', 'account:whatsapp_slo_burn_rate:slow', 20),
      is('8m', 'account:whatsapp_slo_burn_rate:fast', 20),
      ...['fast', 'slow'].flatMap((kind) => [
        none('15m', `account:whatsapp_slo_burn_rate:${kind}`),
        is('22m', `account:whatsapp_slo_burn_rate:${kind}`, 20),
        none('27m', `account:whatsapp_slo_burn_rate:${kind}`),
      ]),
    ],
  },
  {
    name: 'a gateway has its accounts by tenant, and is in maintenance when all of them are',
    groups: ['whatsapp-fleet-alerts'],
    step: '1m',
    every: '1m',
    series: {
      ...account([{ samples: 10 }, { samples: 20, maintenance: true }]),
      ...account([{ samples: 20 }, { samples: 10, maintenance: true }], PEER),
      ...account([{ samples: 20 }, { samples: 10, maintenance: true }], 'account="spare",gateway="waha-1"'),
    },
    expected: [
      {
        at: '5m',
        expr: 'gateway:whatsapp_accounts:count',
        samples: {
          'gateway:whatsapp_accounts:count{gateway="waha-1",tenant="acme"}': 2,
          'gateway:whatsapp_accounts:count{gateway="waha-1"}': 1,
        },
      },
      is('15m', 'gateway:whatsapp_maintenance:min', 0, '{gateway="waha-1"}'),
      is('25m', 'gateway:whatsapp_maintenance:min', 1, '{gateway="waha-1"}'),
    ],
  },
  {
    name: 'activity that drops to nothing is 0, not absent, and is held against the same hour of the week',
    groups: ['whatsapp-account-activity'],
    // 18 samples to an hour, and none of them at its edge: Prometheus 3 leaves that out of a range, and 2 takes it in.
    step: '192s',
    every: '32m',
    series: {
      // The time of the last activity moves with every sample for 170 hours, then stands still.
      [`whatsapp_account_last_activity_timestamp_seconds{${ACCOUNT},${SCRAPED}}`]: `0+192x3187 611904+0x200`,
    },
    expected: [
      is('28h48m', 'account:whatsapp_activity:changes1h', 18),
      // A day of history: the same hour of the day before.
      is('28h48m', 'account:whatsapp_activity:expected1h', 18),
      about('28h48m', 'account:whatsapp_activity:lower1h', 5.272078),
      none('19h12m', 'account:whatsapp_activity:expected1h'),
      is('176h', 'account:whatsapp_activity:changes1h', 0),
      is('176h', 'account:whatsapp_activity:expected1h', 18),
    ],
  },
  {
    name: 'response times are means over five minutes',
    groups: ['whatsapp-account-response'],
    step: '1m',
    every: '1m',
    series: { [`whatsapp_account_check_duration_seconds{${ACCOUNT},${SCRAPED}}`]: '0.25+0x10 0.5+0x10' },
    expected: [is('10m', RESPONSE.slice(0, -WHO.length), 0.25), is('18m', RESPONSE.slice(0, -WHO.length), 0.5)],
  },
  {
    name: 'the band of steady response times is their margin',
    groups: ['whatsapp-account-response-band'],
    step: '5m',
    every: '30m',
    series: { [RESPONSE]: values([0.125, 400]) },
    expected: [
      none('6h', 'account:whatsapp_response_seconds:mean1d'),
      is('30h', 'account:whatsapp_response_seconds:mean1d', 0.125),
      is('30h', 'account:whatsapp_response_seconds:upper', 0.5),
    ],
  },
  {
    name: 'the band of restless response times is four deviations wide',
    groups: ['whatsapp-account-response-band'],
    step: '5m',
    every: '30m',
    series: { [RESPONSE]: Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 0.1 : 0.5)).join(' ') },
    // Mean 0.3, deviation 0.2; the margin would be 0.85.
    expected: [about('30h', 'account:whatsapp_response_seconds:upper', 1.1)],
  },
  {
    name: 'the band of an hour that is slow every week is as wide as last week',
    groups: ['whatsapp-account-response-band'],
    step: '5m',
    every: '1h',
    series: { [RESPONSE]: values([0.1, 8 * 12], [1, 12], [0.1, 2400]) },
    expected: [
      about('176h', 'account:whatsapp_response_seconds:upper', 2.25),
      about('179h', 'account:whatsapp_response_seconds:upper', 0.45),
    ],
  },
]

/** Every recorded series, from raw counters to 30 days, with figures computed by hand. */
export const RECORDING_CASES: readonly RecordingCase[] = [...fromCounters, ...fromTiles, ...usual]
