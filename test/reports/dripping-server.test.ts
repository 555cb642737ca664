import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { deliveryRig } from './delivery-rig.ts'

const NOW = Date.parse('2026-03-09T06:00:00Z')
const HOUR = 3_600_000
const LIMIT_MS = 300

let store: Store
let ends: (() => void)[]
beforeEach(async () => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  await store.deliveries.since('acme', NOW - HOUR)
  ends = []
})
afterEach(async () => {
  for (const end of ends) end()
  await store.close()
})

/** A mail server that begins to answer `command` and never ends it, but says something all the time. */
async function drippingServer(command: string): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const drip = () => {
      const drops = setInterval(() => socket.write('250-one moment\r\n'), 10)
      socket.on('close', () => clearInterval(drops))
    }
    let isData = false
    createInterface({ input: socket }).on('line', (line) => {
      if (isData && line !== '.') return
      isData = false
      const word = line === '.' ? 'THE MESSAGE' : (line.split(' ')[0] ?? '').toUpperCase()
      if (word === command) return drip()
      isData = word === 'DATA'
      socket.write(isData ? '354 go on\r\n' : '250 fine\r\n')
    })
    socket.write('220 welcome\r\n')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

const told = async () =>
  (await store.deliveries.latest(1))
    .filter(({ recipient }) => recipient !== '')
    .map(({ state, attempts, detail }) => ({ state, attempts, detail: detail.replace(/:\d+/, '') }))

test.each([
  ['EHLO', 'The mail server 127.0.0.1 cannot be used: connecting was given up after 0.3 s'],
  ['RCPT', 'sending was given up after 0.3 s, the longest that it may take'],
])('a mail server that drips its answer to %s holds nobody up for good: it is a failed attempt', async (word, why) => {
  const { seen, round } = deliveryRig({
    ledger: store.deliveries,
    port: await drippingServer(word),
    nowMs: NOW,
    limitMs: LIMIT_MS,
  })
  await round()
  const failed = { state: 'waiting', attempts: 1, detail: expect.stringContaining(why) }
  expect(await told()).toEqual([failed, failed])
  expect(seen.lines.join('\n')).toContain('is tried again')
})

test('one that has the whole message and drips its answer leaves a doubt', async () => {
  const { seen, round } = deliveryRig({
    ledger: store.deliveries,
    port: await drippingServer('THE MESSAGE'),
    nowMs: NOW,
    limitMs: LIMIT_MS,
  })
  await round()
  const unsure = { state: 'unsure', attempts: 1, detail: expect.stringContaining('sending was given up after 0.3 s') }
  expect(await told()).toEqual([unsure, unsure])
  expect(seen.mailed).toEqual(['unsure', 'unsure'])
})
