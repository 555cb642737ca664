import { expect, test } from 'vitest'
import { run } from '../../src/cli/accounts.ts'
import { recordingIo } from './transcript.ts'
import { watchedSimulator } from './watched-simulator.ts'

const { simulator, folder, configure } = await watchedSimulator([
  { name: 'waha-1', dialect: 'waha', accounts: ['sales-01', 'billing-01'] },
  { name: 'linda', dialect: 'http', accounts: ['support-01'], apiKey: '' },
  { name: 'empty', dialect: 'http', accounts: [], apiKey: '' },
])
const { signal } = new AbortController()

async function transcript(...args: readonly string[]) {
  const io = recordingIo(folder)
  const code = await run(args, io, signal)
  // The keys of the simulator stand in its configuration.
  const err = io.said.err.replaceAll(/^warning: .*\n/gm, '')
  return { code, out: io.said.out, err }
}

const gateways = (accounts: readonly object[]) => [
  {
    name: 'waha-1',
    driver: 'waha',
    url: simulator.gatewayUrl('waha-1'),
    auth: { apiKey: 'demo-key' },
    discover: true,
    labels: { team: 'emea' },
    accounts,
  },
]

test('lists what the gateways list', async () => {
  configure({})
  const { code, out } = await transcript()
  expect(code).toBe(0)
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/).slice(0, 4)),
  ).toEqual([
    ['ACCOUNT', 'GATEWAY', 'DRIVER', 'SOURCE'],
    ['sales-01', 'waha-1', 'waha', 'gateway'],
    ['billing-01', 'waha-1', 'waha', 'gateway'],
    ['support-01', 'linda', 'http', 'gateway'],
  ])
})

test('says what the configuration adds, and what its gateway does not list', async () => {
  configure({ gateways: gateways([{ account: 'sales-01', labels: { team: 'lisbon' } }, { account: 'forgotten' }]) })
  const { code, out } = await transcript('--json')
  const { accounts, failed } = JSON.parse(out)
  expect([code, failed]).toEqual([0, []])
  expect(accounts).toEqual([
    expect.objectContaining({ account: 'sales-01', source: 'both', labels: { team: 'lisbon' } }),
    expect.objectContaining({ account: 'forgotten', source: 'config', labels: { team: 'emea' }, phone: null }),
    expect.objectContaining({ account: 'billing-01', source: 'gateway', labels: { team: 'emea' } }),
  ])
})

test('shows phone numbers as privacy wants them', async () => {
  configure({ privacy: { phone: 'masked', key: 'a key of the test, long enough' } })
  const { out } = await transcript()
  for (const { phone } of simulator.control.accounts()) {
    if (phone !== null) expect(out).not.toContain(phone)
  }
  expect(out).toMatch(/\*\*\*\d\d-[0-9a-f]{6}/)
})

test('keeps what is configured where the gateway cannot list, and says so, exit code 1', async () => {
  configure({ gateways: gateways([{ account: 'sales-01' }]) })
  simulator.control.inject({ gateway: 'waha-1', fault: 'unauthorized' })
  const { code, out, err } = await transcript()
  simulator.control.heal({ gateway: 'waha-1' })
  expect(code).toBe(1)
  expect(out).toMatch(/^sales-01 +waha-1 +waha +config /m)
  expect(err).toMatch(/^waha-1: GET .* \(401\)/m)
})

test('an empty fleet is told with the next step', async () => {
  configure({ gateways: [{ name: 'empty', driver: 'http', url: simulator.gatewayUrl('empty'), discover: true }] })
  expect(await transcript()).toEqual({
    code: 0,
    out: '',
    err: 'No account was found. Set discover: true for a gateway that can list its accounts, name them under gateways[].accounts, or read them from a database with discovery.mongodb.\n',
  })
})

test('an interrupt ends it', async () => {
  configure({})
  simulator.control.inject({ gateway: 'waha-1', fault: 'hang' })
  const io = recordingIo(folder)
  const code = await run([], io, AbortSignal.timeout(200))
  simulator.control.heal({ gateway: 'waha-1' })
  expect([code, io.said.out]).toEqual([1, ''])
  expect(io.said.err).toContain('Interrupted before every gateway had answered.')
})
