import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ChecksOptions } from '../../src/monitor/options.ts'
import { openShard, ShardError } from '../../src/shard.ts'
import { StoreOptions } from '../../src/store/options.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from '../store/wire-server.ts'
import { type AccountDetail, apiClient } from './api-client.ts'
import { launch, startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { type Scene, setScene, startIn, steering } from './world.ts'

/** Long enough that a slow machine does not blur what is counted in intervals. */
const INTERVAL_MS = 5_000
const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })
const names = Array.from({ length: 20 }, (_, index) => `bot-${index}`)

describe('shards', { timeout: 60_000 }, () => {
  test('together watch what one exporter would watch, each account once', async (context) => {
    const scene = await setScene(context, { simulator: { gateways: [bots('one', ...names)] } })
    const found: string[][] = []
    for (const ordinal of [0, 1, 2]) {
      await scene.configure({ sharding: { ordinal, total: 3 }, store: { path: `${scene.folder}/${ordinal}.db` } })
      const { service } = await startIn(context, scene)
      await service.ready
      found.push([...service.monitor.fleet.accounts()].map(({ account }) => account.account))
      const page = await (await fetch(`${service.url}/metrics`)).text()
      expect(page).toContain(`whatsapp_exporter_shard_ordinal ${ordinal}`)
      expect(page).toContain('whatsapp_exporter_shards 3')
    }
    expect(found.every(({ length }) => length > 0)).toBe(true)
    expect(found.flat().sort()).toEqual([...names].sort())
  })

  test.each([
    ['exporter-2', 3, 2],
    ['exporter-2.exporter.monitoring.svc', 3, 2],
    ['7', 8, 7],
  ])('the host name %s of %i tells the ordinal %i', async (host, total, ordinal) => {
    const shard = open(host, total)
    expect(shard).toMatchObject({ ordinal, total })
    await shard.store.close()
  })

  test.each([
    ['plain', 'has no number at its end. Set the number itself, or run a StatefulSet.'],
    ['exporter-3', 'ordinals count from 0. Raise sharding.total, or run fewer exporters.'],
  ])('the host name %s is refused with a next step', (host, step) => {
    expect(() => open(host, 3)).toThrow(ShardError)
    expect(() => open(host, 3)).toThrow(step)
  })
})

function open(host: string, total: number) {
  const config = {
    sharding: { ordinal: 'hostname' as const, total },
    store: StoreOptions.parse({ path: ':memory:' }),
    checks: ChecksOptions.parse({}),
  }
  return openShard(config, { log: silentLog, now: Date.now, hostname: host })
}

