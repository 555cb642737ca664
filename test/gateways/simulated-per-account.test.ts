import { describe, expect, onTestFinished, test } from 'vitest'
import type { AccountState, Reason } from '../../src/accounts/vocabulary.ts'
import { wabaIdOf } from '../../src/simulator/dialects/cloud-api.ts'
import type { AccountFault, RestartBehaviour } from '../../src/simulator/fault.ts'
import type { GatewaySpec } from '../../src/simulator/options.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

// The drivers of gateways whose list alone does not tell the state, against the product's simulator. Its author read the
// vendors' protocols without seeing the drivers: where both agree, two readers understood the same.

const never = new AbortController().signal
const REPAIR_MS = 3_000

type Wanted = readonly [AccountState, Reason | null]

interface Subject {
  readonly gateway: Partial<GatewaySpec> & Pick<GatewaySpec, 'dialect'>
  readonly options: Readonly<Record<string, unknown>>
  readonly faults: Partial<Record<AccountFault, Wanted>>
}

const subjects: Record<string, Subject> = {
  'Evolution 2.3.7': {
    gateway: { dialect: 'evolution' },
    options: { driver: 'evolution', auth: { apiKey: 'demo-key' } },
    faults: {
      disconnected: ['disconnected', null],
      stuck_connecting: ['connecting', null],
      qr: ['awaiting_auth', null],
      logged_out: ['awaiting_auth', 'logged_out'],
      banned: ['blocked', 'banned'],
      temp_banned: ['degraded', 'temp_banned'],
      conflict: ['degraded', 'conflict'],
      outdated_client: ['disconnected', 'outdated_client'],
      not_loaded: ['unknown', null],
    },
  },
  'Evolution 1.8.2': {
    gateway: { dialect: 'evolution', version: '1.8.2' },
    options: { driver: 'evolution', auth: { apiKey: 'demo-key' } },
    // v1 tells neither a code nor a QR code.
    faults: {
      disconnected: ['disconnected', null],
      stuck_connecting: ['connecting', null],
      not_loaded: ['unknown', null],
    },
  },
  'WPPConnect 2.10': {
    gateway: { dialect: 'wppconnect' },
    options: { driver: 'wppconnect', auth: { secretKey: 'demo-key' } },
    faults: {
      disconnected: ['disconnected', 'network'],
      stuck_connecting: ['connecting', null],
      qr: ['awaiting_auth', null],
      logged_out: ['awaiting_auth', null],
      stopped: ['stopped', null],
    },
  },
  'Cloud API': {
    gateway: { dialect: 'cloud-api' },
    options: { driver: 'cloud-api', auth: { accessToken: 'demo-key' }, wabaId: wabaIdOf('gateway-1') },
    faults: {
      disconnected: ['disconnected', null],
      qr: ['awaiting_auth', null],
      logged_out: ['awaiting_auth', null],
      banned: ['blocked', 'banned'],
      zombie: ['blocked', 'other'],
      restricted: ['degraded', 'capped'],
      capped: ['degraded', 'capped'],
      low_quality: ['degraded', 'quality'],
    },
  },
}

async function start(subject: Subject) {
  let nowMs = Date.UTC(2026, 0, 1)
  const now = () => nowMs
  const simulator = await startSimulator({
    gateways: [{ name: 'gateway-1', accounts: 3, ...subject.gateway }],
    repairMs: REPAIR_MS,
    now,
  })
  onTestFinished(() => simulator.close())
  const gateway = openForTest({ ...subject.options, url: simulator.gatewayUrl('gateway-1') }, { now })
  onTestFinished(() => gateway.close())
  const listed = (await gateway.listAccounts?.(never)) ?? []
  const [first, second] = listed.map((one) => ({ ...accountOf(one.nativeId), account: one.account }))
  if (first === undefined || second === undefined) throw new Error('the gateway lists too few accounts')
  return {
    simulator,
    gateway,
    listed,
    check: async () => (await gateway.check(first, never)).reading,
    checkOther: async () => (await gateway.check(second, never)).reading,
    restart: () => gateway.restart?.(first, never),
    inject: (fault: AccountFault, restart?: RestartBehaviour) =>
      simulator.control.inject({ account: `gateway-1/${first.account}`, fault, ...(restart ? { restart } : {}) }),
    pass: (durationMs: number) => {
      nowMs += durationMs
    },
  }
}

