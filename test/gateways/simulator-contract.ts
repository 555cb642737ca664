import { describe, expect, onTestFinished, test } from 'vitest'
import type { AccountState, ErrorCode, Reason } from '../../src/accounts/vocabulary.ts'
import type { AccountFault, GatewayFault } from '../../src/simulator/fault.ts'
import type { GatewaySpec } from '../../src/simulator/options.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const never = new AbortController().signal
const START_MS = Date.UTC(2026, 0, 1)
const REPAIR_MS = 3_000
const SHORT_MS = 300

type Wanted = readonly [AccountState, Reason | null]

export interface SimulatorSubject {
  readonly name: string
  /** The simulated gateway, without name and accounts. */
  readonly gateway: Partial<GatewaySpec> & Pick<GatewaySpec, 'dialect'>
  /** An entry of `gateways`, without name and url. */
  readonly options: Readonly<Record<string, unknown>>
  /** What each fault of an account reads as. */
  readonly faults: Partial<Record<AccountFault, Wanted>>
  /** Evidence that a connected account brings. */
  readonly evidence?: readonly ('phone' | 'name' | 'lastActivityAtMs')[]
}

/** What every whole-gateway fault of the simulator must read as, whatever the vendor. */
const GATEWAY_FAULTS: Partial<Record<GatewayFault, ErrorCode>> = {
  server_error: 'server_error',
  unauthorized: 'unauthorized',
  rate_limited: 'rate_limited',
  license: 'license',
  hang: 'timeout',
  refuse: 'unreachable',
  html: 'bad_reply',
  empty: 'bad_reply',
  truncated: 'bad_reply',
  redirect: 'redirect',
}

/**
 * The driver against the product's simulator, whose author read the vendors' protocols without seeing the drivers:
 * where both agree, two readers understood the same.
 */
export function simulatorContract(subject: SimulatorSubject): void {
  async function start(timeoutMs = 5_000) {
    let nowMs = START_MS
    const now = () => nowMs
    const simulator = await startSimulator({
      gateways: [{ name: 'gateway-1', accounts: ['sales-01', 'sales-02', 'ops'], ...subject.gateway }],
      repairMs: REPAIR_MS,
      now,
    })
    onTestFinished(() => simulator.close())
    const entry = { ...subject.options, url: simulator.gatewayUrl('gateway-1') }
    const gateway = openForTest(entry, { timeoutMs, now })
    onTestFinished(() => gateway.close())
    const check = async () => (await gateway.check(accountOf('sales-01'), never)).reading
    const pass = (durationMs: number) => {
      nowMs += durationMs
    }
    return { simulator, gateway, check, pass }
  }

  describe(`against the simulator: ${subject.name}`, () => {
    test('every account is listed once and reads as connected, with its evidence', async () => {
      const { gateway, simulator, check } = await start()
      const listed = await gateway.listAccounts?.(never)
      expect(listed?.map(({ nativeId }) => nativeId).sort()).toEqual(['ops', 'sales-01', 'sales-02'])
      const sales = simulator.control.accounts().find(({ account }) => account === 'sales-01')
      const reading = await check()
      expect(reading).toMatchObject({ state: 'connected', reason: null })
      for (const kind of subject.evidence ?? []) {
        const wanted = { phone: sales?.phone, name: sales?.name, lastActivityAtMs: sales?.lastActivityMs }[kind]
        expect(reading.evidence[kind]).toBe(wanted)
      }
      expect(gateway.unknownWords).toEqual([])
    })

    test('one request reads the whole gateway, and says the same as one request per account', async () => {
      const { gateway, simulator, check } = await start()
      const one = await check()
      simulator.control.resetRequests()
      const fleet = await gateway.checkAll?.(never)
      expect(simulator.control.requests().map(({ count }) => count)).toEqual([1])
      expect(fleet?.readings.size).toBe(3)
      expect(fleet?.readings.get('sales-01')).toEqual(one)
    })

    for (const [fault, [state, reason]] of Object.entries(subject.faults) as [AccountFault, Wanted][]) {
      test(`the fault ${fault} of one account is ${state}${reason === null ? '' : `, ${reason}`}, and only there`, async () => {
        const { gateway, simulator, check } = await start()
        simulator.control.inject({ account: 'gateway-1/sales-01', fault })
        expect(await check()).toMatchObject({ state, reason })
        const fleet = await gateway.checkAll?.(never)
        expect(fleet?.readings.get('sales-01')).toMatchObject({ state, reason })
        expect(fleet?.readings.get('sales-02')?.state).toBe('connected')
        expect(gateway.unknownWords).toEqual([])
      })
    }

    test('an account that is gone is not_found, and no longer listed', async () => {
      const { gateway, simulator, check } = await start()
      simulator.control.inject({ account: 'gateway-1/sales-01', fault: 'gone' })
      await expect(check()).rejects.toMatchObject({ code: 'not_found' })
      expect((await gateway.checkAll?.(never))?.readings.has('sales-01')).toBe(false)
    })

    test('a restart that works is accepted, and only later connected', async () => {
      const { gateway, simulator, check, pass } = await start()
      simulator.control.inject({ account: 'gateway-1/sales-01', fault: 'disconnected', restart: 'works' })
      expect((await check()).state).toBe('disconnected')
      expect((await gateway.restart?.(accountOf('sales-01'), never))?.accepted).toBe(true)
      expect((await check()).state).not.toBe('connected')
      pass(REPAIR_MS + 1)
      expect((await check()).state).toBe('connected')
      expect(simulator.control.accounts().find(({ account }) => account === 'sales-01')?.restartRequests).toBe(1)
    })

    test('a restart that lies is accepted, and never connected', async () => {
      const { gateway, simulator, check, pass } = await start()
      simulator.control.inject({ account: 'gateway-1/sales-01', fault: 'disconnected', restart: 'lies' })
      expect((await gateway.restart?.(accountOf('sales-01'), never))?.accepted).toBe(true)
      pass(REPAIR_MS + 1)
      expect((await check()).state).not.toBe('connected')
    })

    test('a restart that ends at a QR code awaits a human', async () => {
      const { gateway, simulator, check, pass } = await start()
      simulator.control.inject({ account: 'gateway-1/sales-01', fault: 'disconnected', restart: 'needs_qr' })
      await gateway.restart?.(accountOf('sales-01'), never)
      pass(REPAIR_MS + 1)
      expect((await check()).state).toBe('awaiting_auth')
    })

    for (const [fault, code] of Object.entries(GATEWAY_FAULTS) as [GatewayFault, ErrorCode][]) {
      test(`the fault ${fault} of the gateway is ${code} for one and for all`, async () => {
        const { gateway, simulator, check } = await start(fault === 'hang' ? SHORT_MS : undefined)
        simulator.control.inject({ gateway: 'gateway-1', fault })
        await expect(check()).rejects.toMatchObject({ code })
        await expect(gateway.checkAll?.(never)).rejects.toMatchObject({ code })
      })
    }
  })
}
