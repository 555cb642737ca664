import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import type { z } from 'zod'
import type { Account } from '../../src/accounts/account.ts'
import { accountKey } from '../../src/accounts/account.ts'
import { createApi } from '../../src/api/app.ts'
import { changeFeed } from '../../src/api/change-feed.ts'
import { ApiOptions } from '../../src/api/options.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import type { AccountHealth, Incident, Transition } from '../../src/health/health.ts'
import type { RecoveryAttempt } from '../../src/health/recovery.ts'
import { silentLog } from '../../src/log.ts'
import type { AccountView, CheckResult, Fleet, GatewayView, MonitorControl } from '../../src/monitor/fleet.ts'
import { notifications } from '../../src/notifications/notifications.ts'
import { AlertingOptions } from '../../src/notifications/options.ts'
import { createAnalytics } from '../../src/reports/analytics.ts'
import type { HistoryBucket, Store } from '../../src/store/store.ts'
import { fakeReports } from './fake-reports.ts'
import { NOW_MS } from './now.ts'

export { NOW_MS }

export function account(overrides: Partial<Account> = {}): Account {
  const base = { account: 'sales-01', gateway: 'waha-1', ...overrides }
  return {
    key: accountKey(base.gateway, base.account),
    nativeId: base.account,
    phone: '971505760056',
    name: 'Sales',
    labels: { team: 'sales' },
    objective: 0.995,
    desired: 'running',
    ...base,
  }
}

function health(key: string, overrides: Partial<AccountHealth> = {}): AccountHealth {
  return {
    key,
    status: 'healthy',
    state: 'connected',
    reason: null,
    native: 'WORKING',
    evidence: {},
    stateSinceMs: NOW_MS - 3_600_000,
    statusSinceMs: NOW_MS - 3_600_000,
    lastCheckMs: NOW_MS - 5000,
    lastDurationMs: 42.5,
    lastSuccessMs: NOW_MS - 5000,
    consecutiveFailures: 0,
    consecutiveSuccesses: 240,
    badSinceMs: null,
    goodSinceMs: null,
    healthySinceMs: NOW_MS - 3_600_000,
    pairedMs: null,
    pendingDowntimeMs: 0,
    incident: null,
    counters: {
      checks: 240,
      checkFailures: 4,
      observedMs: 3_600_000,
      downtimeMs: 36_000,
      incidents: 1,
      incidentsResolved: 1,
      detectionDelayMs: 30_000,
      recoveryAttempts: 2,
      recoveryFailures: 1,
    },
    recovery: { attemptsUsed: 0, notBeforeMs: 0, pending: null },
    ...overrides,
  }
}

export function incident(overrides: Partial<Incident> = {}): Incident {
  return {
    id: 'inc-1',
    key: 'waha-1/sales-02',
    account: 'sales-02',
    gateway: 'waha-1',
    startMs: NOW_MS - 600_000,
    detectedMs: NOW_MS - 570_000,
    endMs: null,
    cause: 'network',
    state: 'disconnected',
    downtimeMs: 600_000,
    attempts: 1,
    resolution: null,
    ...overrides,
  }
}

export function attempt(overrides: Partial<RecoveryAttempt> = {}): RecoveryAttempt {
  return {
    id: 'rec-1',
    key: 'waha-1/sales-02',
    account: 'sales-02',
    gateway: 'waha-1',
    incidentId: 'inc-1',
    attempt: 1,
    by: 'policy',
    reason: 'network',
    requestedMs: NOW_MS - 500_000,
    acceptedMs: NOW_MS - 499_900,
    endMs: null,
    outcome: 'pending',
    detail: 'restart accepted',
    ...overrides,
  }
}

export const transition: Transition = {
  key: 'waha-1/sales-02',
  atMs: NOW_MS - 600_000,
  fromState: 'connected',
  toState: 'disconnected',
  fromStatus: 'healthy',
  toStatus: 'warning',
  reason: 'network',
  native: 'FAILED',
}