for (const [name, subject] of Object.entries(subjects)) {
  describe(`against the simulator: ${name}`, () => {
    test('every account is listed and connected', async () => {
      const { listed, check, simulator, gateway } = await start(subject)
      expect(listed.map(({ account }) => account)).toEqual(simulator.control.accounts().map(({ account }) => account))
      expect(await check()).toMatchObject({ state: 'connected', reason: null })
      expect(gateway.unknownWords).toEqual([])
    })

    for (const [fault, [state, reason]] of Object.entries(subject.faults) as [AccountFault, Wanted][]) {
      test(`the fault ${fault} is ${state}${reason === null ? '' : `, ${reason}`}, and only of that account`, async () => {
        const { gateway, inject, check, checkOther, pass } = await start(subject)
        expect((await check()).state).toBe('connected')
        pass(60_000)
        inject(fault)
        expect(await check()).toMatchObject({ state, reason })
        expect((await checkOther()).state).toBe('connected')
        expect(gateway.unknownWords).toEqual([])
      })
    }

    test('the fault slow is measured', async () => {
      const { simulator, gateway, listed } = await start(subject)
      const account = listed[0]?.account ?? ''
      simulator.control.inject({ account: `gateway-1/${account}`, fault: 'slow', delayMs: 60 })
      const { durationMs } = await gateway.check(accountOf(listed[0]?.nativeId ?? ''), never)
      expect(durationMs).toBeGreaterThanOrEqual(55)
    })
  })
}

const restartable = Object.entries(subjects).filter(([name]) => name !== 'Cloud API')
describe.each(restartable)('restarting against the simulator: %s', (_name, subject) => {
  test('a restart that works brings the account back, once', async () => {
    const { inject, check, restart, pass, simulator } = await start(subject)
    inject('disconnected', 'works')
    expect((await check()).state).toBe('disconnected')
    expect(await restart()).toMatchObject({ accepted: true })
    pass(REPAIR_MS + 1)
    expect((await check()).state).toBe('connected')
    expect(simulator.control.accounts()[0]?.restartRequests).toBe(1)
  })

  test('a restart that lies is accepted, and the next check shows it', async () => {
    const { inject, check, restart, pass } = await start(subject)
    inject('disconnected', 'lies')
    expect(await restart()).toMatchObject({ accepted: true })
    pass(REPAIR_MS + 1)
    expect((await check()).state).not.toBe('connected')
  })

  test('an account with a QR code on show is not touched', async () => {
    const { inject, restart, pass, simulator } = await start(subject)
    pass(60_000)
    inject('qr')
    expect(await restart()).toMatchObject({ accepted: false, needsHuman: true })
    expect(simulator.control.accounts()[0]?.restartRequests).toBe(0)
  })
})

test('the Cloud API list says the same as the check of one', async () => {
  const { gateway, check, listed } = await start(subjects['Cloud API'] as Subject)
  const one = await check()
  const fleet = await gateway.checkAll?.(never)
  expect(fleet?.readings.size).toBe(listed.length)
  expect(fleet?.readings.get(listed[0]?.nativeId ?? '')).toEqual(one)
})

test('the Cloud API list of 250 numbers takes three requests', async () => {
  const subject = subjects['Cloud API'] as Subject
  const { gateway, simulator } = await start({ ...subject, gateway: { ...subject.gateway, accounts: 250 } })
  simulator.control.resetRequests()
  expect((await gateway.checkAll?.(never))?.readings.size).toBe(250)
  const lists = simulator.control.requests().filter(({ endpoint }) => endpoint.includes('phone_numbers'))
  expect(lists.map(({ count }) => count)).toEqual([3])
})
