import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { runExporter, startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { setScene, steering } from './world.ts'

const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })
const one = { simulator: { gateways: [bots('one', 'a', 'b')] } }
const COUNTERS = [
  'whatsapp_account_checks_total',
  'whatsapp_account_check_failures_total',
  'whatsapp_account_observed_seconds_total',
  'whatsapp_account_downtime_seconds_total',
  'whatsapp_account_incidents_total',
  'whatsapp_account_incidents_resolved_total',
  'whatsapp_account_detection_delay_seconds_total',
  'whatsapp_account_recovery_attempts_total',
  'whatsapp_account_recovery_failures_total',
]

describe.concurrent('the exporter as a program', { timeout: 120_000 }, () => {
  test('killed in mid-incident and started again: one incident, the same start, no counter smaller than before', async (context) => {
    const { expect } = context
    const scene = await setScene(context, { ...one, config: { recovery: { verifyWithin: '20s', attempts: 1 } } })
    const { fault, heal } = steering(scene.simulator)
    const first = await startExporter(context, scene.configFile)
    fault('one/a', 'disconnected', { restart: 'lies' })
    const pending = await first.accountWhere(
      'one/a',
      'restarted in vain so far',
      ({ status, recovery, counters }) =>
        status === 'unhealthy' && recovery.refusal === 'pending' && counters.downtimeSeconds > 2,
    )
    await until('the downtime on /metrics', async () => {
      const page = await first.scrape()
      return (page.value('whatsapp_account_downtime_seconds_total', { account: 'a' }) ?? 0) > 2
    })
    const before = await first.scrape()
    first.signal('SIGKILL')
    const killedMs = Date.now()
    await first.ended

    // Longer than three intervals: nobody saw this time.
    await sleep(4_000)
    const second = await startExporter(context, scene.configFile)
    const gapSeconds = (Date.now() - killedMs) / 1_000
    const after = await until('everything on /metrics again', async () => {
      const page = await second.scrape()
      return page.value('whatsapp_account_incidents_total', { account: 'a' }) === undefined ? undefined : page
    })
    for (const account of ['a', 'b'])
      for (const name of COUNTERS)
        expect([name, after.value(name, { account })]).toEqual([
          name,
          expect.toSatisfy((value) => value >= (before.value(name, { account }) ?? Number.NaN)),
        ])
    const open = await second.accountWhere(
      'one/a',
      'checked',
      ({ counters }) => counters.checks > pending.counters.checks + 3,
    )
    expect(open.incident).toMatchObject({
      id: pending.incident?.id,
      startedAt: pending.incident?.startedAt,
      endedAt: null,
    })
    expect(open.recovery.refusal).toBe('pending')
    expect(scene.simulator.control.accounts()[0]?.restartRequests).toBe(1)

    heal('one/a')
    await second.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    const [attempt, ...others] = await until('the verdict on the attempt', async () => {
      const found = await second.recoveries('one/a')
      return found[0]?.outcome === 'verified' ? found : undefined
    })
    expect(others).toEqual([])
    expect(attempt?.incidentId).toBe(pending.incident?.id)
    const incidents = await until('the closed incident', async () => {
      const found = await second.incidents('one/a')
      return found[0]?.endedAt ? found : undefined
    })
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({ id: pending.incident?.id, startedAt: pending.incident?.startedAt })
    const wholeSeconds = (Date.parse(incidents[0]?.endedAt ?? '') - Date.parse(incidents[0]?.startedAt ?? '')) / 1_000
    const downtime = incidents[0]?.downtimeSeconds ?? 0
    expect(downtime).toBeGreaterThan(pending.counters.downtimeSeconds)
    // The gap is out, give and take a check at either end.
    expect(Math.abs(wholeSeconds - gapSeconds - downtime)).toBeLessThan(3)
  })

  test('SIGHUP reloads a good file and refuses a bad one', async (context) => {
    const scene = await setScene(context, { simulator: { gateways: [bots('one', 'a'), bots('two', 'b')] } })
    const exporter = await startExporter(context, scene.configFile)
    const text = 'whatsapp_exporter_config_last_reload_successful'
    await writeFile(scene.configFile, 'gateways: 7\n')
    exporter.signal('SIGHUP')
    await until('the refusal', async () => (await exporter.scrape()).value(text) === 0)
    await exporter.accountWhere('two/b', 'watched as before', ({ status }) => status === 'healthy')
    await scene.configure({}, { two: { name: 'three' } })
    exporter.signal('SIGHUP')
    await until('the reload', async () => (await exporter.scrape()).value(text) === 1)
    await exporter.accountWhere('three/b', 'healthy', ({ status }) => status === 'healthy')
  })

  test('stopped and continued like a sleeping laptop, it blames nobody', async (context) => {
    const { expect } = context
    const scene = await setScene(context, { ...one, config: { health: { slowAfter: '850ms' } } })
    const exporter = await startExporter(context, scene.configFile)
    await exporter.accountWhere('one/a', 'checked', ({ counters }) => counters.checks >= 3)
    for (let times = 0; times < 3; times++) {
      exporter.signal('SIGSTOP')
      await sleep(2_500)
      exporter.signal('SIGCONT')
      const { checks } = (await exporter.account('one/a')).counters
      await exporter.accountWhere('one/a', 'checked further', ({ counters }) => counters.checks >= checks + 3)
    }
    const account = await exporter.account('one/a')
    expect(account).toMatchObject({ status: 'healthy', counters: { incidents: 0, downtimeSeconds: 0 } })
    expect(await exporter.incidents()).toEqual([])
  })

  test('SIGTERM ends it in order, with exit code 0, within seconds, while a gateway hangs and a client reads slowly', async (context) => {
    const { expect } = context
    const scene = await setScene(context, {
      simulator: { gateways: [bots('one', 'a'), bots('two', 'b')] },
      // However long the end takes: what was broken off must not count as a failure.
      config: { health: { unhealthyAfter: 100 } },
    })
    const exporter = await startExporter(context, scene.configFile)
    await exporter.accountWhere('two/b', 'checked', ({ counters }) => counters.checks >= 2)
    steering(scene.simulator).fault('two', 'hang')
    const { port, hostname } = new URL(exporter.url)
    const slow = connect(Number(port), hostname)
    context.onTestFinished(() => void slow.destroy())
    slow.on('error', () => {})
    await once(slow, 'connect')
    slow.write('GET /metrics HTTP/1.1\r\nhost: x\r\n')
    const startedMs = performance.now()
    exporter.signal('SIGTERM')
    expect(await exporter.ended).toBe(0)
    // Two seconds for the client, one for the checks, five for the store at most.
    expect(performance.now() - startedMs).toBeLessThan(15_000)
    expect(exporter.lines.at(-1)).toContain('"msg":"Ended."')
    expect(exporter.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
    const again = await startExporter(context, scene.configFile)
    expect((await again.account('one/a')).counters.checks).toBeGreaterThan(2)
    expect((await again.account('two/b')).counters.incidents).toBe(0)
  })

  test('a port in use is one clear message and exit code 2', async (context) => {
    const { expect } = context
    const server = createServer().listen(0, '127.0.0.1')
    context.onTestFinished(() => void server.close())
    await until('the other program', () => server.listening)
    const { port } = server.address() as AddressInfo
    const scene = await setScene(context, { ...one, config: { api: { listen: `127.0.0.1:${port}` } } })
    const { code, lines } = await runExporter(context, scene.configFile)
    expect(code).toBe(2)
    const said = lines.filter((line) => !line.startsWith('{'))
    expect(said).toEqual([
      expect.stringContaining(`Cannot listen on 127.0.0.1, port ${port}: another program uses the port.`),
    ])
  })
})
