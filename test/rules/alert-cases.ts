import { ACCOUNT, ACCOUNT_LABELS, account, gateway, type Phase, SCRAPED } from './fleet.ts'
import { growing, type Stretch, values } from './promtool.ts'

/** An alert seen from both sides: quiet, firing with these words, over; and a fault just too small for it. */
export interface AlertCase {
  readonly alert: string
  readonly step: string
  readonly series: Readonly<Record<string, string>>
  readonly quiet: readonly string[]
  readonly firing: string
  readonly labels: Readonly<Record<string, string>>
  readonly description: string
  readonly resolved: string
  /** A name in a sentence, and what must not fire at any of these times. */
  readonly below: {
    readonly what: string
    readonly series: Readonly<Record<string, string>>
    readonly at: readonly string[]
  }
}

const WHO = 'sales at waha-1 (Sales), phone 971505760056'
const SINCE = 'since 1970-01-01 00:10:00 +0000 UTC'
const EXPORTER = { instance: 'exporter:19292', job: 'whatsapp-exporter' } as const
/** Exporters with their ordinals and the number of shards that they were told of, for 50 minutes. */
const ofShards = (exporters: readonly (readonly [string, number, number])[]): Record<string, string> =>
  Object.fromEntries(
    exporters.flatMap(([instance, ordinal, total]) => [
      [`whatsapp_exporter_shard_ordinal{instance="${instance}",job="whatsapp-exporter"}`, values([ordinal, 50])],
      [`whatsapp_exporter_shards{instance="${instance}",job="whatsapp-exporter"}`, values([total, 50])],
    ]),
  )
/** Ten minutes well, twenty ill, an hour well, one sample a minute. */
const around = (ill: Omit<Phase, 'samples'>): Record<string, string> =>
  account([{ samples: 10 }, { samples: 20, incidentStart: 600, ...ill }, { samples: 60 }])
const TRIED = 'Restarts so far: 0, failed: 0, left in the budget: 5.'
const NEVER = ['5m', '12m', '20m', '29m']

/** An unhealthy account for one cause; the same account that is only a warning is just below. */
function byCause(
  alert: string,
  ill: Omit<Phase, 'samples' | 'status'>,
  description: string,
  resolved: string,
): AlertCase {
  return {
    alert,
    step: '1m',
    series: around({ status: 'unhealthy', ...ill }),
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description,
    resolved,
    below: { what: 'the fault is not confirmed', series: around({ status: 'warning', ...ill }), at: NEVER },
  }
}

/** Recorded series as they come, with the labels of the account. */
function recorded(series: Readonly<Record<string, readonly Stretch[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(series).map(([name, stretches]) => [`${name}{${ACCOUNT}}`, values(...stretches)]),
  )
}

/** A group's recorded series. */
function ofGroup(labels: string, series: Readonly<Record<string, readonly Stretch[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(series).map(([name, stretches]) => [`${name}{${labels}}`, values(...stretches)]),
  )
}

function ofExporter(name: string, ...stretches: readonly Stretch[]): Record<string, string> {
  return { [`${name}{${SCRAPED}}`]: values(...stretches) }
}

const allowed = (samples: number) => ofGroup(ACCOUNT, { 'account:whatsapp_error_budget:ratio': [[0.005, samples]] })
const steady = { ...account([{ samples: 200 }]), ...allowed(200) }
const rate = (window: string) => `account:whatsapp_slo_burn_rate:ratio_${window}`
/** Burn rates that are quiet but for the windows given. */
const burning = (rates: Readonly<Record<string, number>>) =>
  recorded(
    Object.fromEntries(
      ['5m', '30m', '1h', '2h', '6h', '1d', '3d'].map((window) => [
        rate(window),
        [
          [0, 10],
          [rates[window] ?? 0, 20],
          [0, 100],
        ] satisfies Stretch[],
      ]),
    ),
  )
