import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import type { Account } from '../../src/accounts/account.ts'
import type { ErrorCode } from '../../src/accounts/vocabulary.ts'
import type { Gateway } from '../../src/gateways/gateway.ts'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import { GatewayOptions } from '../../src/gateways/options.ts'
import { openGateway } from '../../src/gateways/registry.ts'
import { type FakeAnswer, type FakeServer, refusedUrl, type SeenRequest, startFakeServer } from './fake-server.ts'
import { hostile } from './hostile-answers.ts'

/** A secret with characters that JSON, URLs and base64 each spell otherwise. */
export const CANARY = 's3cr3t-canary/+=&"\\'

const SHORT_MS = 250
const LONG_MS = 8_000
const MIB = 1024 * 1024

export interface ContractSubject {
  readonly name: string
  /** An entry of `gateways` for this driver, without name and url; every secret in it is CANARY. */
  readonly options: Readonly<Record<string, unknown>>
  /** Id of an account at the gateway. */
  readonly nativeId: string
  /** Most bytes of the reply that `check` reads. @default 1 MiB */
  readonly checkBytes?: number
  /** Cases that this driver cannot meet, each with the reason, which becomes part of the test's name. */
  readonly unsupported?: readonly { readonly case: string; readonly reason: string }[]
}

/** An account of the fleet as discovery would make it, for calls into a driver. */
export function accountOf(nativeId: string, gateway = 'gateway-1'): Account {
  return {
    key: `${gateway}/${nativeId}`,
    account: nativeId,
    gateway,
    nativeId,
    phone: null,
    name: null,
    labels: {},
    objective: 0.995,
    desired: 'any',
  }
}

/** A gateway of the driver under test, with a record of the words that it did not know. */
export function openForTest(
  entry: Readonly<Record<string, unknown>>,
  extras: { timeoutMs?: number; now?: () => number } = {},
): Gateway & { readonly unknownWords: string[] } {
  const unknownWords: string[] = []
  const options = GatewayOptions.parse({ name: 'gateway-1', ...entry })
  const gateway = openGateway(options, {
    events: { unmapped: (_gateway, what) => unknownWords.push(what) },
    checkTimeoutMs: extras.timeoutMs ?? LONG_MS,
    now: extras.now ?? Date.now,
    version: '0.0.0-test',
  })
  return { ...gateway, unknownWords }
}

