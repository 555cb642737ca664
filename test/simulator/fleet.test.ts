import { expect, test } from 'vitest'
import { phoneOf } from '../../src/simulator/fleet.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { simulated } from './simulated.ts'

test('gives every one of 10 000 accounts its own number, kept for fiction', () => {
  const phones = Array.from({ length: 10_000 }, (_, index) => phoneOf(index, 1))
  expect(new Set(phones).size).toBe(10_000)
  for (const phone of phones) expect(phone).toMatch(/^1[2-9]\d\d55501\d\d$/)
})

test('goes on in the reserved country code 999 where the fiction numbers end', () => {
  const phones = Array.from({ length: 60_000 }, (_, index) => phoneOf(index, 3))
  expect(new Set(phones).size).toBe(60_000)
  expect(phones.at(-1)).toMatch(/^999\d{9}$/)
})

test('is the same fleet for the same seed and another for another', async () => {
  const gateways = [{ name: 'g', dialect: 'waha', accounts: 30 }] as const
  const phones = async (seed: number) =>
    (await simulated({ gateways, seed })).control.accounts().map(({ phone }) => phone)
  expect(await phones(1)).toEqual(await phones(1))
  expect(await phones(1)).not.toEqual(await phones(2))
})

test('uses phone numbers as ids in the Cloud API and digits as native ids', async () => {
  const { control } = await simulated({ gateways: [{ name: 'c', dialect: 'cloud-api', accounts: 1 }] })
  const [account] = control.accounts()
  expect(account?.account).toBe(account?.phone)
  expect(account?.nativeId).toMatch(/^\d{15}$/)
})

test.each([
  ['a name that is a path of the simulator', [{ name: 'sim', dialect: 'waha', accounts: 1 }], 'gateways.0.name'],
  ['a name with a slash', [{ name: 'a/b', dialect: 'waha', accounts: 1 }], 'gateways.0.name'],
  [
    'the same account twice',
    [{ name: 'g', dialect: 'waha', accounts: ['a', 'a'] }],
    'account "a" is twice in gateway "g"',
  ],
  [
    'the same gateway twice',
    [
      { name: 'g', dialect: 'waha', accounts: 0 },
      { name: 'g', dialect: 'gowa', accounts: 0 },
    ],
    'gateway "g" is there twice',
  ],
] as const)('refuses %s', async (_name, gateways, message) => {
  await expect(
    simulated({ gateways: gateways.map((one) => ({ ...one, accounts: fresh(one.accounts) })) }),
  ).rejects.toThrow(message)
})

function fresh(accounts: number | readonly string[]): number | string[] {
  return typeof accounts === 'number' ? accounts : [...accounts]
}

test('says so when its port is taken', async () => {
  const { port } = await simulated({ gateways: [] })
  await expect(startSimulator({ gateways: [], listen: { port } })).rejects.toThrow(
    `simulator: cannot listen on 127.0.0.1:${port}; choose another port`,
  )
})

test('ends with its signal, hanging requests included, and may be closed again', async () => {
  const end = new AbortController()
  const { control, request, close } = await simulated({
    gateways: [{ name: 'g', dialect: 'http', accounts: 1 }],
    signal: end.signal,
  })
  control.inject({ gateway: 'g', fault: 'hang' })
  const hanging = request('GET', '/g/accounts')
  const failed = expect(hanging).rejects.toThrow('fetch failed')
  await expect.poll(() => control.requests().length).toBe(1)
  end.abort()
  await failed
  await close()
  await close()
})