export const bucket: HistoryBucket = {
  fromMs: NOW_MS - 300_000,
  toMs: NOW_MS,
  checks: 20,
  failures: 1,
  meanDurationMs: 51,
  maxDurationMs: 80,
  worstStatus: 'warning',
  observedMs: 300_000,
  downtimeMs: 15_000,
  recoveryAttempts: 0,
}

export function view(
  of: Account,
  healthOverrides: Partial<AccountHealth> = {},
  rest: Partial<AccountView> = {},
): AccountView {
  return {
    account: of,
    health: health(of.key, healthOverrides),
    maintenance: null,
    recovery: { act: false, refusal: 'not_a_fault', retryAtMs: null },
    ...rest,
  }
}

/** Three accounts: healthy, in an incident, unknown; `shared` is an id that two gateways know. */
export function smallFleet(): AccountView[] {
  return [
    view(account()),
    view(
      account({ account: 'sales-02', phone: null, name: null }),
      {
        status: 'unhealthy',
        state: 'disconnected',
        reason: 'network',
        native: 'FAILED',
        consecutiveFailures: 3,
        incident: incident(),
      },
      { recovery: { act: false, refusal: 'backoff', retryAtMs: NOW_MS + 20_000 } },
    ),
    view(account({ account: 'shared', phone: null, labels: {} })),
    view(account({ account: 'shared', gateway: 'evo', phone: null, labels: {} }), {
      status: 'unknown',
      state: 'unknown',
      reason: 'unauthorized',
      lastDurationMs: null,
    }),
  ]
}

export function gatewayView(overrides: Partial<GatewayView> = {}): GatewayView {
  return {
    name: 'waha-1',
    driver: 'waha',
    url: 'http://127.0.0.1:3000',
    labels: {},
    up: true,
    upSinceMs: NOW_MS - 3_600_000,
    lastAnswerMs: NOW_MS - 5000,
    lastError: null,
    accounts: 3,
    breakerOpen: false,
    canList: true,
    canRestart: true,
    ...overrides,
  }
}

export function fleetOf(views: readonly AccountView[], gateways: readonly GatewayView[] = [gatewayView()]): Fleet {
  return {
    size: views.length,
    accounts: () => views.values(),
    get: (key) => views.find(({ account: { key: own } }) => own === key),
    find: (id) =>
      views.filter(
        ({ account: { key, account: own, phone } }) => id === key || id === own || id.replace(/[+\s-]/g, '') === phone,
      ),
    gateways: () => gateways,
    exporter: () => ({
      startedMs: NOW_MS - 3_600_000,
      blind: false,
      advice: '',
      durationErrorMs: 1.5,
      intervalMs: 15_000,
      lastCycleMs: NOW_MS - 5000,
      cycleDurationMs: 80,
      lagMs: 2,
      checksInFlight: 0,
      recoveryMode: 'on',
    }),
  }
}

/** A monitor that remembers what it was asked. */
export interface FakeMonitor extends MonitorControl {
  readonly checked: (readonly string[] | 'all')[]
  readonly recovered: { key: string; by: string }[]
}

export function fakeMonitor(views = smallFleet(), overrides: Partial<MonitorControl> = {}): FakeMonitor {
  const fleet = overrides.fleet ?? fleetOf(views)
  const checked: (readonly string[] | 'all')[] = []
  const recovered: { key: string; by: string }[] = []
  return {
    checked,
    recovered,
    async checkNow(keys) {
      checked.push(keys)
      return [...fleet.accounts()]
        .filter(({ account: { key } }) => keys === 'all' || keys.includes(key))
        .map((one): CheckResult => ({ view: one, durationMs: 12, error: null }))
    },
    async recover(key, by) {
      recovered.push({ key, by })
      return { attempt: attempt({ key, by }) }
    },
    ...overrides,
    fleet,
  }
}

