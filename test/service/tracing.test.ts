import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, test } from 'vitest'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../tracing/otlp-receiver.ts'
import { startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { type Scene, setScene, startWorld } from './world.ts'

const bots = (name: string, ...accounts: string[]) => ({ name, dialect: 'http' as const, accounts })
/** Without a list that carries states: every account has a request of its own. */
const single = { simulator: { gateways: [{ name: 'one', dialect: 'evolution' as const, accounts: ['a', 'b'] }] } }
const one = { simulator: { gateways: [bots('one', 'a', 'b')] } }
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = `00-${TRACE}-b7ad6b7169203331-01`
const SAY_IMPORTS = new URL('../tracing/say-imports.ts', import.meta.url).href

const named = (receiver: OtlpReceiver, name: string) => receiver.spans.filter((span) => span.name === name)
const parentOf = ({ spans }: OtlpReceiver, child: ReceivedSpan) =>
  spans.find(({ traceId, spanId }) => traceId === child.traceId && spanId === child.parentSpanId)

describe.concurrent('a traced exporter', { timeout: 120_000 }, () => {
  test('shows each request to a gateway under its check, under its cycle', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const config = { tracing: { endpoint: receiver.url, sampleRatio: 1 } }
    const world = await startWorld(context, { ...single, config })
    const check = await until('a check with its cycle', () =>
      named(receiver, 'check').find((span) => parentOf(receiver, span)?.name === 'check cycle'),
    )
    expect(check.attributes).toMatchObject({
      'whatsapp.account': expect.stringMatching(/^[ab]$/),
      'whatsapp.gateway': 'one',
      'whatsapp.state': 'connected',
      'whatsapp.status': expect.stringMatching(/^healthy|unknown$/),
    })
    expect(parentOf(receiver, check)?.attributes).toMatchObject({ 'whatsapp.cycle.accounts': 2 })
    const request = receiver.spans.find(({ parentSpanId }) => parentSpanId === check.spanId)
    const { hostname, port } = new URL(world.simulator.gatewayUrl('one'))
    expect(request).toMatchObject({
      name: 'GET',
      kind: 'client',
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': hostname,
        'server.port': Number(port),
        'whatsapp.gateway': 'one',
        'url.path': expect.stringMatching(/\/instance\/connectionState\/[ab]$/),
      },
    })
    expect(request?.startTimeUnixNano).toBeGreaterThanOrEqual(check.startTimeUnixNano)
    const discovery = named(receiver, 'discovery')[0]
    expect(discovery?.attributes).toEqual({ 'whatsapp.gateway': 'one' })
  })

  test('shows one check for all accounts of a gateway that lists them with their states', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    await startWorld(context, { ...one, config: { tracing: { endpoint: receiver.url, sampleRatio: 1 } } })
    const check = await until('a check with its cycle', () =>
      named(receiver, 'check gateway').find(
        (span) => parentOf(receiver, span)?.name === 'check cycle' && span.attributes['whatsapp.accounts'] === 2,
      ),
    )
    expect(receiver.spans.filter(({ parentSpanId }) => parentSpanId === check.spanId)).toMatchObject([
      { name: 'GET', attributes: { 'url.path': expect.stringMatching(/\/accounts$/) } },
    ])
  })

  test('follows a repair from its cause to the check that verifies it, whatever the ratio', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const world = await startWorld(context, { ...one, config: { tracing: { endpoint: receiver.url, sampleRatio: 0 } } })
    await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    world.fault('one/a', 'disconnected', { restart: 'works' })
    const recovery = await until('the trace of the repair', () => named(receiver, 'recovery')[0])
    expect(recovery).toMatchObject({
      parentSpanId: '',
      attributes: {
        'whatsapp.account': 'a',
        'whatsapp.gateway': 'one',
        'whatsapp.recovery.attempt': 1,
        'whatsapp.recovery.by': 'policy',
        'whatsapp.recovery.outcome': 'verified',
      },
      events: [{ name: 'accepted' }],
      links: [{ spanId: expect.stringMatching(/^[0-9a-f]{16}$/) }],
    })
    const restart = await until('its request', () =>
      receiver.spans.find(({ parentSpanId }) => parentSpanId === recovery.spanId),
    )
    expect(restart).toMatchObject({ name: 'POST', kind: 'client', traceId: recovery.traceId })
    expect(named(receiver, 'check')).toEqual([])
  })

  test('names a failed check by the error of its gateway', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const config = { tracing: { endpoint: receiver.url, sampleRatio: 1 } }
    const world = await startWorld(context, { ...single, config })
    world.fault('one', 'unauthorized')
    const failed = await until('a failed check', () =>
      named(receiver, 'check').find(({ attributes }) => attributes['error.type'] !== undefined),
    )
    expect(failed).toMatchObject({ attributes: { 'error.type': 'unauthorized' }, status: { code: 2 } })
    const request = receiver.spans.find(({ parentSpanId }) => parentSpanId === failed.spanId)
    expect(request?.attributes).toMatchObject({ 'http.response.status_code': 401, 'error.type': 'unauthorized' })
  })

  test('goes on with the trace of whoever asks the API, down to the gateway', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const seen: string[] = []
    const bot = createServer((request, response) => {
      seen.push(String(request.headers['traceparent']))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ account: 'c', state: 'connected' }))
    })
    await once(bot.listen(0, '127.0.0.1'), 'listening')
    context.onTestFinished(() => void bot.close())
    const address = bot.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const world = await startWorld(context, {
      ...one,
      config: { tracing: { endpoint: receiver.url, sampleRatio: 0 } },
      entries: { one: { url: `http://127.0.0.1:${port}`, discover: false, accounts: [{ account: 'c' }] } },
    })
    const ask = (method: string, path: string, body?: string) =>
      fetch(`${world.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', traceparent: CALLER },
        ...(body === undefined ? {} : { body }),
      })
    const inTrace = (name: string) => named(receiver, name).find(({ traceId }) => traceId === TRACE)
    // One that comes while a check is under way shares that one, which belongs to its cycle.
    const check = await until('a check of its own', async () => {
      expect((await ask('POST', '/api/health/check', '{"accounts":["c"]}')).status).toBe(200)
      return inTrace('check')
    })
    const server = parentOf(receiver, check)
    expect(server).toMatchObject({
      name: 'POST /api/health/check',
      kind: 'server',
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/health/check',
        'url.path': '/api/health/check',
        'http.response.status_code': 200,
      },
    })
    const request = receiver.spans.find(({ parentSpanId }) => parentSpanId === check.spanId)
    expect(seen).toContain(`00-${TRACE}-${request?.spanId}-01`)
    // The others were told, too, but that they are not traced.
    expect(seen.filter((header) => !/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/.test(header))).toEqual([])

    expect((await ask('GET', '/api/analytics/report?period=today')).status).toBe(200)
    const analysis = await until('the analysis', () => inTrace('analysis'))
    expect(parentOf(receiver, analysis)).toMatchObject({ name: 'GET /api/analytics/report' })
    expect((await ask('GET', '/api/reports/unsubscribe/a-token')).status).toBeGreaterThanOrEqual(400)
    await ask('GET', '/-/healthy')
    await world.service.stop()
    expect(receiver.text()).not.toMatch(/a-token|period=|\/-\/healthy/)
  })

  test('shows a phone number nowhere, although it is an id', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const world = await startWorld(context, {
      simulator: { gateways: [bots('one', '971505760056')] },
      config: { tracing: { endpoint: receiver.url, sampleRatio: 1 } },
    })
    world.fault('one/971505760056', 'disconnected', { restart: 'works' })
    await until('a repair', () => named(receiver, 'recovery').length > 0)
    await world.json('GET', '/api/health/971505760056')
    await world.service.stop()
    expect(receiver.text()).toContain('971***56')
    expect(receiver.text()).not.toContain('971505760056')
  })

  test('counts on /metrics what the collector took, and what it lost', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const world = await startWorld(context, { ...one, config: { tracing: { endpoint: receiver.url, sampleRatio: 1 } } })
    const value = async (name: string) => (await world.scrape()).value(`whatsapp_exporter_trace_${name}`)
    await until('spans', async () => ((await value('spans_total')) ?? 0) > 0)
    expect(await value('dropped_spans_total')).toBe(0)
    receiver.answer(403)
    await until('lost spans', async () => ((await value('dropped_spans_total')) ?? 0) > 0)
    const complaints = () => world.lines.filter((line) => line.includes('The collector takes no spans'))
    expect(complaints()).toHaveLength(1)
    // Nothing else suffers.
    await world.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
  })
})

describe.concurrent('what is loaded', { timeout: 120_000 }, () => {
  async function loadedPackages(context: Parameters<typeof setScene>[0], scene: Scene): Promise<ReadonlySet<string>> {
    const exporter = await startExporter(context, scene.configFile, {
      under: ['env', '-u', 'OTEL_EXPORTER_OTLP_ENDPOINT', `NODE_OPTIONS=--import=${SAY_IMPORTS}`],
    })
    await exporter.accountWhere('one/a', 'healthy', ({ status }) => status === 'healthy')
    exporter.signal('SIGTERM')
    await exporter.ended
    const names = exporter.lines.flatMap((line) => /^LOADED .*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1] ?? [])
    return new Set(names)
  }

  test('without an endpoint is nothing of OpenTelemetry', async (context) => {
    const { expect } = context
    const packages = await loadedPackages(context, await setScene(context, one))
    expect(packages).toContain('express')
    // prom-client asks for the API, which does nothing without an SDK.
    expect([...packages].filter((name) => name.startsWith('@opentelemetry/'))).toEqual(['@opentelemetry/api'])
  })

  test('with one is the SDK', async (context) => {
    const { expect } = context
    const receiver = await startOtlpReceiver(context)
    const scene = await setScene(context, { ...one, config: { tracing: { endpoint: receiver.url } } })
    const packages = await loadedPackages(context, scene)
    expect(packages).toContain('@opentelemetry/sdk-trace')
    // What waited was sent before the end.
    expect(named(receiver, 'check cycle').length).toBeGreaterThan(0)
  })
})
