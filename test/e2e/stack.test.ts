import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copiedCheckout, isAlive, makeUp, type RunningStack, startStack } from './running-stack.ts'

const MINUTE_MS = 60_000
/** Its first restart does nothing, its second works: the outage lasts long enough for an alert. */
const BROKEN = {
  gateway: 'linda',
  account: 'sales-05',
  fault: 'disconnected',
  restart: 'second_try',
  alert: 'Disconnected',
}
/** Nothing but a person helps; the test is that person. */
const LOGGED_OUT = { gateway: 'linda', account: 'delivery-05', fault: 'qr', restart: 'needs_qr', alert: 'AwaitingAuth' }

const folder = copiedCheckout()
const running = new Set<RunningStack>()
afterAll(async () => {
  for (const stack of running) await stack.interrupt()
  rmSync(folder, { recursive: true })
})

async function start(): Promise<RunningStack> {
  const stack = await startStack(folder)
  running.add(stack)
  return stack
}

async function end(stack: RunningStack): Promise<void> {
  running.delete(stack)
  await stack.interrupt()
}

// biome-ignore lint/suspicious/noExplicitAny: replies of other programs, held against expectations right away
async function json(url: string, init?: RequestInit): Promise<any> {
  const response = await fetch(url, init)
  expect([url, response.ok]).toEqual([url, true])
  return await response.json()
}

async function query(stack: RunningStack, expression: string, atMs = Date.now()): Promise<number | null> {
  const search = new URLSearchParams({ query: expression, time: String(atMs / 1000) })
  const { data } = await json(`${originOf(stack, 'Prometheus')}/api/v1/query?${search}`)
  return data.result.length === 0 ? null : Number(data.result[0].value[1])
}

function originOf(stack: RunningStack, name: string): string {
  const address = stack.addresses[name]
  if (address === undefined) throw new Error(`the stack names no ${name}: ${stack.output()}`)
  return address
}

async function incidentsOf(stack: RunningStack, account: string) {
  const { incidents } = await json(`${originOf(stack, 'Status page')}/api/incidents`)
  return incidents.filter((incident: { account: string }) => incident.account === account)
}

/** Messages of the inbox about the alert of a fault, each as one text. */
async function messages(
  stack: RunningStack,
  kind: string,
  { account, alert }: typeof BROKEN,
): Promise<readonly string[]> {
  const inbox = await json(`${originOf(stack, 'Inbox')}/inbox/api/messages?kind=${kind}`)
  return inbox.messages
    .map((message: { subject: string; text: string; html: string | null }) =>
      [message.subject, message.text, message.html ?? ''].join('\n'),
    )
    .filter(
      (text: string) => text.includes(account) && text.includes(`Account ${alert.replace(/([a-z])([A-Z])/g, '$1 $2')}`),
    )
}