export function fakeStore(overrides: Partial<Store> = {}): Store {
  return {
    kind: 'sqlite',
    load: async () => ({ nextSeq: 1, ledgers: [], pendingRecoveries: [] }),
    write: async () => {},
    incidents: async () => ({ items: [incident()], nextCursor: 'more' }),
    incident: async (id) => (id === 'inc-1' ? incident() : null),
    recoveries: async () => ({ items: [attempt()] }),
    transitions: async () => ({ items: [transition] }),
    history: async () => [bucket],
    samples: async () => [],
    recordNotifications: async (told) => told,
    notifications: async () => ({ items: [] }),
    putTextMessage: async () => {},
    textMessage: async () => null,
    textMessages: async () => ({ items: [] }),
    putMaintenance: async () => {},
    maintenance: async () => [],
    putSubscription: async () => {},
    subscriptions: async () => [],
    deliveries: {
      since: async (_schedule, nowMs) => nowMs,
      enlist: async () => {},
      claim: async () => ({ outcome: 'refused' }),
      mark: async () => false,
      renew: async () => {},
      tellLate: async () => false,
      get: async () => null,
      latest: async () => [],
      unfinished: async () => [],
      forget: async () => {},
      content: async () => ({ schedules: [], deliveries: [] }),
      adopt: async () => {},
    },
    maintain: async () => false,
    close: async () => {},
    ...overrides,
  }
}

/** The real audit, calendar and bridge over a store, without anything that runs by itself. */
export function stillNotifications(
  store: Store,
  over: Partial<Parameters<typeof notifications>[0]> = {},
): ReturnType<typeof notifications> {
  return notifications({
    store,
    alerting: () => AlertingOptions.parse({}),
    configuredMaintenance: () => [],
    accountsOf: () => [],
    scope: 'test',
    counted() {},
    nowMs: () => NOW_MS,
    log: silentLog,
    ...over,
  })
}

export function fakeParts(overrides: Partial<ApiParts> = {}): ApiParts {
  const { audit, textMessages, maintenance } = stillNotifications(overrides.store ?? fakeStore())
  return {
    audit,
    textMessages,
    maintenance,
    monitor: fakeMonitor(),
    store: fakeStore(),
    analytics: createAnalytics({
      accounts: () =>
        [...(overrides.monitor ?? fakeMonitor()).fleet.accounts()].map((one) => ({
          account: one.account,
          gone: false,
        })),
      store: overrides.store ?? fakeStore({ incidents: async () => ({ items: [incident()] }) }),
      prometheus: () => ({ url: 'http://127.0.0.1:1' }),
      windows: () => [],
      defaultObjective: () => 0.995,
      now: overrides.now ?? (() => NOW_MS),
    }),
    reports: fakeReports(),
    changes: changeFeed(NOW_MS),
    vitals: () => ({ memoryBytes: 80_000_000, store: { up: true, pendingWrites: 0, writeFailures: 0 } }),
    metricsPage: async () => ({
      contentType: 'text/plain; version=0.0.4',
      chunks: [Buffer.from('up 1\n'), Buffer.from('down 0\n')],
      sizeBytes: 12,
      release() {},
    }),
    negotiate: () => ({ format: 'text', gzip: false }),
    reload: async () => ({ ok: true }),
    configText: () => 'gateways: []\n',
    ready: () => true,
    gatewayEvents: () => undefined,
    now: () => NOW_MS,
    log: silentLog,
    version: '0.1.0',
    links: { prometheus: 'http://127.0.0.1:9090' },
    options: ApiOptions.parse({ listen: '127.0.0.1:0' }),
    signal: new AbortController().signal,
    ...overrides,
  }
}

/** The JSON of an answer, checked by the schema of what a test looks at. */
export async function read<S extends z.ZodType>(answer: Response, schema: S): Promise<z.output<S>> {
  return schema.parse(await answer.json())
}

export interface Served {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Serves an app on the loopback, on a free port unless one is given. */
export async function serve(app: Express, wantedPort = 0): Promise<Served> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(wantedPort, '127.0.0.1', resolve))
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Starts the API with these parts, runs the body, ends the API. */
export async function withApi(overrides: Partial<ApiParts>, body: (served: Served) => Promise<void>): Promise<void> {
  const served = await serve(createApi(fakeParts(overrides)))
  try {
    await body(served)
  } finally {
    await served.close()
  }
}
