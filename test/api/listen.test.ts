import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { hashSync } from 'bcryptjs'
import { afterEach, expect, test } from 'vitest'
import { createApi } from '../../src/api/app.ts'
import { type Listener, listen } from '../../src/api/listen.ts'
import { ApiOptions } from '../../src/api/options.ts'
import { pageAssets } from '../../src/api/page/assets.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import { type Log, silentLog } from '../../src/log.ts'
import { fakeMonitor, fakeParts, smallFleet } from './fakes.ts'

const certificates = new URL('./certificates/', import.meta.url)
const pem = (name: string) => readFileSync(new URL(name, certificates))
const CA = pem('ca.crt')

const ends: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Started extends Listener {
  readonly stop: () => void
  readonly warnings: string[]
}

async function start(input: object, parts: Partial<ApiParts> = {}): Promise<Started> {
  const options = ApiOptions.parse({ listen: '127.0.0.1:0', ...input })
  const stopping = new AbortController()
  const warnings: string[] = []
  const note = (_facts: object, text: string) => warnings.push(text)
  const log: Log = { ...silentLog, warn: note, error: note }
  const app = createApi(fakeParts({ ...parts, options, signal: stopping.signal }))
  const listener = await listen(app, options, stopping.signal, log)
  const stop = () => stopping.abort()
  ends.push(() => {
    stop()
    return listener.closed
  })
  return { ...listener, stop, warnings }
}

function temporaryCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'api-tls-'))
  cpSync(certificates, folder, { recursive: true })
  ends.push(async () => rmSync(folder, { recursive: true }))
  return folder
}

test('port 0 takes a free port and says which', async () => {
  const { url, port, closed, stop } = await start({})
  expect(url).toBe(`http://127.0.0.1:${port}`)
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  stop()
  expect(await closed).toBe('drained')
  await expect(fetch(url)).rejects.toThrow()
})

test('a port in use is one clear message', async () => {
  const { port } = await start({})
  await expect(start({ listen: `127.0.0.1:${port}` })).rejects.toThrow(
    `Cannot listen on 127.0.0.1, port ${port}: another program uses the port. Stop it (ss -ltnp 'sport = :${port}' shows it), or set api.listen to another port.`,
  )
})

test('an address of another machine is one clear message', () =>
  expect(start({ listen: '192.0.2.1:0' })).rejects.toThrow(
    /192\.0\.2\.1, port 0: this machine does not have the address/,
  ))

test('an open address without authentication is warned of, and so are passwords in the clear', async () => {
  expect((await start({})).warnings).toEqual([])
  expect((await start({ listen: '0.0.0.0:0' })).warnings).toEqual([expect.stringMatching(/^ANYBODY/)])
  const users = { alice: hashSync('secret', 4) }
  expect((await start({ listen: '0.0.0.0:0', basicAuth: { users } })).warnings).toEqual([
    expect.stringContaining('unencrypted'),
  ])
})

/** A request that is under way until `finish`. */
function slowMonitor() {
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const monitor = fakeMonitor(smallFleet(), {
    async recover() {
      started.resolve()
      await finish.promise
      return { refused: { act: false, refusal: 'pending', retryAtMs: null } }
    },
  })
  return { monitor, started: started.promise, finish: () => finish.resolve() }
}

test('a request under way gets its answer when the service stops', async () => {
  const { monitor, started, finish } = slowMonitor()
  const { url, stop, closed } = await start({}, { monitor })
  const answer = fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST' })
  await started
  stop()
  await expect(fetch(`${url}/-/healthy`)).rejects.toThrow()
  finish()
  expect((await answer).status).toBe(409)
  expect(await closed).toBe('drained')
})

test('a request that outlasts the drain is cut, and that is said', async () => {
  const { monitor, started, finish } = slowMonitor()
  const { url, stop, closed, warnings } = await start({ drain: '50ms' }, { monitor })
  const answer = fetch(`${url}/api/accounts/sales-02/recover`, { method: 'POST' })
  const cut = expect(answer).rejects.toThrow()
  await started
  stop()
  expect(await closed).toBe('forced')
  await cut
  expect(warnings).toEqual([expect.stringContaining('did not end within api.drain')])
  finish()
})

test('idle connections that are kept alive do not hold up the end', async () => {
  const { port, stop, closed } = await start({ drain: '5m' })
  const agent = new Agent({ keepAlive: true })
  const client = request({ port, agent, path: '/-/healthy' }).end()
  const [answer] = await once(client, 'response')
  answer.resume()
  await once(answer, 'end')
  stop()
  expect(await closed).toBe('drained')
  agent.destroy()
})

