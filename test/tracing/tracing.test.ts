import { describe, expect, onTestFinished, test } from 'vitest'
import type { Log } from '../../src/log.ts'
import { Secret } from '../../src/option-types.ts'
import { TracingOptions } from '../../src/tracing/options.ts'
import { traced } from '../../src/tracing/span.ts'
import { type RunningTracing, startTracing, type TracingParts } from '../../src/tracing/tracing.ts'
import { until } from '../service/until.ts'
import { startOtlpReceiver } from './otlp-receiver.ts'

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const SEND_LIMIT_MS = 300

interface Started {
  readonly tracing: RunningTracing
  readonly counts: { exported: number; dropped: number }
  readonly said: string[]
}

async function start(options: object, parts: Partial<TracingParts> = {}): Promise<Started> {
  const counts = { exported: 0, dropped: 0 }
  const said: string[] = []
  const say = (facts: object, text: string) => void said.push(`${text} ${JSON.stringify(facts)}`)
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const tracing = await startTracing(TracingOptions.parse(options), {
    env: {},
    version: '1.2.3',
    instance: 'host-0',
    hide: (text) => text.replaceAll(/\d{8,}/g, 'PHONE'),
    events: {
      exported: (spans) => {
        counts.exported += spans
      },
      dropped: (spans) => {
        counts.dropped += spans
      },
    },
    log,
    random: () => 0,
    monotonicMs: () => performance.now(),
    sendLimitMs: SEND_LIMIT_MS,
    ...parts,
  })
  if (tracing === undefined) throw new Error('nothing is traced')
  onTestFinished(() => tracing.stop())
  return { tracing, counts, said }
}

/** A cycle with so many checks, and a request below each. */
function cycle({ start }: RunningTracing, checks: number): void {
  const parent = start('check cycle', { detached: true, sampling: 'always' })
  for (let index = 0; index < checks; index++) {
    const check = start('check', { parent, sampling: 'thinned' })
    check.within(() => start('GET', { kind: 'client' }).end())
    check.end()
  }
  parent.end()
}

describe('what the collector gets', () => {
  test('is a tree: a request under its check under its cycle', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing, counts } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    cycle(tracing, 1)
    await tracing.stop()
    const [request, check, root] = receiver.spans
    expect([root?.name, check?.name, request?.name]).toEqual(['check cycle', 'check', 'GET'])
    expect([check?.parentSpanId, request?.parentSpanId, root?.parentSpanId]).toEqual([root?.spanId, check?.spanId, ''])
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect([request?.kind, check?.kind]).toEqual(['client', 'internal'])
    expect(root?.resource).toMatchObject({
      'service.name': 'whatsapp-exporter',
      'service.version': '1.2.3',
      'service.instance.id': 'host-0',
    })
    expect(counts).toEqual({ exported: 3, dropped: 0 })
    expect(receiver.requests[0]).toMatchObject({ method: 'POST', path: '/v1/traces' })
  })

  test('carries attributes, notes and what failed, with no phone number in any text', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    const span = tracing.start('recovery', { attributes: { account: 'of 971505760056', attempt: 2, asked: true } })
    span.note('accepted', { by: '971505760057' })
    span.fail(Object.assign(new Error('971505760058 did not answer'), { code: 'timeout' }))
    span.end()
    await tracing.stop()
    expect(receiver.spans[0]).toMatchObject({
      attributes: { account: 'of PHONE', attempt: 2, asked: true, 'error.type': 'timeout' },
      events: [{ name: 'accepted', attributes: { by: 'PHONE' } }],
      status: { code: 2, message: 'PHONE did not answer' },
    })
    expect(receiver.text()).not.toContain('97150576')
  })

  test('comes with the configured credentials, which are nowhere else', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing, said } = await start({ endpoint: receiver.url, authorization: 'Bearer s3cr3t', sampleRatio: 1 })
    cycle(tracing, 1)
    await tracing.stop()
    expect(receiver.requests[0]?.['authorization']).toBe('Bearer s3cr3t')
    expect(receiver.text() + said.join('')).not.toContain('s3cr3t')
    expect(String(TracingOptions.parse({ authorization: 'Bearer s3cr3t' }).authorization)).toBe(
      String(new Secret('another')),
    )
  })

  test('links work of its own to what caused it', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    const check = tracing.start('check')
    check.within(() => tracing.start('recovery', { detached: true, sampling: 'always' }).end())
    check.end()
    await tracing.stop()
    const [recovery, cause] = receiver.spans
    expect(recovery).toMatchObject({ parentSpanId: '', links: [{ traceId: cause?.traceId, spanId: cause?.spanId }] })
    expect(recovery?.traceId).not.toBe(cause?.traceId)
  })

  test('says which promise failed, and lets its error through', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    const failing = traced(tracing, 'report', {}, () => Promise.reject(new RangeError('too long')))
    await expect(failing).rejects.toThrow('too long')
    await tracing.stop()
    expect(receiver.spans).toMatchObject([{ name: 'report', attributes: { 'error.type': 'RangeError' } }])
  })
})

