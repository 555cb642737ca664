import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/cli/serve.ts'
import { recordingIo } from './transcript.ts'

const folder = mkdtempSync(join(tmpdir(), 'serve-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('listens where the command line says, though api.listen is taken, and stays there after a reload', async () => {
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  writeFileSync(
    join(folder, 'config.yml'),
    `gateways: [{ name: one, driver: http, url: "http://127.0.0.1:${port}", accounts: [{ account: a }] }]
api: { listen: "127.0.0.1:${port}" }
store: { kind: sqlite, path: ":memory:" }
`,
  )
  const io = recordingIo(folder, { LOG_FORMAT: 'json' })
  const ending = new AbortController()
  const ended = run(['--listen', '127.0.0.1:0'], io, ending.signal)
  const listening = () => /"url":"([^"]+)","msg":"the API listens"/.exec(io.said.out)?.[1]
  await expect.poll(listening, { timeout: 8_000 }).toBeDefined()
  const reload = () => fetch(`${listening()}/-/reload`, { method: 'POST' })
  expect([(await reload()).status, (await fetch(`${listening()}/-/healthy`)).status]).toEqual([200, 200])
  expect(io.said.out).not.toContain('only a restart takes them over')
  ending.abort()
  expect(await ended).toBe(0)
  taken.close()
})

test('a SIGHUP that comes while the service starts is taken once it has started', async () => {
  const file = join(folder, 'config.yml')
  const write = (account: string) =>
    writeFileSync(
      file,
      `gateways: [{ name: one, driver: http, url: "http://127.0.0.1:1", accounts: [{ account: ${account} }] }]
store: { kind: sqlite, path: ":memory:" }
`,
    )
  write('before')
  const io = recordingIo(folder, { LOG_FORMAT: 'json' })
  let hangUp = () => {}
  let isSent = false
  const ending = new AbortController()
  const ended = run(
    ['--listen', '127.0.0.1:0'],
    {
      ...io,
      onHangup(callback) {
        hangUp = callback
      },
      stdout: {
        write(text) {
          io.stdout.write(text)
          // The last that is said before the start is over.
          if (isSent || !text.includes('"msg":"the API listens"')) return
          isSent = true
          write('after')
          hangUp()
        },
      },
    },
    ending.signal,
  )
  await expect.poll(() => io.said.out, { timeout: 8_000 }).toContain('The configuration was reloaded.')
  const url = /"url":"([^"]+)","msg":"the API listens"/.exec(io.said.out)?.[1]
  expect(await (await fetch(`${url}/config`)).text()).toContain('account: after')
  expect(io.said.out.match(/The configuration was reloaded\./g)).toHaveLength(1)
  ending.abort()
  expect(await ended).toBe(0)
})