async function inject(stack: RunningStack, { gateway, account, fault, restart }: typeof BROKEN): Promise<void> {
  await json(`${originOf(stack, 'Simulator')}/sim/api/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: `${gateway}/${account}`, fault, restart }),
  })
}

describe('make up without a config.yml', () => {
  let stack: RunningStack
  let squatter: Server
  let downSinceMs = 0

  beforeAll(async () => {
    // Somebody else may already have the usual port of the exporter: the demo gives way.
    squatter = createServer()
    await new Promise<void>((resolve) => {
      squatter.once('error', () => resolve())
      squatter.listen(19_292, '127.0.0.1', resolve)
    })
    stack = await start()
  })
  afterAll(() => squatter.close())

  test('gives way where a port is taken', () => {
    expect(originOf(stack, 'Status page')).not.toBe('http://127.0.0.1:19292')
  })

  test('has every account in Prometheus within a minute', async () => {
    const leftMs = stack.startedMs + MINUTE_MS - Date.now()
    await expect.poll(() => query(stack, 'count(whatsapp_account_up)'), { timeout: leftMs, interval: 500 }).toBe(24)
  })

  test('loads every rule', async () => {
    const { data } = await json(`${originOf(stack, 'Prometheus')}/api/v1/rules`)
    const rules = data.groups.flatMap(({ rules: own }: { rules: { health: string; lastError?: string }[] }) => own)
    expect(rules.length).toBeGreaterThan(10)
    expect(rules.flatMap(({ lastError }: { lastError?: string }) => lastError ?? [])).toEqual([])
  })

  test('shows faults as incidents', async () => {
    await inject(stack, BROKEN)
    await inject(stack, LOGGED_OUT)
    downSinceMs = Date.now()
    for (const { gateway, account } of [BROKEN, LOGGED_OUT]) {
      await expect
        .poll(() => incidentsOf(stack, account), { timeout: MINUTE_MS, interval: 500 })
        .toEqual([expect.objectContaining({ gateway, endedAt: null })])
    }
  })

  test.each([
    ['slack', BROKEN],
    ['email', BROKEN],
    ['slack', LOGGED_OUT],
    ['email', LOGGED_OUT],
  ])('tells the inbox by %s of %o', async (kind, broken) => {
    await expect
      .poll(async () => (await messages(stack, kind, broken)).some((text) => /firing/i.test(text)), {
        timeout: 2 * MINUTE_MS,
        interval: 1_000,
      })
      .toBe(true)
  })

  test('repairs what it can, and says so only after a good check', async () => {
    const url = `${originOf(stack, 'Simulator')}/sim/api/faults/${LOGGED_OUT.gateway}/${LOGGED_OUT.account}`
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
    const outcomes = async (account: string) => {
      const { recoveries } = await json(`${originOf(stack, 'Status page')}/api/recoveries`)
      return recoveries
        .filter((attempt: { account: string }) => attempt.account === account)
        .map(({ attempt, outcome }: { attempt: number; outcome: string }) => `${attempt} ${outcome}`)
        .toSorted()
    }
    await expect
      .poll(() => outcomes(BROKEN.account), { timeout: 3 * MINUTE_MS, interval: 1_000 })
      .toEqual(['1 failed', '2 verified'])
    await expect
      .poll(() => incidentsOf(stack, BROKEN.account), { timeout: MINUTE_MS, interval: 500 })
      .toEqual([expect.objectContaining({ resolution: 'repaired', attempts: 2 })])
    expect(await outcomes(LOGGED_OUT.account)).toEqual([])
    expect(await incidentsOf(stack, LOGGED_OUT.account)).toEqual([expect.objectContaining({ resolution: 'recovered' })])
  })

  test.each(['slack', 'email'])(
    'tells the inbox by %s that it is over',
    async (kind) => {
      await expect
        .poll(async () => (await messages(stack, kind, LOGGED_OUT)).some((text) => text.startsWith('OVER')), {
          timeout: 5 * MINUTE_MS,
          interval: 1_000,
        })
        .toBe(true)
    },
    6 * MINUTE_MS,
  )

  test('has no alert of a repaired account left in Prometheus', async () => {
    const firing = `count(ALERTS{account="${BROKEN.account}",alertname="WhatsAppAccountDisconnected"})`
    await expect.poll(() => query(stack, firing), { timeout: 3 * MINUTE_MS, interval: 1_000 }).toBe(null)
  })

  test('refuses a second stack over the same data', async () => {
    const second = makeUp(folder)
    expect(await second.ended).not.toBe(0)
    expect(second.output()).toContain('A stack runs here already')
    expect(second.output()).toContain(`kill ${[...stack.pids().values()].join(' ')}`)
  })

  test('ends every part on Ctrl-C', async () => {
    const pids = [...stack.pids()]
    expect(pids.map(([name]) => name)).toEqual(
      expect.arrayContaining(['make-up', 'simulator', 'exporter', 'alertmanager', 'prometheus']),
    )
    await end(stack)
    expect(pids.filter(([, pid]) => isAlive(pid))).toEqual([])
    expect(stack.output()).toContain('Ending all parts')
  })

  test('keeps the data for the next start', async () => {
    const next = await start()
    expect(await query(next, 'count(whatsapp_account_up)', downSinceMs)).toBe(24)
    expect(await incidentsOf(next, BROKEN.account)).toEqual([expect.objectContaining({ resolution: 'repaired' })])

    const prometheus = next.pids().get('prometheus')
    if (prometheus === undefined) throw new Error('no prometheus in .data/stack.pids')
    const others = [...next.pids().values()]
    process.kill(prometheus, 'SIGKILL')
    running.delete(next)
    expect(await next.ended).not.toBe(0)
    expect(next.output()).toContain('prometheus ended (SIGKILL); the other parts are ended too')
    expect(others.filter(isAlive)).toEqual([])
  })
})

describe('make up with a config.yml', () => {
  const config = join(folder, 'config.yml')
  afterAll(() => rmSync(config, { force: true }))

  test('explains a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    writeFileSync(
      config,
      `gateways: [{ name: bot, driver: http, url: "http://127.0.0.1:1", accounts: [{ account: a }] }]\napi: { listen: "127.0.0.1:${port}" }\n`,
    )
    const stack = makeUp(folder)
    const code = await stack.ended
    server.close()
    expect(code).not.toBe(0)
    expect(stack.output()).toContain(
      `Port ${port}, wanted by the exporter (api.listen), is in use. End what listens there, or choose another port in config.yml.`,
    )
  })

  test('tells the faults of the file, and starts nothing', async () => {
    writeFileSync(config, 'gateways: [{ name: bot, driver: wahaa, url: "http://127.0.0.1:1" }]\n')
    const stack = makeUp(folder)
    expect(await stack.ended).not.toBe(0)
    expect(stack.output()).toContain('Did you mean "waha"?')
    expect(stack.output()).not.toContain('prometheus   |')
  })
})
