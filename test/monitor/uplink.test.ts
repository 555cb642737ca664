import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { uplinkProbe } from '../../src/monitor/uplink.ts'

const never = new AbortController().signal
const LIMIT_MS = 2_000

async function server() {
  const listening = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const close = () => new Promise<void>((resolve) => void listening.close(() => resolve()))
  onTestFinished(close)
  return { port: (listening.address() as AddressInfo).port, close }
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const { port, close } = await server()
  await close()
  return port
}

test('without addresses nothing is tried and nothing is said', async () => {
  const uplink = uplinkProbe([], LIMIT_MS, () => 5)
  await uplink.probe(never)
  expect(uplink.state).toEqual({ configured: false, answeredMs: null, failingSinceMs: null })
})

test('one address that accepts a connection is enough, in every notation', async () => {
  const dead = await closedPort()
  const { port } = await server()
  for (const address of [`127.0.0.1:${port}`, `http://127.0.0.1:${port}/path`, `localhost:${port}`]) {
    const uplink = uplinkProbe([`127.0.0.1:${dead}`, address], LIMIT_MS, () => 5)
    await uplink.probe(never)
    expect(uplink.state).toEqual({ configured: true, answeredMs: 5, failingSinceMs: null })
  }
})

test('all addresses failing is known since the first time, until one answers', async () => {
  const { port, close } = await server()
  let nowMs = 1
  const uplink = uplinkProbe([`127.0.0.1:${port}`, `127.0.0.1:${await closedPort()}`], LIMIT_MS, () => nowMs)
  await uplink.probe(never)
  await close()
  for (nowMs = 2; nowMs < 5; nowMs++) await uplink.probe(never)
  expect(uplink.state).toEqual({ configured: true, answeredMs: 1, failingSinceMs: 2 })
  const again = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
  onTestFinished(() => void again.close())
  await once(again, 'listening')
  await uplink.probe(never)
  expect(uplink.state).toEqual({ configured: true, answeredMs: 5, failingSinceMs: null })
})

test('a probe that is broken off changes nothing', async () => {
  const uplink = uplinkProbe([`127.0.0.1:${await closedPort()}`], LIMIT_MS, () => 5)
  await uplink.probe(AbortSignal.abort())
  expect(uplink.state).toEqual({ configured: true, answeredMs: null, failingSinceMs: null })
})
