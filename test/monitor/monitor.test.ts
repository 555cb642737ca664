import { describe, expect, onTestFinished, test } from 'vitest'
import type { Account } from '../../src/accounts/account.ts'
import type { Reading } from '../../src/accounts/observation.ts'
import type { Gateway, RestartReceipt, TimedReading } from '../../src/gateways/gateway.ts'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import type { RecoveryAttempt } from '../../src/health/recovery.ts'
import { silentLog } from '../../src/log.ts'
import type { Flush } from '../../src/monitor/flush.ts'
import { createMonitor } from '../../src/monitor/monitor.ts'
import type { MonitorPlan, WatchedGateway } from '../../src/monitor/plan.ts'
import { POLICY, RECOVERY } from '../health/fixtures.ts'
import { until } from '../service/until.ts'
import { accountOf } from './fixtures.ts'

const never = new AbortController().signal
const reading = (state: Reading['state']): Reading => ({ state, reason: null, native: state, evidence: {} })

/** A gateway whose answers the test gives when it likes. */
function steered(name = 'one') {
  const asked: { readonly answer: (reading: Reading) => void; readonly fail: (error: Error) => void }[] = []
  const restarts: ((receipt: RestartReceipt) => void)[] = []
  const gateway: Gateway = {
    name,
    driver: 'http',
    check: (_account, signal) =>
      new Promise<TimedReading>((resolve, reject) => {
        const atMs = Date.now()
        signal.addEventListener('abort', () => reject(new GatewayError('aborted', 'broken off')), { once: true })
        asked.push({
          answer: (found) => resolve({ reading: found, durationMs: 1, atMs }),
          fail: reject,
        })
      }),
    restart: () => new Promise((resolve) => void restarts.push(resolve)),
    close: () => Promise.resolve(),
  }
  return { gateway, asked, restarts }
}

const watched = (gateway: Gateway, more: Partial<WatchedGateway> = {}): WatchedGateway => ({
  gateway,
  url: 'http://127.0.0.1:1',
  labels: {},
  connections: 16,
  timeoutMs: 5_000,
  whole: false,
  health: { ...POLICY, unhealthyAfter: 1 },
  ...more,
})

const planOf = (gateways: readonly WatchedGateway[], more: Partial<MonitorPlan> = {}): MonitorPlan => ({
  gateways,
  intervalMs: 60_000,
  concurrency: 16,
  startGroup: 10,
  uplink: [],
  uplinkTimeoutMs: 1_000,
  unhealthyAfter: 1,
  recovery: { ...RECOVERY, mode: 'off' },
  missingForMs: 60_000,
  windows: () => [],
  ...more,
})

function setUp(gateways: readonly WatchedGateway[], more: Partial<MonitorPlan> = {}) {
  const flushes: Flush[] = []
  const requested: string[] = []
  const monitor = createMonitor({
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    random: () => 0.5,
    log: silentLog,
    publish: async (flush) => void flushes.push(flush),
    requested: (gateway, { result }) => void requested.push(`${gateway} ${result.ok ? 'ok' : result.code}`),
    needsLedger: () => true,
  })
  onTestFinished(() => monitor.stop())
  monitor.apply(planOf(gateways, more))
  const adopt = (...accounts: Account[]) => monitor.adopt('one', accounts, 'configured')
  const batches = () => flushes.flatMap(({ batch }) => batch ?? [])
  const recorded = () => ({
    samples: batches().flatMap(({ samples }) => samples),
    incidents: batches().flatMap(({ incidents }) => incidents),
    recoveries: batches().flatMap(({ recoveries }) => recoveries),
  })
  return { monitor, adopt, recorded, requested }
}

