import { execFile } from 'node:child_process'
import { chmod, chown, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, type TestContext, test } from 'vitest'
import { otherProcess } from '../store/other-process.ts'
import { type ApiClient, apiClient } from './api-client.ts'
import { startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { type Scene, setScene, startIn, startWorld, steering, type World } from './world.ts'

const one = { simulator: { gateways: [{ name: 'one', dialect: 'http' as const, accounts: ['a', 'b'] }] } }
const UP = 'whatsapp_exporter_store_up'
const WAITING = 'whatsapp_exporter_store_pending_writes'
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const run = promisify(execFile)

/** `writer`: an operator's forgotten shell, which lets read. `exporter`: a second exporter, which lets nobody in. */
async function lock(context: TestContext, { storeFile }: Scene, by: 'writer' | 'exporter') {
  const holder = otherProcess('./hold-lock.ts', [by === 'writer' ? storeFile : `${storeFile}.lock`])
  let held = true
  const release = async () => {
    if (held) await holder.kill()
    held = false
  }
  context.onTestFinished(release)
  await holder.line()
  return release
}

/** A whole incident while the store is away: checks, verdict and repair must not need it. */
async function liveThroughAnIncident(client: ApiClient, world: Pick<World, 'fault'>): Promise<string> {
  await until('the store to be down', async () => (await client.scrape()).value(UP) === 0)
  world.fault('one/a', 'disconnected')
  const account = await client.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
  await client.accountWhere('one/a', 'repaired', ({ status }) => status === 'healthy')
  return account.incident?.id ?? 'none'
}

/** Nothing waits any more, and the incident that ended meanwhile is there. */
async function caughtUp(client: ApiClient, id?: string): Promise<void> {
  await until(
    'the store to have caught up',
    async () => {
      const page = await client.scrape()
      if (page.value(UP) !== 1 || page.value(WAITING) !== 0) return false
      return id === undefined || (await client.incidents('one/a')).some((one) => one.id === id && one.endedAt !== null)
    },
    60_000,
  )
}

/** The store's own sums agree with what the exporter says: nothing was lost and nothing counted twice. */
async function agrees(
  context: TestContext,
  scene: Scene,
  client: ApiClient,
  stop: () => Promise<unknown>,
): Promise<void> {
  const { expect } = context
  const before = await client.account('one/a')
  await stop()
  const { service } = await startIn(context, scene)
  await service.ready
  const after = service.monitor.fleet.get('one/a')?.health.counters
  expect(after?.checks).toBeGreaterThanOrEqual(before.counters.checks)
  // Some checks fell between the last look and the end, and at once after the start.
  expect(after?.checks).toBeLessThanOrEqual(before.counters.checks + 4)
  expect(after?.incidents).toBe(before.counters.incidents)
  expect(after?.incidentsResolved).toBe(before.counters.incidentsResolved)
}

describe.concurrent('the store', { timeout: 120_000 }, () => {
  test('locked while running: checks and repairs go on, and all is written afterwards', async (context) => {
    const { expect } = context
    const world = await startWorld(context, one)
    await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    await until('a first write', async () => (await world.scrape()).value(UP) === 1)
    const release = await lock(context, world, 'writer')
    const id = await liveThroughAnIncident(world, world)
    const page = await world.scrape()
    expect(page.value(WAITING)).toBeGreaterThan(0)
    expect(page.value('whatsapp_exporter_store_write_failures_total')).toBeGreaterThan(0)
    await release()
    await caughtUp(world, id)
    expect(await world.incidents('one/a')).toMatchObject([{ id, resolution: 'repaired', attempts: 1 }])
    expect(await world.recoveries('one/a')).toMatchObject([{ outcome: 'verified', incidentId: id }])
    await agrees(context, world, world, () => world.service.stop())
  })

  test('locked at the start, with an incident open in it: the incident goes on from its beginning, and so do the sums', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { mode: 'off' } } })
    world.fault('one/a', 'disconnected')
    const open = await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    await until('the incident in the store', async () => (await world.incidents('one/a')).length === 1)
    await world.service.stop()
    const release = await lock(context, world, 'exporter')
    const { service } = await startIn(context, world)
    const { fleet } = service.monitor
    await until('checks without the store', () => (fleet.get('one/a')?.health.counters.checks ?? 0) >= 3)
    expect(fleet.get('one/a')?.health.incident?.id).not.toBe(open.incident?.id)
    await release()
    await until('the old incident', () => fleet.get('one/a')?.health.incident?.id === open.incident?.id)
    const health = fleet.get('one/a')?.health
    expect(new Date(health?.incident?.startMs ?? 0).toISOString()).toBe(open.incident?.startedAt)
    expect(health?.counters.checks).toBeGreaterThan(open.counters.checks + 2)
    world.heal('one/a')
    await until('the end', () => fleet.get('one/a')?.health.status === 'healthy')
    await service.stop()
    const { service: last } = await startIn(context, world)
    await last.ready
    expect(last.monitor.fleet.get('one/a')?.health.incident).toBeNull()
    expect(last.monitor.fleet.get('one/a')?.health.counters.checks).toBeGreaterThan(health?.counters.checks ?? Infinity)
  })

  test('locked at the start, with an incident open in it that is over by now: it ends', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { mode: 'off' } } })
    world.fault('one/a', 'disconnected')
    await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    const [open] = await until('the incident in the store', async () => {
      const found = await world.incidents('one/a')
      return found.length === 1 ? found : undefined
    })
    await world.service.stop()
    world.heal('one/a')
    const release = await lock(context, world, 'exporter')
    const { service } = await startIn(context, world)
    const { fleet } = service.monitor
    await until('good checks without the store', () => (fleet.get('one/a')?.health.counters.checks ?? 0) >= 3)
    await release()
    await until('the end of the incident', () => fleet.get('one/a')?.health.counters.incidentsResolved === 1)
    await service.stop()
    const { service: last } = await startIn(context, world)
    const incidents = await apiClient(last.url).incidents('one/a')
    expect(incidents).toMatchObject([{ id: open?.id, resolution: 'recovered' }])
    expect(incidents[0]?.endedAt).not.toBeNull()
  })

  test('deleted while running: a fresh one is begun, with the open incident and the sums so far', async (context) => {
    const { expect } = context
    const world = await startWorld(context, { ...one, config: { recovery: { mode: 'off' } } })
    world.fault('one/a', 'disconnected')
    const opened = await world.accountWhere('one/a', 'unhealthy', ({ status }) => status === 'unhealthy')
    await until('the incident in the store', async () => (await world.incidents('one/a')).length === 1)
    for (const suffix of ['', '-wal', '-shm']) await rm(world.storeFile + suffix, { force: true })
    await until('a fresh file', async () => (await readdir(world.folder)).includes('exporter.db'), 60_000)
    await caughtUp(world)
    const incidents = await until('the open incident in the fresh store', async () => {
      const found = await world.incidents('one/a')
      return found.length > 0 ? found : undefined
    })
    expect(incidents).toMatchObject([{ id: opened.incident?.id, endedAt: null }])
    await agrees(context, world, world, () => world.service.stop())
  })

  test('damaged: it is put aside, checks go on, and a fresh one is begun', async (context) => {
    const { expect } = context
    const world = await startWorld(context, one)
    await world.accountWhere('one/a', 'checked', ({ counters }) => counters.checks >= 3)
    await world.service.stop()
    // The schema stays whole: the file opens, and breaks where it is read.
    const content = await readFile(world.storeFile)
    content.fill(0xa5, Math.floor((content.length * 0.25) / 4096) * 4096)
    await writeFile(world.storeFile, content)
    const { service, lines } = await startIn(context, world)
    const client = apiClient(service.url)
    await client.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    await caughtUp(client)
    expect((await readdir(world.folder)).filter((name) => /^exporter\.db\.corrupt-\w+$/.test(name))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('The store is damaged. It was moved aside'))).toHaveLength(1)
    await agrees(context, world, client, () => service.stop())
  })

  test('on a full disk: checks go on, and all is written when there is room again', async (context) => {
    const { expect } = context
    const scene = await setScene(context, one)
    const exporter = await startExporter(context, scene.configFile)
    await exporter.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    await until('a first write', async () => (await exporter.scrape()).value(UP) === 1)
    await run('prlimit', ['--pid', String(exporter.pid), '--fsize=1024:unlimited'])
    const id = await liveThroughAnIncident(exporter, steering(scene.simulator))
    await run('prlimit', ['--pid', String(exporter.pid), '--fsize=unlimited:unlimited'])
    await caughtUp(exporter, id)
    expect(await exporter.incidents('one/a')).toMatchObject([{ id, resolution: 'repaired' }])
    await agrees(context, scene, exporter, async () => {
      exporter.signal('SIGTERM')
      expect(await exporter.ended).toBe(0)
    })
  })

  test.skipIf(!isRoot)('in a folder that cannot be written: checks go on until it can', async (context) => {
    const { expect } = context
    const scene = await setScene(context, one)
    // Root may write everywhere.
    await chmod(scene.folder, 0o555)
    await chown(scene.configFile, NOBODY, NOBODY)
    const under = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    const exporter = await startExporter(context, scene.configFile, { under })
    const id = await liveThroughAnIncident(exporter, steering(scene.simulator))
    await chmod(scene.folder, 0o777)
    await caughtUp(exporter, id)
    expect(await exporter.incidents('one/a')).toMatchObject([{ id, resolution: 'repaired' }])
    expect(await readdir(scene.folder)).toContain('exporter.db')
  })
})