/** What any server can do to a driver, and what the driver must make of it. */
export function gatewayContract(subject: ContractSubject): void {
  const endings: (() => Promise<unknown>)[] = []

  async function serve(answer: (request: SeenRequest) => FakeAnswer): Promise<FakeServer> {
    const server = await startFakeServer(answer)
    endings.push(() => server.close())
    return server
  }

  function open(url: string, timeoutMs = LONG_MS) {
    const accounts = [{ account: subject.nativeId }]
    const gateway = openForTest({ accounts, ...subject.options, url }, { timeoutMs })
    endings.push(() => gateway.close())
    return gateway
  }

  type Read = (gateway: Gateway, signal: AbortSignal) => Promise<unknown>
  const reads: Record<string, Read> = {
    check: (gateway, signal) => gateway.check(accountOf(subject.nativeId), signal),
    ...(capable('listAccounts') && { listAccounts: (gateway, signal) => required(gateway.listAccounts)(signal) }),
    ...(capable('checkAll') && { checkAll: (gateway, signal) => required(gateway.checkAll)(signal) }),
  }

  function capable(power: 'listAccounts' | 'checkAll' | 'restart'): boolean {
    const accounts = [{ account: subject.nativeId }]
    return openForTest({ accounts, ...subject.options, url: 'http://127.0.0.1:9' })[power] !== undefined
  }

  /** The GatewayError with which a read ends; any other ending fails the test. */
  async function failure(reading: Promise<unknown>): Promise<GatewayError> {
    const error = await reading.then(
      (value) => new Error(`resolved with ${inspect(value)}`),
      (reason: unknown) => reason,
    )
    if (!(error instanceof GatewayError)) throw error
    expectNoSecret(error)
    return error
  }

  const never = new AbortController().signal

  function contractCase(name: string, run: () => Promise<void>): void {
    const exception = subject.unsupported?.find((one) => one.case === name)
    if (exception === undefined) test(name, run)
    else test.skip(`${name} (${exception.reason})`, run)
  }

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })

  describe(`gateway contract: ${subject.name}`, () => {
    for (const [method, read] of Object.entries(reads)) {
      const answers: Record<string, [(request: SeenRequest) => FakeAnswer, ErrorCode]> = {
        'refused credentials (401) are unauthorized': [hostile.status(401), 'unauthorized'],
        'denied access (403) is unauthorized': [hostile.status(403), 'unauthorized'],
        'an internal error (500) is server_error': [hostile.status(500), 'server_error'],
        'a bad gateway (502) is server_error': [hostile.status(502), 'server_error'],
        'a missing licence (503) is license': [hostile.json({ code: 'LICENSE_REQUIRED' }, 503), 'license'],
        'a missing path (404) is not_found': [hostile.status(404), 'not_found'],
        'a redirect is not followed': [
          hostile.status(302, { location: 'http://198.51.100.7/steal?key=1' }),
          'redirect',
        ],
        'HTML is bad_reply': [hostile.html(), 'bad_reply'],
        'an empty body is bad_reply': [hostile.text(''), 'bad_reply'],
        'half a JSON text is bad_reply': [hostile.halfJson(), 'bad_reply'],
        'null is bad_reply': [hostile.json(null), 'bad_reply'],
        'a number is bad_reply': [hostile.json(42), 'bad_reply'],
        'a text is bad_reply': [hostile.json('open'), 'bad_reply'],
        'a reset connection is unreachable': [hostile.reset(), 'unreachable'],
        'a reply that breaks off is unreachable': [hostile.brokenOff(), 'unreachable'],
        'another protocol is bad_reply': [hostile.notHttp(), 'bad_reply'],
      }
      for (const [name, [answer, code]] of Object.entries(answers)) {
        contractCase(`${method}: ${name}`, async () => {
          const server = await serve(answer)
          const error = await failure(read(open(server.url), never))
          expect(error.code).toBe(code)
          expect(error.message).toMatch(/^gateway-1: /)
        })
      }

      const limit = method === 'check' ? (subject.checkBytes ?? MIB) : 16 * MIB
      for (const [how, answer] of Object.entries({
        announced: hostile.bytes(limit + 1),
        streamed: hostile.chunkedBytes(limit + MIB),
      })) {
        contractCase(`${method}: a reply over its limit, ${how}, is too_large and ends the connection`, async () => {
          const server = await serve(answer)
          expect((await failure(read(open(server.url), never))).code).toBe('too_large')
          await server.quiet()
        })
      }

      for (const [how, answer] of Object.entries({
        'never answers': hostile.hang(),
        'drips for ever': hostile.drip(),
      })) {
        contractCase(`${method}: a server that ${how} is a timeout and ends the connection`, async () => {
          const server = await serve(answer)
          expect((await failure(read(open(server.url, SHORT_MS), never))).code).toBe('timeout')
          await server.quiet()
        })
      }

      contractCase(`${method}: a port on which nothing listens is unreachable and refused`, async () => {
        const error = await failure(read(open(await refusedUrl()), never))
        expect([error.code, error.refused]).toEqual(['unreachable', true])
      })

      contractCase(`${method}: 429 with Retry-After is rate_limited, and no request goes out until then`, async () => {
        const server = await serve(hostile.status(429, { 'retry-after': '120' }))
        const gateway = open(server.url)
        const first = await failure(read(gateway, never))
        expect([first.code, first.retryAfterMs]).toEqual(['rate_limited', 120_000])
        const sent = server.requests.length
        const second = await failure(read(gateway, never))
        expect(second.code).toBe('rate_limited')
        expect(server.requests).toHaveLength(sent)
      })

      contractCase(`${method}: a caller that gives up gets aborted, and the connection closes`, async () => {
        const arrived = Promise.withResolvers<void>()
        const server = await serve(() => () => arrived.resolve())
        const caller = new AbortController()
        const reading = failure(read(open(server.url), caller.signal))
        await arrived.promise
        caller.abort()
        expect((await reading).code).toBe('aborted')
        await server.quiet()
      })

      contractCase(`${method}: a signal that is aborted already sends nothing`, async () => {
        const server = await serve(hostile.hang())
        expect((await failure(read(open(server.url), AbortSignal.abort()))).code).toBe('aborted')
        expect(server.requests).toHaveLength(0)
      })

      contractCase(`${method}: reads with GET only, so that looking changes nothing`, async () => {
        const server = await serve(hostile.status(500))
        await failure(read(open(server.url), never))
        expect(new Set(server.requests.map((request) => request.method))).toEqual(new Set(['GET']))
      })
    }

    contractCase('check: a path prefix of url is kept', async () => {
      const server = await serve(hostile.status(500))
      await failure(reads['check']?.(open(`${server.url}/under/here/`), never) ?? Promise.reject(new Error('no check')))
      expect(server.requests[0]?.url).toMatch(/^\/under\/here\/[^/]/)
    })

    contractCase('check: an id with a slash stays one segment of the path', async () => {
      const server = await serve(hostile.status(500))
      await failure(open(server.url).check(accountOf('../a/b?c#d\ud800'), never))
      for (const { url } of server.requests) expect(url).not.toMatch(/\.\.\/|a\/b|\?c/)
    })

    contractCase('close: twice is fine, and a read afterwards rejects', async () => {
      const server = await serve(hostile.hang())
      const gateway = open(server.url)
      await gateway.close()
      await gateway.close()
      expect((await failure(gateway.check(accountOf(subject.nativeId), never))).code).toBe('aborted')
      expect(server.requests).toHaveLength(0)
    })

    contractCase('close: a read under way ends with aborted', async () => {
      const arrived = Promise.withResolvers<void>()
      const server = await serve(() => () => arrived.resolve())
      const gateway = open(server.url)
      const reading = failure(gateway.check(accountOf(subject.nativeId), never))
      await arrived.promise
      await gateway.close()
      expect((await reading).code).toBe('aborted')
    })

    if (capable('restart')) {
      const restart = (gateway: Gateway, signal: AbortSignal) =>
        required(gateway.restart)(accountOf(subject.nativeId), signal)
      for (const [name, [answer, code]] of Object.entries({
        'refused credentials are unauthorized': [hostile.status(401), 'unauthorized'],
        'too many requests are rate_limited': [hostile.status(429), 'rate_limited'],
        'a reset connection is unreachable': [hostile.reset(), 'unreachable'],
        'a gateway that is starting (503) is server_error': [hostile.status(503), 'server_error'],
      } satisfies Record<string, [(request: SeenRequest) => FakeAnswer, ErrorCode]>)) {
        contractCase(`restart: ${name}, not an accepted restart`, async () => {
          const server = await serve(answer)
          expect((await failure(restart(open(server.url), never))).code).toBe(code)
        })
      }

      contractCase('restart: what is said of an answer holds no secret, though the answer does', async () => {
        for (const status of [200, 400, 409, 422, 500, 502]) {
          const server = await serve((request) => ({
            status,
            json: Object.fromEntries(
              ['detail', 'message', 'error', 'status'].map((field) => [field, Object.values(request.headers).join()]),
            ),
          }))
          const said = await restart(open(server.url), never).catch((error: unknown) => error)
          expectNoSecret(said)
        }
      })

      contractCase('restart: is sent once, even when the connection breaks', async () => {
        const server = await serve(hostile.reset())
        await failure(restart(open(server.url), never))
        expect(server.requests.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(1)
      })

      contractCase('restart: a caller that gives up gets aborted', async () => {
        const arrived = Promise.withResolvers<void>()
        const server = await serve(() => () => arrived.resolve())
        const caller = new AbortController()
        const restarting = failure(restart(open(server.url), caller.signal))
        await arrived.promise
        caller.abort()
        expect((await restarting).code).toBe('aborted')
      })
    }
  })
}

/** No spelling of the canary in a value: message, stack and causes where it is an error. */
function expectNoSecret(value: unknown): void {
  const shown = inspect(value, { depth: 8 })
  // HTTP Basic sends it in base64, behind the user name.
  const inBasic = Buffer.from(`ops:${CANARY}`).toString('base64').slice(8, 24)
  for (const spelling of ['s3cr3t-canary', inBasic]) expect(shown).not.toContain(spelling)
}

function required<Method>(method: Method | undefined): Method {
  if (method === undefined) throw new Error('the driver lost a power between two openings')
  return method
}
