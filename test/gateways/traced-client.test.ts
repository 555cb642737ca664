import { expect, test } from 'vitest'
import { z } from 'zod'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import type { HttpClient } from '../../src/gateways/http-client.ts'
import { tracedClient } from '../../src/gateways/traced-client.ts'
import { Secret } from '../../src/option-types.ts'
import type { Attributes, Span, SpanStart, Tracing } from '../../src/tracing/span.ts'

interface Told {
  readonly name: string
  readonly start: SpanStart
  attributes: Attributes
  failed: unknown
  ended: boolean
}

/** Tracing that writes down what it is told. */
function notebook(recorded = true): { readonly tracing: Tracing; readonly told: Told[] } {
  const told: Told[] = []
  const tracing: Tracing = {
    start(name, start = {}) {
      const entry: Told = { name, start, attributes: start.attributes ?? {}, failed: null, ended: false }
      told.push(entry)
      const span: Span = {
        recorded,
        set(attributes) {
          entry.attributes = { ...entry.attributes, ...attributes }
        },
        note() {},
        fail(error) {
          entry.failed = error
        },
        end() {
          entry.ended = true
        },
        within: (work) => work(),
      }
      return span
    },
    active: () => undefined,
    headers: () => ({}),
  }
  return { tracing, told }
}

const ABOUT = { gateway: 'wpp', baseUrl: 'https://wpp.example.org/base/', secrets: [new Secret('s3cr3t/key')] }
const REQUEST = { path: '/api/sales/s3cr3t%2Fkey/check', query: { token: 'abc' }, schema: z.unknown() }
const { signal } = new AbortController()

const answering = (send: HttpClient['send']): HttpClient => ({ send, close: async () => {} })
const fine = answering(async () => ({ status: 200, headers: {}, body: undefined as never, atMs: 0, durationMs: 1 }))

test('a request is a span with the address, without secrets and query', async () => {
  const { tracing, told } = notebook()
  await tracedClient(fine, ABOUT, tracing).send(REQUEST, signal)
  expect(told).toEqual([
    {
      name: 'GET',
      start: { kind: 'client' },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'server.address': 'wpp.example.org',
        'server.port': 443,
        'url.full': 'https://wpp.example.org/base/api/sales/<secret>/check',
        'url.path': '/base/api/sales/<secret>/check',
        'whatsapp.gateway': 'wpp',
      },
      failed: null,
      ended: true,
    },
  ])
})

test('a failure is told with its status, and passed on', async () => {
  const { tracing, told } = notebook()
  const error = new GatewayError('unauthorized', 'wpp: refused', { httpStatus: 401 })
  const client = tracedClient(
    answering(() => Promise.reject(error)),
    ABOUT,
    tracing,
  )
  await expect(client.send({ ...REQUEST, method: 'POST' }, signal)).rejects.toBe(error)
  expect(told).toMatchObject([
    { name: 'POST', failed: error, ended: true, attributes: { 'http.response.status_code': 401 } },
  ])
})

test('where nobody looks, no address is worked out', async () => {
  const { tracing, told } = notebook(false)
  await tracedClient(fine, ABOUT, tracing).send(REQUEST, signal)
  expect(told[0]?.attributes).not.toHaveProperty('url.full')
})