const itsOwnFault = {
  ...gateway({ accounts: 20 }),
  ...recorded({
    'account:whatsapp_availability:ratio_1h': [[0.9, 200]],
    'account:whatsapp_availability:ratio_1d': [[0.9, 200]],
  }),
  ...ofGroup('gateway="waha-1"', {
    'gateway:whatsapp_availability:ratio_1h': [[0.995, 200]],
    'gateway:whatsapp_availability:ratio_1d': [[0.995, 200]],
  }),
}
/** The hour and the day were observed as a whole, or for the shares given. */
const seen = (level: string, labels: string, hour = 1, day = 1) =>
  ofGroup(labels, {
    [`${level}:whatsapp_downtime_seconds:increase1h`]: [[300, 200]],
    [`${level}:whatsapp_coverage:ratio_1h`]: [[hour, 200]],
    [`${level}:whatsapp_coverage:ratio_1d`]: [[day, 200]],
  })
const allSeen = seen('account', ACCOUNT)
const week = { 'account:whatsapp_observed_seconds:increase30d': [[604_800, 200]] satisfies Stretch[] }

export const ALERT_CASES: readonly AlertCase[] = [
  byCause(
    'WhatsAppAccountAwaitingAuth',
    { state: 'awaiting_auth', reason: 'logged_out' },
    `${WHO} waits to be paired again ${SINCE}: scan its QR code or enter its pairing code. Cause: logged_out. ${TRIED}`,
    '32m',
  ),
  byCause(
    'WhatsAppAccountBlocked',
    { state: 'blocked', reason: 'banned' },
    `${WHO} is blocked by WhatsApp ${SINCE}. Restarts make it worse and are held back. Cause: banned. ${TRIED}`,
    '32m',
  ),
  byCause(
    'WhatsAppAccountConflict',
    { state: 'disconnected', reason: 'conflict' },
    `${WHO} is pushed out by another client with the same credentials ${SINCE}. Stop that client; restarts only begin the next round and are held back. Cause: conflict. ${TRIED}`,
    '35m',
  ),
  byCause(
    'WhatsAppAccountClientOutdated',
    { state: 'disconnected', reason: 'outdated_client' },
    `${WHO} is refused by WhatsApp ${SINCE} because the version of its gateway is too old. Update the gateway; a restart does not help. Cause: outdated_client. ${TRIED}`,
    '32m',
  ),
  byCause(
    'WhatsAppAccountDisconnected',
    { state: 'disconnected', reason: 'network', recoveryAttempts: 2, recoveryFailures: 1, budgetLeft: 3 },
    `${WHO} cannot be used ${SINCE}. Cause: network. Restarts so far: 2, failed: 1, left in the budget: 3.`,
    '32m',
  ),
  {
    alert: 'WhatsAppAccountWarning',
    step: '1m',
    series: account([
      { samples: 10 },
      { samples: 20, status: 'warning', state: 'degraded', reason: 'quality' },
      { samples: 60 },
    ]),
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} is limited, slow or not yet confirmed to be down since 1970-01-01 00:00:00 +0000 UTC. Cause: quality. ${TRIED}`,
    resolved: '35m',
    below: {
      what: 'the warning is over within five minutes',
      series: account([{ samples: 10 }, { samples: 5, status: 'warning' }, { samples: 60 }]),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountNotObserved',
    step: '1m',
    series: account([
      { samples: 10 },
      { samples: 20, status: 'unknown', state: 'unknown', reason: 'unauthorized' },
      { samples: 60 },
    ]),
    quiet: ['9m', '24m'],
    firing: '25m',
    labels: { ...ACCOUNT_LABELS },
    description: `The checks of ${WHO} bring no reading since 1970-01-01 00:00:00 +0000 UTC: it may be up or down. Cause: unauthorized.`,
    resolved: '35m',
    below: {
      what: 'the session is stopped on purpose',
      series: account([{ samples: 10 }, { samples: 50, status: 'unknown', state: 'stopped' }]),
      at: ['12m', '26m', '40m', '59m'],
    },
  },
  {
    alert: 'WhatsAppAccountFlapping',
    step: '1m',
    series: {
      ...steady,
      ...recorded({
        'account:whatsapp_incidents:increase1h': [
          [3, 10],
          [4, 20],
          [3, 100],
        ],
      }),
    },
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} had 4 incidents within an hour. Cause: not known. ${TRIED}`,
    resolved: '60m',
    below: {
      what: 'three incidents come within an hour',
      series: { ...steady, ...recorded({ 'account:whatsapp_incidents:increase1h': [[3, 100]] }) },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountRecoveryFailed',
    step: '1m',
    series: account([
      { samples: 10 },
      {
        samples: 5,
        status: 'unhealthy',
        state: 'disconnected',
        reason: 'network',
        incidentStart: 600,
        recoveryAttempts: 1,
      },
      {
        samples: 15,
        status: 'unhealthy',
        state: 'disconnected',
        reason: 'network',
        incidentStart: 600,
        recoveryAttempts: 1,
        recoveryFailures: 1,
        budgetLeft: 4,
      },
      { samples: 60, recoveryAttempts: 1, recoveryFailures: 1, budgetLeft: 4 },
    ]),
    quiet: ['9m', '14m'],
    firing: '16m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} is down ${SINCE}, and a restart within the last 15 minutes did not help. Cause: network. Restarts so far: 1, failed: 1, left in the budget: 4.`,
    resolved: '35m',
    below: {
      what: 'the restart is not yet judged',
      series: around({ status: 'unhealthy', state: 'disconnected', reason: 'network', recoveryAttempts: 1 }),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountRecoveryExhausted',
    step: '1m',
    series: around({
      status: 'unhealthy',
      state: 'disconnected',
      reason: 'network',
      recoveryAttempts: 5,
      recoveryFailures: 5,
      budgetLeft: 0,
    }),
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} is down ${SINCE}, and no automatic restart is left: it needs a person. Cause: network. Restarts so far: 5, failed: 5, left in the budget: 0.`,
    resolved: '35m',
    below: {
      what: 'one restart is left',
      series: around({ status: 'unhealthy', state: 'disconnected', reason: 'network', budgetLeft: 1 }),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppGatewayDown',
    step: '1m',
    series: {
      ...steady,
      ...gateway({
        up: [
          [1, 10],
          [0, 20],
          [1, 60],
        ],
      }),
    },
    quiet: ['9m'],
    firing: '10m',
    labels: { gateway: 'waha-1', tenant: 'acme' },
    description:
      'The gateway waha-1 does not answer, or refuses our credentials; 1 accounts of acme behind it cannot be reached or seen.',
    resolved: '32m',
    below: {
      what: 'the exporter is blind and says nothing of the gateway',
      series: {
        ...steady,
        ...gateway({
          up: [
            [1, 10],
            ['_', 20],
            [1, 60],
          ],
        }),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppGatewayBreakerOpen',
    step: '1m',
    series: {
      ...around({ status: 'unhealthy', state: 'disconnected', reason: 'network' }),
      ...gateway({
        breaker: [
          [0, 12],
          [1, 18],
          [0, 60],
        ],
      }),
    },
    quiet: ['11m'],
    firing: '12m',
    labels: { gateway: 'waha-1', tenant: 'acme' },
    description:
      'A large share of the 1 accounts of acme behind waha-1 began to fail together, so that the fault is not theirs: the breaker holds back all restarts there but one probe. Look at the gateway.',
    resolved: '35m',
    below: {
      what: 'the gateway itself is down',
      series: {
        ...around({ status: 'unhealthy', state: 'disconnected', reason: 'gateway_down' }),
        ...gateway({
          up: [[0, 90]],
          breaker: [
            [0, 12],
            [1, 60],
          ],
        }),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppGatewayUnmappedValues',
    step: '1m',
    series: {
      [`whatsapp_gateway_unmapped_values_total{gateway="waha-1",driver="waha",${SCRAPED}}`]: values([0, 10], [6, 300]),
    },
    quiet: ['9m'],
    firing: '60m',
    labels: { gateway: 'waha-1' },
    description:
      'waha-1 said 6 words within the last hour that this version does not know; the accounts concerned may be shown as unknown.',
    resolved: '132m',
    below: {
      what: 'all that is counted is long past',
      series: {
        [`whatsapp_gateway_unmapped_values_total{gateway="waha-1",driver="waha",${SCRAPED}}`]: values([6, 300]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppFleetDegraded',
    step: '1m',
    series: fleetOf(3, 12),
    quiet: ['9m'],
    firing: '10m',
    labels: {},
    description: '25% of the accounts that can be seen are unhealthy, those behind a gateway that is down left out.',
    resolved: '35m',
    below: { what: 'two of ten accounts are down', series: fleetOf(2, 8), at: NEVER },
  },
  {
    alert: 'WhatsAppAccountBudgetBurnFast',
    step: '1m',
    series: { ...steady, ...itsOwnFault, ...allSeen, ...burning({ '5m': 200, '1h': 14.5 }) },
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} burns its error budget 14.5 times as fast as its objective allows. ${TRIED}`,
    resolved: '32m',
    below: {
      what: 'the hour burns 14.4 times as fast as allowed',
      series: { ...steady, ...itsOwnFault, ...allSeen, ...burning({ '5m': 200, '1h': 14.4 }) },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountBudgetBurnSlow',
    step: '1m',
    series: { ...steady, ...itsOwnFault, ...allSeen, ...burning({ '2h': 8, '1d': 3.1 }) },
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} has burned its error budget 3.1 times as fast as its objective allows for hours. ${TRIED}`,
    resolved: '60m',
    below: {
      what: 'the short window has stopped burning',
      series: { ...steady, ...itsOwnFault, ...allSeen, ...burning({ '2h': 2.9, '1d': 8, '6h': 0.9, '3d': 2 }) },
      at: NEVER,
    },
  },
  groupBurn('WhatsAppGatewayBudgetBurn', 'gateway', 'waha-1'),
  groupBurn('WhatsAppTenantBudgetBurn', 'tenant', 'acme'),
  {
    alert: 'WhatsAppAccountBudgetExhausted',
    step: '1m',
    series: {
      ...steady,
      ...recorded({
        ...week,
        'account:whatsapp_error_budget_remaining:ratio_30d': [
          [0.01, 10],
          [-0.2, 20],
          [0.01, 100],
        ],
      }),
    },
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} has used all of its error budget of 30 days; -20% of it is left. ${TRIED}`,
    resolved: '90m',
    below: {
      what: 'the account has been observed for less than a week',
      series: {
        ...steady,
        ...recorded({
          'account:whatsapp_observed_seconds:increase30d': [[604_799, 100]],
          'account:whatsapp_error_budget_remaining:ratio_30d': [[-0.2, 100]],
        }),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountBudgetForecast',
    step: '1m',
    series: {
      ...steady,
      ...burning({ '6h': 3, '1d': 1.2 }),
      ...recorded({
        ...week,
        'account:whatsapp_error_budget_exhaustion_seconds:6h': [
          [900_000, 10],
          [172_800, 20],
          [900_000, 100],
        ],
      }),
    },
    quiet: ['9m'],
    firing: '10m',
    labels: { ...ACCOUNT_LABELS },
    description: `At the pace of the last six hours, ${WHO} uses up its error budget in 2d 0h 0m 0s. ${TRIED}`,
    resolved: '90m',
    below: {
      what: 'the budget lasts for three days',
      series: {
        ...steady,
        ...burning({ '6h': 3, '1d': 1.2 }),
        ...recorded({ ...week, 'account:whatsapp_error_budget_exhaustion_seconds:6h': [[259_200, 100]] }),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountAvailabilityDeclining',
    step: '5m',
    series: declining(0.99),
    quiet: ['167h50m'],
    firing: '168h5m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} was available 0.9% less of the last seven days than of the seven days before. ${TRIED}`,
    resolved: '172h',
    below: {
      what: 'the week lost less than the error budget',
      series: declining(0.9945),
      at: ['168h5m', '169h', '170h'],
    },
  },
  {
    alert: 'WhatsAppAccountSilent',
    step: '1m',
    series: {
      ...steady,
      ...activity(20, 10.2, [
        [18, 10],
        [0, 20],
        [18, 100],
      ]),
    },
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} says that it is connected, and its activity of the last hour is 0, at most a tenth of what is usual at this hour of the week.`,
    resolved: '45m',
    below: {
      what: 'the hour is usually quiet',
      series: {
        ...steady,
        ...activity(8, 0, [
          [8, 10],
          [0, 100],
        ]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountResponseSlow',
    step: '1m',
    series: {
      ...steady,
      ...recorded({
        'account:whatsapp_response_seconds:upper': [[0.5, 200]],
        'account:whatsapp_response_seconds:mean5m': [
          [0.1, 10],
          [1.5, 20],
          [0.1, 100],
        ],
      }),
    },
    quiet: ['9m', '19m'],
    firing: '20m',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} took 1.5s to answer, on average over five minutes; that is out of its band.`,
    resolved: '45m',
    below: {
      what: 'the answers lie on the edge of the band',
      series: {
        ...steady,
        ...recorded({
          'account:whatsapp_response_seconds:upper': [[0.5, 200]],
          'account:whatsapp_response_seconds:mean5m': [[0.5, 200]],
        }),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppAccountFailurePattern',
    step: '30m',
    series: {
      ...account([{ samples: 1300 }]),
      ...allowed(1300),
      ...recorded({ 'account:whatsapp_incidents:increase1h': fridays(3) }),
    },
    // The fourth Friday: incidents of hour 100 of each week are foretold an hour ahead.
    quiet: ['602h'],
    firing: '603h',
    labels: { ...ACCOUNT_LABELS },
    description: `${WHO} had an incident within the coming hour in each of the last three weeks. Look for what happens at that hour: a backup, a restart, a phone that is switched off.`,
    resolved: '605h',
    below: {
      what: 'it failed at this hour in two weeks',
      series: {
        ...account([{ samples: 1300 }]),
        ...allowed(1300),
        ...recorded({ 'account:whatsapp_incidents:increase1h': fridays(2) }),
      },
      at: ['602h', '603h', '604h', '605h'],
    },
  },
  {
    alert: 'WhatsAppExporterDown',
    step: '15s',
    series: ofExporter('up', [1, 20], [0, 20], [1, 40]),
    quiet: ['4m45s', '5m45s'],
    firing: '6m',
    labels: { ...EXPORTER, watching: 'nobody' },
    description:
      'The exporter exporter:19292 did not answer Prometheus for a minute: nothing is known of its accounts, and perhaps nothing is repaired.',
    resolved: '11m15s',
    below: {
      what: 'three scrapes fail',
      series: ofExporter('up', [1, 20], [0, 3], [1, 40]),
      at: ['5m', '5m45s', '6m'],
    },
  },
  {
    alert: 'WhatsAppExporterAbsent',
    step: '1m',
    series: ofExporter('up', [1, 10], ['_', 20], [1, 20]),
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: {},
    description: 'No target of a job named whatsapp-exporter exists for five minutes: nothing is watched.',
    resolved: '31m',
    below: { what: 'the target is down but there', series: ofExporter('up', [0, 50]), at: NEVER },
  },
  {
    alert: 'WhatsAppExporterShardMissing',
    step: '1m',
    series: {
      'whatsapp_exporter_shards{instance="a",job="whatsapp-exporter"}': values([2, 50]),
      'whatsapp_exporter_shard_ordinal{instance="a",job="whatsapp-exporter"}': values([0, 50]),
      'whatsapp_exporter_shard_ordinal{instance="b",job="whatsapp-exporter"}': values([1, 10], ['_', 20], [1, 20]),
    },
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: { job: 'whatsapp-exporter' },
    description:
      '1 of the shards that the exporters of whatsapp-exporter were told of are not there: their accounts are not watched.',
    resolved: '31m',
    below: {
      what: 'both shards are there, and one exporter of another namespace stands alone',
      series: {
        ...ofShards([
          ['a', 0, 2],
          ['b', 1, 2],
        ]),
        'whatsapp_exporter_shards{instance="c",job="whatsapp-exporter",namespace="staging"}': values([1, 50]),
        'whatsapp_exporter_shard_ordinal{instance="c",job="whatsapp-exporter",namespace="staging"}': values([0, 50]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterShardOverlap',
    step: '1m',
    series: {
      ...ofShards([
        ['a', 0, 2],
        ['b', 1, 2],
      ]),
      'whatsapp_exporter_shard_ordinal{instance="c",job="whatsapp-exporter"}': values(['_', 10], [1, 20], ['_', 20]),
    },
    quiet: ['9m', '10m'],
    firing: '11m',
    labels: { job: 'whatsapp-exporter', ordinal: '1' },
    description:
      '2 exporters of whatsapp-exporter have the ordinal 1: they check the same accounts, and restart them twice.',
    resolved: '36m',
    below: {
      what: 'one exporter goes and another one comes, both seen in one scrape',
      series: {
        ...ofShards([['a', 0, 2]]),
        'whatsapp_exporter_shard_ordinal{instance="b",job="whatsapp-exporter"}': values([1, 12], ['_', 38]),
        'whatsapp_exporter_shard_ordinal{instance="c",job="whatsapp-exporter"}': values(['_', 11], [1, 39]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterShardTotalsDiffer',
    step: '1m',
    series: {
      ...ofShards([['a', 0, 2]]),
      'whatsapp_exporter_shard_ordinal{instance="b",job="whatsapp-exporter"}': values([1, 50]),
      'whatsapp_exporter_shards{instance="b",job="whatsapp-exporter"}': values([2, 10], [3, 20], [2, 20]),
    },
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: { job: 'whatsapp-exporter' },
    description:
      'The exporters of whatsapp-exporter were told of different numbers of shards, 1 apart: some accounts are watched twice, others by nobody.',
    resolved: '31m',
    below: {
      what: 'the exporters are restarted one after another with a new number, within five minutes',
      series: {
        'whatsapp_exporter_shard_ordinal{instance="a",job="whatsapp-exporter"}': values([0, 50]),
        'whatsapp_exporter_shards{instance="a",job="whatsapp-exporter"}': values([2, 14], [3, 36]),
        'whatsapp_exporter_shard_ordinal{instance="b",job="whatsapp-exporter"}': values([1, 50]),
        'whatsapp_exporter_shards{instance="b",job="whatsapp-exporter"}': values([2, 10], [3, 40]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterBlind',
    step: '15s',
    series: ofExporter('whatsapp_exporter_blind', [0, 20], [1, 20], [0, 30]),
    quiet: ['4m45s', '5m15s'],
    firing: '5m30s',
    labels: EXPORTER,
    description:
      'The exporter exporter:19292 reaches neither a gateway nor the addresses of checks.uplink: its accounts are unknown, not down. Look at its network, and at its machine.',
    resolved: '12m',
    below: {
      what: 'it is blind for one check',
      series: ofExporter('whatsapp_exporter_blind', [0, 20], [1, 1], [0, 30]),
      at: ['5m', '5m30s', '6m'],
    },
  },
  {
    alert: 'WhatsAppExporterLagging',
    step: '1m',
    series: {
      ...ofExporter('whatsapp_exporter_check_interval_seconds', [15, 100]),
      ...ofExporter('whatsapp_exporter_check_lag_seconds', [0.1, 10], [8, 20], [0.1, 60]),
    },
    quiet: ['9m', '14m'],
    firing: '15m',
    labels: EXPORTER,
    description:
      'The checks of exporter:19292 start 8s late, more than half an interval: it has too much to do, or too little processor time.',
    resolved: '35m',
    below: {
      what: 'checks are half an interval late',
      series: {
        ...ofExporter('whatsapp_exporter_check_interval_seconds', [15, 100]),
        ...ofExporter('whatsapp_exporter_check_lag_seconds', [7.5, 100]),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterStalled',
    step: '15s',
    series: {
      ...ofExporter('whatsapp_exporter_check_interval_seconds', [15, 100]),
      [`whatsapp_account_last_check_timestamp_seconds{${ACCOUNT},${SCRAPED}}`]: values([300, 48], [720, 40]),
    },
    // 300 + 60 + 4 * 15 = 420 s, and a minute of `for`.
    quiet: ['7m', '8m'],
    firing: '8m15s',
    labels: EXPORTER,
    description: 'The newest check of exporter:19292 is 3m 15s old: what it shows is of the past.',
    resolved: '12m',
    below: {
      what: 'the newest check is two minutes old',
      series: {
        ...ofExporter('whatsapp_exporter_check_interval_seconds', [15, 100]),
        [`whatsapp_account_last_check_timestamp_seconds{${ACCOUNT},${SCRAPED}}`]: growing(1, 15, 80),
      },
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterStoreFailing',
    step: '15s',
    series: ofExporter('whatsapp_exporter_store_up', [1, 20], [0, 40], [1, 60]),
    // Prometheus 3 leaves the sample at the far edge of a range out, so that it fires one sample earlier than 2.
    quiet: ['4m45s', '7m30s'],
    firing: '8m',
    labels: EXPORTER,
    description:
      'The exporter exporter:19292 keeps its journal in memory because its store fails. Checks and alerts go on; a restart now would lose what waits.',
    resolved: '20m',
    below: {
      what: 'every second write works',
      series: ofExporter('whatsapp_exporter_store_up', [1, 20], [0, 5], [1, 1], [0, 5], [1, 1], [0, 5], [1, 60]),
      at: ['6m', '7m', '8m', '9m'],
    },
  },
  {
    alert: 'WhatsAppExporterSamplesDropped',
    step: '1m',
    series: ofExporter('whatsapp_exporter_store_dropped_samples_total', [0, 10], [15, 100]),
    quiet: ['9m'],
    firing: '15m',
    labels: EXPORTER,
    description:
      'The exporter exporter:19292 gave up 15 samples within the last 15 minutes; reports over this time have a lower coverage.',
    resolved: '42m',
    below: {
      what: 'none was given up',
      series: ofExporter('whatsapp_exporter_store_dropped_samples_total', [9, 99]),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppExporterReloadFailed',
    step: '1m',
    series: ofExporter('whatsapp_exporter_config_last_reload_successful', [1, 10], [0, 20], [1, 20]),
    quiet: ['9m', '13m'],
    firing: '15m',
    labels: EXPORTER,
    description:
      'The exporter exporter:19292 goes on with its last good configuration. Run whatsapp-exporter config check to see what is wrong.',
    resolved: '31m',
    below: {
      what: 'it is repaired within five minutes',
      series: ofExporter('whatsapp_exporter_config_last_reload_successful', [1, 10], [0, 4], [1, 60]),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppReportFailed',
    step: '1m',
    series: ofExporter('whatsapp_exporter_report_failures_total', [0, 10], [1, 300]),
    quiet: ['9m'],
    firing: '60m',
    labels: EXPORTER,
    description: '1 reports of exporter:19292 failed within the last hour; GET /api/reports names the fault.',
    resolved: '132m',
    below: {
      what: 'no report failed',
      series: ofExporter('whatsapp_exporter_report_failures_total', [1, 99]),
      at: NEVER,
    },
  },
  {
    alert: 'WhatsAppNotificationFailed',
    step: '1m',
    series: ofReceiver('failed'),
    quiet: ['9m'],
    firing: '15m',
    labels: { receiver: 'oncall' },
    description: '2 notifications to the receiver oncall failed within the last 15 minutes.',
    resolved: '42m',
    below: { what: 'notifications are delivered', series: ofReceiver('firing'), at: NEVER },
  },
  {
    alert: 'WhatsAppDiscoveryFailing',
    step: '1m',
    series: discovery(1),
    quiet: ['9m'],
    firing: '25m',
    labels: { gateway: 'waha-1' },
    description:
      'Discovery at waha-1 fails again and again: accounts that are new there are not watched, and ones that are gone still are.',
    resolved: '80m',
    below: {
      what: 'two calls in a quarter of an hour fail',
      series: discovery(0.13),
      at: ['12m', '20m', '30m', '40m'],
    },
  },
  {
    alert: 'WhatsAppWatchdog',
    step: '1m',
    series: {},
    quiet: [],
    firing: '0m',
    labels: {},
    description: 'This alert always fires. When it stops arriving, alerts are lost on the way.',
    resolved: '',
    below: { what: '', series: {}, at: [] },
  },
]

/** `bad` of `all` accounts are ill from minute 10 to minute 30. */
function fleetOf(bad: number, all: number): Record<string, string> {
  return Object.assign(
    gateway({ accounts: all }),
    ...Array.from({ length: all }, (_, index) => {
      const labels = `account="a${index}",gateway="waha-1",tenant="acme"`
      if (index >= bad) return account([{ samples: 90 }], labels)
      return account(
        [
          { samples: 10 },
          { samples: 20, status: 'unhealthy', state: 'disconnected', incidentStart: 600 },
          { samples: 60 },
        ],
        labels,
      )
    }),
  )
}

function groupBurn(alert: string, level: 'gateway' | 'tenant', name: string): AlertCase {
  const rates = (day: number) => ({
    ...seen(level, `${level}="${name}"`),
    ...ofGroup(`${level}="${name}"`, {
      [`${level}:whatsapp_slo_burn_rate:ratio_2h`]: [
        [0, 10],
        [5, 20],
        [0, 100],
      ],
      [`${level}:whatsapp_slo_burn_rate:ratio_1d`]: [
        [0, 10],
        [day, 20],
        [0, 100],
      ],
      [`${level}:whatsapp_slo_burn_rate:ratio_6h`]: [[0, 100]],
      [`${level}:whatsapp_slo_burn_rate:ratio_3d`]: [[0, 100]],
    }),
  })
  return {
    alert,
    step: '1m',
    series: rates(3.5),
    quiet: ['9m'],
    firing: '10m',
    labels: { [level]: name },
    description: `The accounts of the ${level} ${name} have together burned their error budget 3.5 times as fast as their objectives allow for hours.`,
    resolved: '60m',
    below: { what: 'the day burns three times as fast as allowed', series: rates(3), at: NEVER },
  }
}

/** A week at 0.999, then one that falls to `low` for two hours and is well again. */
function declining(low: number): Record<string, string> {
  return {
    ...account([{ samples: 2200 }]),
    ...allowed(2200),
    ...recorded({
      'account:whatsapp_availability:ratio_7d': [
        [0.999, 2016],
        [low, 24],
        [0.999, 160],
      ],
      'account:whatsapp_coverage:ratio_7d': [[1, 2200]],
    }),
  }
}

function activity(expected: number, lower: number, changes: readonly Stretch[]): Record<string, string> {
  return recorded({
    'account:whatsapp_activity:expected1h': [[expected, 200]],
    'account:whatsapp_activity:lower1h': [[lower, 200]],
    'account:whatsapp_activity:changes1h': changes,
  })
}

/** One incident in the hour that ends at hour 100 of the last `weeks` of three weeks, one sample each half hour. */
function fridays(weeks: number): readonly Stretch[] {
  const one: readonly Stretch[] = [
    [0, 199],
    [1, 2],
    [0, 135],
  ]
  const none: readonly Stretch[] = [[0, 336]]
  return [...(weeks < 3 ? none : one), ...one, ...one, [0, 90]]
}

function ofReceiver(status: string): Record<string, string> {
  const name = 'whatsapp_exporter_notifications_total'
  return {
    [`${name}{receiver="oncall",status="${status}",${SCRAPED}}`]: values([0, 10], [2, 100]),
    [`${name}{receiver="oncall",status="resolved",${SCRAPED}}`]: values([0, 110]),
  }
}

/** Calls fail `perMinute` for half an hour. */
function discovery(perMinute: number): Record<string, string> {
  return {
    [`whatsapp_exporter_discovery_failures_total{gateway="waha-1",${SCRAPED}}`]: `0+0x9 0+${perMinute}x30 ${30 * perMinute}+0x100`,
  }
}
