import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, type TestContext, test } from 'vitest'
import { until } from './until.ts'
import { checkedTimes, startWorld, type World } from './world.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const ids = (count: number) => Array.from({ length: count }, (_, index) => `bot-${index}`)
const MEGABYTE = 1024 * 1024

describe('in the long run', { timeout: 120_000 }, () => {
  test('three hundred cycles of two hundred accounts leave the heap and the timers as they were', async (context) => {
    const world = await startWorld(context, {
      simulator: {
        gateways: [
          { name: 'whole', dialect: 'http', accounts: 160 },
          { name: 'single', dialect: 'http', accounts: ids(40) },
        ],
      },
      entries: { single: { discover: false, accounts: ids(40).map((account) => ({ account })) } },
      config: { checks: { interval: '1h', timeout: '10s' }, discovery: { interval: '1h' } },
    })
    await checkedTimes(world, 1)
    const signal = new AbortController().signal
    const cycles = async (count: number) => {
      for (let times = 0; times < count; times++) await world.service.monitor.checkNow('all', signal)
      await until(
        'the last flush',
        async () => (await world.scrape()).value('whatsapp_exporter_store_pending_writes') === 0,
      )
      collectGarbage()
      return { heapBytes: process.memoryUsage().heapUsed, timers: timers() }
    }
    // What is compiled, cached and pooled comes with the first hundred.
    const before = await cycles(100)
    const after = await cycles(200)
    for (const { health } of world.service.monitor.fleet.accounts())
      expect(health.counters.checks).toBeGreaterThanOrEqual(300)
    expect((after.heapBytes - before.heapBytes) / MEGABYTE).toBeLessThan(2)
    expect(after.timers).toBeLessThanOrEqual(before.timers + 3)
    expect(world.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  test('readers that never read hold up neither checks nor other scrapes', async (context) => {
    const world = await startWorld(context, {
      // A page larger than what the kernel takes for a reader that sleeps.
      simulator: { gateways: [{ name: 'one', dialect: 'http', accounts: 2_000 }] },
      config: { checks: { interval: '1m', timeout: '20s' } },
    })
    await checkedTimes(world, 1)
    const [first] = world.simulator.control.accounts()
    const labels = { account: first?.account ?? '', gateway: 'one' }
    const shown = async () => (await world.scrape()).value('whatsapp_account_checks_total', labels) ?? 0
    const sleepers: Socket[] = []
    const signal = new AbortController().signal
    for (let times = 0; times < 6; times++) {
      sleepers.push(await sleepingReader(context, world))
      await world.service.monitor.checkNow('all', signal)
    }
    expect(world.service.monitor.fleet.get(first?.key ?? '')?.health.counters.checks).toBeGreaterThanOrEqual(7)
    await until('a scrape with all the checks', async () => (await shown()) >= 7)
    for (const sleeper of sleepers) sleeper.destroy()
    await world.service.monitor.checkNow('all', signal)
    await until('a scrape with one check more', async () => (await shown()) >= 8)
  })
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

/** Asks for the page and reads its first bytes only. */
async function sleepingReader({ onTestFinished }: TestContext, world: World) {
  const { hostname, port } = new URL(world.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(`GET /metrics HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
  await once(socket, 'readable')
  return socket
}
