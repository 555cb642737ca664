import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'
import { onTestFinished, type TestContext } from 'vitest'
import { z } from 'zod'

const PROTO = 'test/tracing/opentelemetry-proto'
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

const root = new protobuf.Root()
root.resolvePath = (_origin, target) => join(PROTO, target)
root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto')
const Request = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest')
const Response = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse')

const Attributes = z
  .array(
    z.object({
      key: z.string(),
      value: z.object({
        stringValue: z.string().optional(),
        boolValue: z.boolean().optional(),
        intValue: z.string().optional(),
        doubleValue: z.number().optional(),
      }),
    }),
  )
  .default([])
  .transform((list) =>
    Object.fromEntries(
      list.map(({ key, value }) => [
        key,
        value.stringValue ??
          value.boolValue ??
          value.doubleValue ??
          (value.intValue === undefined ? null : Number(value.intValue)),
      ]),
    ),
  )
const Hex = z
  .instanceof(Uint8Array)
  .default(new Uint8Array())
  .transform((bytes) => Buffer.from(bytes).toString('hex'))
const Batch = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.object({
              traceId: Hex,
              spanId: Hex,
              parentSpanId: Hex,
              name: z.string(),
              kind: z.int().transform((kind) => KINDS[kind]),
              startTimeUnixNano: z.string().transform(Number),
              endTimeUnixNano: z.string().transform(Number),
              attributes: Attributes,
              events: z.array(z.object({ name: z.string(), attributes: Attributes })).default([]),
              links: z.array(z.object({ traceId: Hex, spanId: Hex })).default([]),
              status: z.object({ code: z.int().default(0), message: z.string().default('') }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
})

type Batch = z.output<typeof Batch>
export type ReceivedSpan = Batch['resourceSpans'][number]['scopeSpans'][number]['spans'][number] & {
  readonly resource: Readonly<Record<string, unknown>>
}

/** A collector that keeps what it gets. */
export interface OtlpReceiver {
  readonly url: string
  /** Spans in the order of their end. */
  readonly spans: readonly ReceivedSpan[]
  /** Headers of the requests. */
  readonly requests: readonly Readonly<Record<string, unknown>>[]
  /** Everything that came, as text, for searches. */
  text(): string
  /** What the next requests are answered with; 0 is no answer at all. */
  answer(status: number): void
}

/** OTLP over HTTP with protobuf, as opentelemetry-proto 1.9.0 describes it. Ends with the test. */
export async function startOtlpReceiver(
  context: Pick<TestContext, 'onTestFinished'> = { onTestFinished },
): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const requests: Record<string, unknown>[] = []
  let status = 200
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    requests.push({ path: request.url, method: request.method, ...request.headers })
    if (status === 0) return
    if (status === 200) {
      const bytes = Buffer.concat(chunks)
      const message = Request.decode(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
      for (const { resource, scopeSpans } of Batch.parse(Request.toObject(message, { longs: String })).resourceSpans)
        for (const scope of scopeSpans)
          spans.push(...scope.spans.map((span) => ({ ...span, resource: resource.attributes })))
    }
    response.writeHead(status, { 'content-type': 'application/x-protobuf' })
    response.end(status === 200 ? Response.encode(Response.create()).finish() : undefined)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context.onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
    text: () => JSON.stringify(spans),
    answer(next) {
      status = next
    },
  }
}