describe.runIf(isMongoTested())('two exporters with one ordinal', { timeout: 120_000 }, () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())

  /** A holder in mid-incident with one restart behind it, and a standby. */
  async function pair(context: Parameters<typeof setScene>[0]) {
    const { uri, database, drop } = testDatabase(server)
    const scene = await setScene(context, {
      simulator: { gateways: [bots('one', 'a', 'b')] },
      config: {
        store: { kind: 'mongodb', uri, database, path: undefined },
        checks: { interval: `${INTERVAL_MS}ms`, timeout: '2s' },
        recovery: { verifyWithin: '60s', attempts: 1 },
      },
    })
    context.onTestFinished(drop)
    const holder = await startExporter(context, scene.configFile)
    steering(scene.simulator).fault('one/a', 'disconnected', { restart: 'lies' })
    for (let check = 0; check < 2; check++) await holder.json('POST', '/api/health/check', {})
    const before = await holder.accountWhere(
      'one/a',
      'restarted in vain so far',
      ({ status, recovery }) => status === 'unhealthy' && recovery.refusal === 'pending',
    )
    const standby = launch(context, scene.configFile)
    await until('the second to stand by', () => standby.lines.some((line) => line.includes('This one stands by')))
    const asked = apiClient(await until('the standby to listen', () => lastUrl(standby.lines)))
    expect((await asked.request('GET', '/-/healthy')).status).toBe(200)
    expect((await asked.request('GET', '/-/ready')).status).toBe(503)
    expect((await asked.request('GET', '/metrics')).status).toBe(503)
    return { scene, holder, standby, before }
  }

  /** The standby acts: same incident, no second restart; healed, the incident ends once. */
  async function takesOver(
    scene: Scene,
    standby: Pick<ReturnType<typeof launch>, 'lines'>,
    before: AccountDetail,
    endedMs: number,
  ) {
    const isOver = () => standby.lines.findIndex((line) => line.includes('this one takes over'))
    await until('the standby to take over', () => isOver() >= 0)
    const url = await until('its API', () => lastUrl(standby.lines.slice(isOver())))
    const second = apiClient(url)
    await until('it to be ready', async () => (await second.request('GET', '/-/ready')).status === 200)
    const open = await second.accountWhere(
      'one/a',
      'checked',
      ({ lastCheckAt }) => Date.parse(lastCheckAt ?? '') > endedMs,
    )
    expect((Date.parse(open.lastCheckAt ?? '') - endedMs) / INTERVAL_MS).toBeLessThanOrEqual(2)
    expect(open.status).toBe('unhealthy')
    expect(open.incident?.id).toBe(before.incident?.id)
    // The ledger has no gap: nothing counted is lost, and the downtime runs on from the first bad check.
    expect(open.counters.checks).toBeGreaterThan(before.counters.checks)
    expect(open.counters).toMatchObject({ incidents: 1, incidentsResolved: 0, recoveryAttempts: 1 })
    const sinceMs = Date.parse(open.lastCheckAt ?? '') - Date.parse(before.incident?.startedAt ?? '')
    expect(open.incident?.downtimeSeconds).toBeCloseTo(sinceMs / 1000, 2)
    expect(open.recovery.refusal).toBe('pending')
    expect(scene.simulator.control.accounts()[0]?.restartRequests).toBe(1)
    return second
  }

  test('the standby takes over when the holder is killed: one incident, one restart', async (context) => {
    const { scene, holder, standby, before } = await pair(context)
    holder.signal('SIGKILL')
    const second = await takesOver(scene, standby, before, Date.now())
    steering(scene.simulator).heal('one/a')
    for (let check = 0; check < 2; check++) await second.json('POST', '/api/health/check', {})
    await second.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    expect((await second.incidents('one/a')).map(({ id }) => id)).toEqual([before.incident?.id])
    expect(await second.recoveries('one/a')).toHaveLength(1)
  })

  test('a standby reads its configuration again at SIGHUP, and takes over with it', async (context) => {
    const { scene, holder, standby } = await pair(context)
    await scene.configure({ nonsense: {} })
    standby.child.kill('SIGHUP')
    await until('the faults to be told', () => standby.lines.some((line) => line.includes('was not reloaded')))
    await scene.configure({ slo: { objective: 0.97 } })
    standby.child.kill('SIGHUP')
    const wasRead = () => standby.lines.findIndex((line) => line.includes('The configuration was read again'))
    await until('it to be read', () => wasRead() >= 0)
    await until('it to stand by again', () =>
      standby.lines.slice(wasRead()).some((line) => line.includes('This one stands by')),
    )
    holder.signal('SIGTERM')
    const isOver = () => standby.lines.findIndex((line) => line.includes('this one takes over'))
    await until('the standby to take over', () => isOver() >= 0)
    const second = apiClient(await until('its API', () => lastUrl(standby.lines.slice(isOver()))))
    const objective = /^whatsapp_account_slo_objective_ratio\{.*account="a".*\} 0\.97$/m
    await until('the new objective', async () => objective.test((await second.request('GET', '/metrics')).text))
  })

  test('a holder that was paused finds itself displaced, repairs nothing more and stands by', async (context) => {
    const { scene, holder, standby, before } = await pair(context)
    holder.signal('SIGSTOP')
    const second = await takesOver(scene, standby, before, Date.now())
    const said = holder.lines.length
    holder.signal('SIGCONT')
    await until('the first to stand by', () =>
      holder.lines.slice(said).some((line) => line.includes('This one stands by')),
    )
    expect(holder.lines.some((line) => line.includes('has taken over this part of the fleet'))).toBe(true)
    expect(scene.simulator.control.accounts()[0]?.restartRequests).toBe(1)
    const again = await second.accountWhere('one/a', 'still checked', ({ counters }) => counters.checks > 0)
    expect(again.incident?.id).toBe(before.incident?.id)
  })
})

function lastUrl(lines: readonly string[]): string | undefined {
  return lines.map((line) => /"url":"(http[^"]+)","msg":"the API listens"/.exec(line)?.[1]).findLast((url) => url)
}
