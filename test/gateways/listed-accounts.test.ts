import { afterEach, describe, expect, test } from 'vitest'
import { type FakeServer, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const never = new AbortController().signal
const LONG = 'x'.repeat(10_000)
const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function open(driver: Readonly<Record<string, unknown>>, json: () => unknown) {
  const server: FakeServer = await startFakeServer(() => ({ json: json() }))
  const gateway = openForTest({ ...driver, url: server.url })
  endings.push(
    () => server.close(),
    () => gateway.close(),
  )
  return gateway
}

const auth = { apiKey: 'the-key' }
const drivers: Record<string, [Record<string, unknown>, (id: string, name: string) => unknown]> = {
  waha: [
    { driver: 'waha', auth },
    (id, pushName) => ({ name: id, status: 'WORKING', me: { id: '15550100001@c.us', pushName } }),
  ],
  evolution: [
    { driver: 'evolution', auth },
    (id, profileName) => ({ name: id, connectionStatus: 'open', ownerJid: '15550100001@s.whatsapp.net', profileName }),
  ],
  http: [{ driver: 'http', discover: true }, (id, name) => ({ account: id, state: 'connected', name })],
}

describe.each(Object.entries(drivers))('accounts that %s lists', (_driver, [options, item]) => {
  test('with an id of ten thousand characters are left out and counted; the others are watched', async () => {
    const gateway = await open(options, () => [item(LONG, 'Long'), item('x'.repeat(256), 'Whole'), item('ok', 'Short')])
    const listed = (await gateway.listAccounts?.(never)) ?? []
    expect(listed.map(({ account }) => account)).toEqual(['x'.repeat(256), 'ok'])
    expect(gateway.unknownWords).toEqual(['an account whose id has 10000 characters; 256 are the most'])
  })

  test('with a name of ten thousand characters are watched, and the name is cut', async () => {
    const gateway = await open(options, () => [item('ok', LONG)])
    const [listed] = (await gateway.listAccounts?.(never)) ?? []
    expect([listed?.account, listed?.name]).toEqual(['ok', `${'x'.repeat(255)}…`])
    expect(gateway.unknownWords).toEqual([])
  })
})

test('a name of ten thousand characters is cut in a reading too, between characters', async () => {
  const name = `${'x'.repeat(254)}${'😀'.repeat(5_000)}`
  const gateway = await open({ driver: 'http', accounts: [{ account: 'ok' }] }, () => ({ state: 'connected', name }))
  const { reading } = await gateway.check(accountOf('ok'), never)
  expect(reading.evidence.name).toBe(`${'x'.repeat(254)}…`)
})