describe('the share that is traced', () => {
  test('thins the checks of a cycle out, and each request goes with its check', async () => {
    const receiver = await startOtlpReceiver()
    const draws = Array.from({ length: 100 }, (_, index) => index / 100)
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 0.1 }, { random: () => draws.pop() ?? 1 })
    cycle(tracing, 100)
    await tracing.stop()
    const count = (name: string) => receiver.spans.filter((span) => span.name === name).length
    expect(['check cycle', 'check', 'GET'].map(count)).toEqual([1, 10, 10])
  })

  test('decides by chance over what begins a trace by itself', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 0.25 })
    for (let index = 0; index < 2_000; index++) tracing.start('GET /api/incidents', { kind: 'server' }).end()
    await tracing.stop()
    // Ids are random: 8 standard deviations of a binomial distribution on either side.
    expect(Math.abs(receiver.spans.length - 500)).toBeLessThan(155)
  })

  test('at 0 leaves only what is always traced', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 0 }, { random: () => 0 })
    cycle(tracing, 5)
    tracing.start('GET /', { kind: 'server' }).end()
    await tracing.stop()
    expect(receiver.spans.map(({ name }) => name)).toEqual(['check cycle'])
  })

  test.each([
    ['a caller that traces is followed', CALLER, 1],
    ['a caller that does not trace is followed', CALLER.replace(/01$/, '00'), 0],
    ['an unreadable caller is left to chance', 'nonsense', 0],
  ])('%s', async (_name, traceparent, count) => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 0 })
    tracing.start('POST /api/health/check', { kind: 'server', caller: { traceparent } }).end()
    await tracing.stop()
    expect(receiver.spans).toHaveLength(count)
    if (count === 1)
      expect(receiver.spans[0]).toMatchObject({
        traceId: '0af7651916cd43dd8448eb211c80319c',
        parentSpanId: 'b7ad6b7169203331',
      })
  })
})

describe('headers for others', () => {
  test('name the active span, and say whether it is traced', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 0 })
    const kept = tracing.start('recovery', { sampling: 'always' })
    const left = tracing.start('GET /')
    expect(kept.within(tracing.headers)['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(left.within(tracing.headers)['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(tracing.headers()).toEqual({})
    kept.end()
    left.end()
  })

  test('survive what the work awaits', async () => {
    const receiver = await startOtlpReceiver()
    const { tracing } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    const span = tracing.start('check')
    const later = await span.within(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return tracing.headers()['traceparent']
    })
    expect(later).toBe(span.within(tracing.headers)['traceparent'])
    expect(span.within(() => tracing.active())).toBe(span)
  })
})

describe('a collector that is away', () => {
  test('costs the spans, which are counted, one line of the log, and no waiting', async () => {
    const receiver = await startOtlpReceiver()
    receiver.answer(400)
    const { tracing, counts, said } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    for (let batch = 1; batch <= 3; batch++) {
      for (let index = 0; index < 512; index++) tracing.start('check').end()
      await until('the batch to be refused', () => counts.dropped >= batch * 512)
    }
    expect(counts).toEqual({ exported: 0, dropped: 3 * 512 })
    expect(said).toEqual([
      expect.stringMatching(/^The collector takes no spans; they are dropped\. Nothing else waits/),
    ])

    receiver.answer(200)
    for (let index = 0; index < 512; index++) tracing.start('check').end()
    await until('the batch to be taken', () => counts.exported === 512)
    expect(said.slice(1)).toEqual(['The collector takes spans again. {}'])
  })

  test('that comes and goes does not fill the log: neither its going nor its coming is told more than every ten minutes', async () => {
    const receiver = await startOtlpReceiver()
    let clockMs = 0
    const { tracing, counts, said } = await start(
      { endpoint: receiver.url, sampleRatio: 1 },
      { monotonicMs: () => clockMs },
    )
    const batch = async (status: number) => {
      receiver.answer(status)
      const before = counts.exported + counts.dropped
      for (let index = 0; index < 512; index++) tracing.start('check').end()
      await until('the batch to be answered', () => counts.exported + counts.dropped === before + 512)
    }
    for (const status of [400, 200, 400, 200, 400, 200]) await batch(status)
    expect(said).toHaveLength(2)
    clockMs = 600_000
    for (const status of [400, 400, 200, 200]) await batch(status)
    expect(said).toHaveLength(4)
  })

  test('does not fill the memory: what does not fit into the queue is dropped at once', async () => {
    const receiver = await startOtlpReceiver()
    receiver.answer(0)
    const { tracing, counts } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    for (let index = 0; index < 20_000; index++) tracing.start('check').end()
    // The queue, and the batch that is under way.
    expect(20_000 - counts.dropped).toBeLessThanOrEqual(4_096 + 512)
    expect(counts.exported).toBe(0)
  })

  test('does not hold up the end', async () => {
    const receiver = await startOtlpReceiver()
    receiver.answer(0)
    const { tracing, counts } = await start({ endpoint: receiver.url, sampleRatio: 1 })
    for (let index = 0; index < 100; index++) tracing.start('check').end()
    // Without a limit this waits for ever, because the receiver does.
    await tracing.stop()
    expect(counts).toEqual({ exported: 0, dropped: 100 })
    tracing.start('check').end()
    expect(counts.dropped).toBe(101)
  })
})
