import { describe, expect, test } from 'vitest'
import { simulated } from './simulated.ts'

const fleet = () => simulated({ gateways: [{ name: 'linda', dialect: 'http', accounts: ['a'] }] })
const TOKEN = { authorization: 'Bearer demo-key' }

async function faulty(order: object) {
  const world = await fleet()
  world.control.inject({ account: 'a', fault: 'disconnected', ...order })
  return {
    ...world,
    restart: async () => (await world.request('POST', '/linda/accounts/a/restart', { headers: TOKEN })).status,
    phase: () => world.control.accounts()[0]?.phase,
  }
}

describe('restart behaviours', () => {
  test('works: connecting first, then connected', async () => {
    const { restart, phase, pass } = await faulty({ restart: 'works' })
    await restart()
    expect(phase()).toBe('connecting')
    pass(3)
    expect(phase()).toBe('connected')
  })

  test('lies: accepted, and nothing happens', async () => {
    const { restart, phase, pass } = await faulty({ restart: 'lies' })
    expect(await restart()).toBe(202)
    pass(3600)
    expect(phase()).toBe('disconnected')
  })

  test('second_try: the first does nothing, the second repairs', async () => {
    const { restart, phase, pass } = await faulty({ restart: 'second_try' })
    await restart()
    pass(60)
    expect(phase()).toBe('disconnected')
    await restart()
    pass(3)
    expect(phase()).toBe('connected')
  })

  test('needs_qr: the session then waits for a person, and no restart changes that', async () => {
    const { restart, phase, pass } = await faulty({ restart: 'needs_qr' })
    await restart()
    pass(3)
    expect(phase()).toBe('qr')
    await restart()
    pass(60)
    expect(phase()).toBe('qr')
  })

  test('refused: the gateway answers with an error', async () => {
    const { restart, phase, pass } = await faulty({ restart: 'refused' })
    expect(await restart()).toBe(409)
    pass(60)
    expect(phase()).toBe('disconnected')
  })

  test('a restart of a healthy session interrupts it for a moment', async () => {
    const world = await fleet()
    await world.request('POST', '/linda/accounts/a/restart', { headers: TOKEN })
    expect(world.control.accounts()[0]).toMatchObject({ phase: 'connecting', restartRequests: 1 })
    world.pass(3)
    expect(world.control.accounts()[0]).toMatchObject({ phase: 'connected', lastRestartMs: world.startMs })
  })
})

describe('the record of faults', () => {
  test('a fault that heals by itself ends at its own time, whenever somebody looks', async () => {
    const { control, pass, startMs } = await faulty({ forSeconds: 30 })
    pass(3600)
    expect(control.injected()).toMatchObject([{ account: 'linda/a', startMs, endMs: startMs + 30_000, cause: 'api' }])
  })

  test('a fault that a restart repairs ends when the repair is done', async () => {
    const { control, pass, startMs, restart } = await faulty({ forSeconds: 600 })
    pass(10)
    await restart()
    pass(3600)
    expect(control.injected()[0]?.endMs).toBe(startMs + 13_000)
  })

  test('a fault that heals before its repair is done ends at its own time', async () => {
    const { control, pass, startMs, restart, phase } = await faulty({ forSeconds: 11 })
    pass(10)
    await restart()
    pass(2)
    expect(phase()).toBe('connecting')
    pass(1)
    expect(phase()).toBe('connected')
    expect(control.injected()[0]?.endMs).toBe(startMs + 11_000)
  })

  test('a second fault ends the first', async () => {
    const { control, pass, startMs } = await faulty({})
    pass(5)
    control.inject({ account: 'a', fault: 'banned' })
    expect(control.injected()).toMatchObject([
      { fault: 'disconnected', endMs: startMs + 5_000 },
      { fault: 'banned', endMs: null },
    ])
  })

  test('healing ends a fault at once', async () => {
    const { control, pass, startMs, phase } = await faulty({})
    pass(7)
    expect(control.heal({ gateway: 'linda', account: 'a' })).toBe(true)
    expect(phase()).toBe('connected')
    expect(control.injected()[0]?.endMs).toBe(startMs + 7_000)
    expect(control.heal({ gateway: 'linda', account: 'a' })).toBe(false)
  })
})

test('flapping comes and goes with its half period', async () => {
  const { phase, pass } = await faulty({ fault: 'flapping', everySeconds: 10 })
  const seen = [phase()]
  for (let i = 0; i < 3; i++) {
    pass(10)
    seen.push(phase())
  }
  expect(seen).toEqual(['disconnected', 'connected', 'disconnected', 'connected'])
})

test('activity moves while messages flow and stands still while the connection is lost', async () => {
  const world = await fleet()
  const activity = () => world.control.accounts()[0]?.lastActivityMs ?? 0
  const before = activity()
  world.pass(120)
  expect(activity()).toBeGreaterThan(before)
  world.control.inject({ account: 'a', fault: 'disconnected', forSeconds: 600 })
  const lost = activity()
  world.pass(300)
  expect(activity()).toBe(lost)
  world.pass(400)
  expect(activity()).toBeGreaterThan(world.startMs + 720_000 - 1)
})