describe('a check under way', () => {
  test('of an account that is removed meanwhile is for nobody’s record', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt, recorded } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const checked = monitor.checkNow(['one/a'], never)
    await until('the request', () => asked[0])
    adopt()
    asked[0]?.answer(reading('disconnected'))
    await expect(checked).resolves.toHaveLength(1)
    await monitor.stop()
    expect(recorded()).toEqual({ samples: [], incidents: [], recoveries: [] })
  })

  test('is not judged when a reload broke it off, and the next one is', async () => {
    const first = steered()
    const { monitor, adopt, recorded, requested } = setUp([watched(first.gateway)])
    adopt(accountOf('a'))
    const broken = monitor.checkNow(['one/a'], never)
    await until('the request', () => first.asked[0])
    const second = steered()
    monitor.apply(planOf([watched(second.gateway)]))
    first.asked[0]?.fail(new GatewayError('aborted', 'the gateway was closed'))
    await expect(broken).resolves.toMatchObject([{ error: { code: 'aborted' } }])
    expect(monitor.fleet.get('one/a')?.health.counters.checks).toBe(0)
    const checked = monitor.checkNow(['one/a'], never)
    await until('the next request', () => second.asked[0])
    second.asked[0]?.answer(reading('connected'))
    await expect(checked).resolves.toMatchObject([{ error: null }])
    await monitor.stop()
    expect(recorded().samples).toMatchObject([{ state: 'connected', good: true }])
    expect(requested).toEqual(['one ok'])
  })

  test('is waited for when the monitor stops, and its result is recorded', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt, recorded } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const checked = monitor.checkNow(['one/a'], never)
    await until('the request', () => asked[0])
    const stopped = monitor.stop()
    asked[0]?.answer(reading('connected'))
    await Promise.all([checked, stopped])
    expect(recorded().samples).toHaveLength(1)
  })

  test('that hangs holds up the end for a moment only, and leaves no verdict', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt, recorded, requested } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const checked = monitor.checkNow(['one/a'], never)
    await until('the request', () => asked[0])
    await monitor.stop()
    await expect(checked).resolves.toMatchObject([{ error: { code: 'aborted' } }])
    expect(recorded().samples).toEqual([])
    expect(requested).toEqual([])
  })

  test('is shared by all who ask for one', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const checks = Promise.all([monitor.checkNow('all', never), monitor.checkNow(['one/a'], never)])
    await until('the request', () => asked[0])
    asked[0]?.answer(reading('connected'))
    await checks
    expect(asked).toHaveLength(1)
  })

  test('ends for whoever gives up on it', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const impatient = new AbortController()
    const checked = monitor.checkNow('all', impatient.signal)
    await until('the request', () => asked[0])
    impatient.abort(new Error('enough'))
    await expect(checked).rejects.toThrow('enough')
  })
})

describe('a repair', () => {
  test('whose account goes while its request is out stays interrupted, whatever the gateway answers then', async () => {
    const { gateway, asked, restarts } = steered()
    const { monitor, adopt, recorded } = setUp([watched(gateway)])
    adopt(accountOf('a'))
    const checked = monitor.checkNow(['one/a'], never)
    await until('the request', () => asked[0])
    asked[0]?.answer(reading('disconnected'))
    await checked
    const repaired = monitor.recover('one/a', 'jane', never)
    const answer = await until('the restart', () => restarts[0])
    adopt()
    answer({ accepted: true, detail: 'fine' })
    await expect(repaired).resolves.toMatchObject({ attempt: { outcome: 'interrupted', by: 'jane' } })
    await monitor.stop()
    expect(recorded().recoveries.at(-1)).toMatchObject({ outcome: 'interrupted' })
  })

  test('that the store holds as pending, of an account that nobody watches any more, is ended', async () => {
    const attempt: RecoveryAttempt = {
      id: 'r1',
      key: 'former/a',
      account: 'a',
      gateway: 'former',
      incidentId: null,
      attempt: 1,
      by: 'policy',
      reason: null,
      requestedMs: Date.now() - 1_000,
      acceptedMs: null,
      endMs: null,
      outcome: 'pending',
      detail: '',
    }
    const { monitor, recorded } = setUp([watched(steered().gateway)])
    monitor.restore({ nextSeq: 7, ledgers: [], pendingRecoveries: [attempt] }, [attempt])
    await monitor.stop()
    expect(recorded().recoveries).toMatchObject([{ id: 'r1', outcome: 'interrupted', endMs: expect.any(Number) }])
  })
})

describe('a stopped monitor', () => {
  test('starts nothing more', async () => {
    const { gateway, asked } = steered()
    const { monitor, adopt } = setUp([watched(gateway)], { intervalMs: 10 })
    adopt(accountOf('a'))
    monitor.start()
    const first = await until('a check', () => asked[0])
    first.answer(reading('connected'))
    await monitor.stop()
    const count = asked.length
    monitor.apply(planOf([watched(gateway)], { intervalMs: 10 }))
    adopt(accountOf('a'), accountOf('b'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(asked).toHaveLength(count)
  })
})