interface Seen {
  readonly status: number | undefined
  readonly headers: NodeJS.Dict<string | string[]>
  readonly certificate: string
  readonly protocol: string | null
}

function ask(port: number, tls: object = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    secureRequest({ port, host: '127.0.0.1', path: '/config', ca: CA, agent: false, ...tls }, (answer) => {
      // The socket of an https answer is a TLS socket.
      const socket = answer.socket as TLSSocket
      resolve({
        status: answer.statusCode,
        headers: answer.headers,
        certificate: String(socket.getPeerCertificate().subject.CN),
        protocol: socket.getProtocol(),
      })
      // Events never end.
      if (answer.headers['content-type']?.includes('event-stream') === true) answer.destroy()
      else answer.resume()
    })
      .on('error', reject)
      .end()
  })
}

test('under TLS browsers are told to stay there, and old versions are not spoken', async () => {
  const folder = temporaryCopy()
  const tls = { certFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key') }
  const { url, port } = await start({ tls })
  expect(url).toBe(`https://127.0.0.1:${port}`)
  const seen = await ask(port)
  expect(seen).toMatchObject({ status: 200, certificate: 'first', protocol: 'TLSv1.3' })
  expect(seen.headers['strict-transport-security']).toBe('max-age=31536000')
  await expect(ask(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' })).rejects.toThrow()
  const strict = await start({ tls: { ...tls, minVersion: '1.3' } })
  await expect(ask(strict.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
})

test('the page, its files, the API and its events come over TLS', async () => {
  const folder = temporaryCopy()
  const { port } = await start({ tls: { certFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key') } })
  const page = await ask(port, { path: '/' })
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
  for (const path of [`/page/${pageAssets().version}/main.js`, '/api/health/status', '/api/reports', '/metrics'])
    expect(await ask(port, { path }), path).toMatchObject({ status: 200, certificate: 'first' })
  const { headers } = await ask(port, { path: '/api/events' })
  expect(headers['content-type']).toContain('text/event-stream')
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
})

test('a certificate that changes is used from the next connection on; a broken one is not', async () => {
  const folder = temporaryCopy()
  const certFile = join(folder, 'server.crt')
  const keyFile = join(folder, 'server.key')
  const { port, warnings } = await start({ tls: { certFile, keyFile } })
  expect((await ask(port)).certificate).toBe('first')
  writeFileSync(certFile, 'no certificate')
  expect((await ask(port)).certificate).toBe('first')
  expect((await ask(port)).certificate).toBe('first')
  expect(warnings).toEqual([expect.stringContaining('the last good one stays')])
  writeFileSync(certFile, pem('renewed.crt'))
  writeFileSync(keyFile, pem('renewed.key'))
  expect((await ask(port)).certificate).toBe('second')
})

test('with a client CA, only clients with a certificate of it and an allowed name get in', async () => {
  const folder = temporaryCopy()
  const tls = {
    certFile: join(folder, 'server.crt'),
    keyFile: join(folder, 'server.key'),
    clientCaFile: join(folder, 'ca.crt'),
  }
  const client = { cert: pem('client.crt'), key: pem('client.key') }
  const stranger = { cert: pem('stranger.crt'), key: pem('stranger.key') }
  const anyName = await start({ tls })
  expect((await ask(anyName.port, client)).status).toBe(200)
  expect((await ask(anyName.port, stranger)).status).toBe(200)
  await expect(ask(anyName.port)).rejects.toThrow()
  const named = await start({ tls: { ...tls, clientAllowedSans: ['prometheus.example'] } })
  expect((await ask(named.port, client)).status).toBe(200)
  await expect(ask(named.port, stranger)).rejects.toThrow()
})

for (const [name, { change, message }] of Object.entries({
  'a missing certificate': {
    change: { certFile: '/no/such.crt' },
    message: /^api\.tls\.certFile cannot be read \(ENOENT\): \/no\/such\.crt/,
  },
  'a key of another certificate': {
    change: { keyFile: new URL('renewed.key', certificates).pathname },
    message: /the key must belong to the certificate/,
  },
})) {
  test(`${name} is one clear message at the start`, async () => {
    const folder = temporaryCopy()
    const tls = { certFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key'), ...change }
    await expect(start({ tls })).rejects.toThrow(message)
  })
}

test('a client that speaks no TLS does not hurt the others', async () => {
  const folder = temporaryCopy()
  const { port } = await start({ tls: { certFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key') } })
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  const socket = connect({ port, host: '127.0.0.1', ca: CA })
  await once(socket, 'secureConnect')
  socket.destroy()
  expect((await ask(port)).status).toBe(200)
})
