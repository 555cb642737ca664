import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { withApi } from './fakes.ts'

test('a scrape gets the chunks in the negotiated form, and gives them back', async () => {
  const asked: unknown[] = []
  const released = Promise.withResolvers<void>()
  await withApi(
    {
      negotiate: (accept, encoding) => {
        asked.push([accept, encoding])
        return { format: 'openmetrics', gzip: false }
      },
      metricsPage: async (...form) => {
        asked.push(form)
        const chunks = [Buffer.from('a 1\n'), Buffer.from('# EOF\n')]
        return { contentType: 'application/openmetrics-text', chunks, sizeBytes: 10, release: released.resolve }
      },
    },
    async ({ url }) => {
      const headers = { accept: 'application/openmetrics-text', 'accept-encoding': 'identity' }
      const answer = await fetch(`${url}/metrics`, { headers })
      expect(await answer.text()).toBe('a 1\n# EOF\n')
      expect(answer.headers.get('content-type')).toBe('application/openmetrics-text')
      expect(answer.headers.get('vary')).toBe('Accept, Accept-Encoding')
      expect(answer.headers.get('content-length')).toBe('10')
      expect(asked).toEqual([
        ['application/openmetrics-text', 'identity'],
        ['openmetrics', false],
      ])
      await released.promise
    },
  )
})

test('a page held by too many slow readers is a 503 that says to come back', () =>
  withApi(
    { metricsPage: () => Promise.reject(Object.assign(new Error('busy'), { name: 'PageBusyError' })) },
    async ({ url }) => {
      const answer = await fetch(`${url}/metrics`)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('5')
    },
  ))

const bigPage = (release: () => void) => ({
  contentType: 'text/plain',
  chunks: [Buffer.alloc(64 * 1024 * 1024, 'x')],
  sizeBytes: 64 * 1024 * 1024,
  release,
})

test('a client that does not read holds the page no longer than its scrape timeout', async () => {
  const released = Promise.withResolvers<void>()
  await withApi({ metricsPage: async () => bigPage(released.resolve) }, async ({ port, url }) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n\r\n')
    await released.promise
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
    socket.destroy()
  })
})

test('a client that leaves in the middle gives the page back once', async () => {
  let releases = 0
  const released = Promise.withResolvers<void>()
  const release = () => {
    releases++
    released.resolve()
  }
  await withApi({ metricsPage: async () => bigPage(release) }, async ({ port }) => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    socket.destroy()
    await released.promise
    expect(releases).toBe(1)
  })
})

test('a client that leaves before the page is ready gives it back too', async () => {
  const released = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const page = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  await withApi(
    {
      log: { debug: () => gone.resolve(), info() {}, warn() {}, error() {} },
      metricsPage: async () => {
        asked.resolve()
        await page.promise
        return bigPage(released.resolve)
      },
    },
    async ({ port }) => {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await asked.promise
      socket.destroy()
      await gone.promise
      page.resolve()
      await released.promise
    },
  )
})
