import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ExporterView } from '../../src/monitor/fleet.ts'
import { type Flush, flusher } from '../../src/monitor/flush.ts'
import { lulls } from '../../src/monitor/lulls.ts'
import { recorder } from '../../src/monitor/recorder.ts'
import { roster } from '../../src/monitor/roster.ts'
import { turnMeter } from '../../src/monitor/turn-meter.ts'
import { T0 } from '../health/fixtures.ts'
import { until } from '../service/until.ts'
import { accountOf, entryOf, gatewayOf } from './fixtures.ts'

const EXPORTER: ExporterView = {
  startedMs: T0,
  blind: false,
  advice: '',
  intervalMs: 1_000,
  lastCycleMs: null,
  cycleDurationMs: 0,
  lagMs: 0,
  durationErrorMs: 0,
  checksInFlight: 0,
  recoveryMode: 'on',
}

function setUp(intervalMs = 60_000) {
  const fleet = roster()
  const record = recorder()
  const figures = { inFlight: 0, maxLagMs: 0, firstStartMs: null as number | null, lastEndMs: null as number | null }
  const published: Flush[] = []
  /** While set, publishing waits for it. */
  let gate: Promise<void> | null = null
  let mostAtOnce = 0
  let atOnce = 0
  const quiet = lulls(figures)
  const flushing = flusher({
    nowMs: () => T0,
    monotonicMs: () => performance.now(),
    figures,
    lulls: quiet,
    meter: turnMeter(() => performance.now()),
    recorder: record,
    roster: fleet,
    intervalMs: () => intervalMs,
    inMaintenance: () => false,
    budgetLeft: () => 5,
    gatewayViews: () => [],
    exporterView: () => EXPORTER,
    async publish(flush) {
      atOnce += 1
      mostAtOnce = Math.max(mostAtOnce, atOnce)
      await gate
      published.push(flush)
      atOnce -= 1
    },
  })
  const one = gatewayOf('one')
  const add = (name: string) => {
    const entry = entryOf(accountOf(name), one)
    fleet.add(entry)
    return entry
  }
  const block = () => {
    let open = () => {}
    gate = new Promise((resolve) => {
      open = () => {
        gate = null
        resolve()
      }
    })
    return () => open()
  }
  return { fleet, record, figures, quiet, flushing, published, add, block, mostAtOnce: () => mostAtOnce }
}

describe('a flush', () => {
  test('brings what changed since the one before, once', async () => {
    const { flushing, published, add, record } = setUp()
    flushing.changed(add('a'))
    record.touch('one/a')
    await flushing.now()
    await flushing.now()
    expect(published).toMatchObject([
      { batch: { ledgers: [{ account: { key: 'one/a' } }] }, changed: [{ account: { key: 'one/a' }, budgetLeft: 5 }] },
      { batch: null, changed: [] },
    ])
  })

  test('leaves out an account that went meanwhile, and tells that it went', async () => {
    const { flushing, published, add, fleet } = setUp()
    const entry = add('a')
    flushing.changed(entry)
    fleet.delete(entry)
    flushing.removed('one/a')
    await flushing.now()
    expect(published).toMatchObject([{ changed: [], removed: ['one/a'] }])
  })

  test('does not tell that an account went that is back', async () => {
    const { flushing, published, add, fleet } = setUp()
    fleet.delete(add('a'))
    flushing.removed('one/a')
    flushing.changed(add('a'))
    await flushing.now()
    expect(published).toMatchObject([{ changed: [{ account: { key: 'one/a' } }], removed: [] }])
  })

  test('is one at a time: all who ask during one share the next, which has everything up to its start', async () => {
    const { flushing, published, add, block, mostAtOnce } = setUp()
    const open = block()
    const first = flushing.now()
    flushing.changed(add('a'))
    const second = flushing.now()
    flushing.changed(add('b'))
    const third = flushing.now()
    open()
    await Promise.all([first, second, third])
    expect(published.map(({ changed }) => changed.length)).toEqual([0, 2])
    expect(mostAtOnce()).toBe(1)
  })

  test('that the store does not take lets go of whoever waits after a short time', async () => {
    const { flushing, block, published } = setUp()
    const open = block()
    await flushing.now()
    expect(published).toEqual([])
    open()
  })
})

describe('a cycle', () => {
  test('ends with a flush of every account and the figures of its checks', async () => {
    const { flushing, published, add, figures } = setUp(50)
    add('a')
    add('b')
    figures.firstStartMs = 100
    figures.lastEndMs = 130
    figures.maxLagMs = 4
    flushing.start()
    onTestFinished(() => flushing.stop())
    await until('a flush', () => published.length > 0)
    expect(published[0]?.changed).toHaveLength(2)
    expect(flushing.lastCycle()).toMatchObject({ endedMs: T0, durationMs: 30, lagMs: 4 })
    await until('the next', () => published.length > 1)
    expect(flushing.lastCycle()).toMatchObject({ durationMs: 0, lagMs: 0 })
    expect(figures).toMatchObject({ firstStartMs: null, lastEndMs: null, maxLagMs: 0 })
  })

  test('after an event a flush comes early, and one for many events', async () => {
    const { flushing, published } = setUp()
    flushing.start()
    onTestFinished(() => flushing.stop())
    for (let times = 0; times < 20; times++) flushing.soon()
    await until('the flush', () => published.length === 1)
    flushing.soon()
    flushing.soon()
    await until('the next', () => published.length === 2)
    expect(published).toHaveLength(2)
  })

  test('its flush waits for the end of the checks under way', async () => {
    const { flushing, published, figures, quiet } = setUp(50)
    figures.inFlight = 1
    flushing.start()
    onTestFinished(() => flushing.stop())
    await until('the end of the cycle', () => flushing.lastCycle().endedMs !== null)
    expect(published).toEqual([])
    figures.inFlight = 0
    quiet.noteEnd()
    await until('the flush', () => published.length > 0)
  })

  test('its flush comes also where there are always checks under way', async () => {
    const { flushing, published, figures } = setUp(50)
    figures.inFlight = 1
    flushing.start()
    onTestFinished(() => flushing.stop())
    await until('the flush', () => published.length > 0)
  })

  test('that waits for the checks under way is not told after the end', async () => {
    const { flushing, published, figures, quiet } = setUp(20)
    figures.inFlight = 1
    flushing.start()
    await until('the end of the cycle', () => flushing.lastCycle().endedMs !== null)
    await flushing.stop()
    const count = published.length
    figures.inFlight = 0
    quiet.noteEnd()
    await sleep(60)
    expect(published).toHaveLength(count)
  })

  test('stopping publishes the rest and leaves no timer', async () => {
    const { flushing, published, add } = setUp(20)
    flushing.start()
    flushing.soon()
    flushing.changed(add('a'))
    await flushing.stop()
    const count = published.length
    expect(published.flatMap(({ changed }) => changed)).toHaveLength(1)
    flushing.soon()
    await sleep(60)
    expect(published).toHaveLength(count)
  })
})
