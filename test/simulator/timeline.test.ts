import { describe, expect, test } from 'vitest'
import { demoFleet } from '../../src/simulator/demo-fleet.ts'
import { parseScript } from '../../src/simulator/script-file.ts'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import { simulated } from './simulated.ts'

const HOURS_2 = 7_200

/** What was injected in two hours, when somebody looks every `everySeconds`. */
async function story(options: Partial<SimulatorOptions>, everySeconds: number) {
  const { control, pass } = await simulated({ gateways: demoFleet(), ...options })
  for (let seconds = 0; seconds < HOURS_2; seconds += everySeconds) {
    pass(everySeconds)
    control.accounts()
  }
  return structuredClone(control.injected())
}

describe.each([
  ['the demo', { script: 'demo' }],
  ['random faults', { random: { faultsPerAccountPerHour: 2, gatewayFaultsPerHour: 1 } }],
] as const)('%s', (_name, options) => {
  test('is the same for the same seed, however often somebody looks', async () => {
    const often = await story({ ...options, seed: 7 }, 15)
    expect(often.length).toBeGreaterThan(20)
    expect(await story({ ...options, seed: 7 }, HOURS_2)).toEqual(often)
  })

  test('differs for another seed', async () => {
    expect(await story({ ...options, seed: 8 }, HOURS_2)).not.toEqual(await story({ ...options, seed: 7 }, HOURS_2))
  })
})

describe('the demo', () => {
  test('shows in its first minute a repair, a QR code, a lying restart and a flapping line, of four accounts', async () => {
    const { control, pass } = await simulated({ gateways: demoFleet(), script: 'demo' })
    pass(60)
    const first = control.injected()
    expect(first.map(({ fault, restart }) => `${fault} ${restart}`)).toEqual([
      'disconnected works',
      'qr needs_qr',
      'disconnected lies',
      'flapping lies',
    ])
    expect(new Set(first.map(({ account }) => account)).size).toBe(4)
  })

  test('then fails a gateway for a minute and bans a number, and never gets dull', async () => {
    const faults = await story({ script: 'demo' }, HOURS_2)
    const gateway = faults.find(({ account }) => account === null)
    expect(gateway).toMatchObject({ fault: 'server_error' })
    expect((gateway?.endMs ?? 0) - (gateway?.startMs ?? 0)).toBe(60_000)
    expect(faults.some(({ fault }) => fault === 'banned')).toBe(true)
    expect(new Set(faults.map(({ fault }) => fault)).size).toBeGreaterThan(10)
  })

  test('has 24 accounts, or as many as it is told', () => {
    expect(demoFleet().map(({ accounts }) => accounts)).toEqual([10, 8, 6])
    for (const wanted of [0, 1, 5, 100, 10_000]) {
      expect(demoFleet(wanted).reduce((sum, { accounts }) => sum + Number(accounts), 0)).toBe(wanted)
    }
  })
})

test('random faults come about as often as asked', async () => {
  const faults = await story({ gateways: demoFleet(240), random: { faultsPerAccountPerHour: 1 } }, HOURS_2)
  expect(faults.length).toBeGreaterThan(400)
  expect(faults.length).toBeLessThan(560)
})

describe('a script', () => {
  const gateways: SimulatorOptions['gateways'] = [{ name: 'g', dialect: 'http', accounts: ['a', 'b'] }]

  test('happens at its times, and again in every loop', async () => {
    const script = { events: [{ at: 10, account: 'a', fault: 'qr' as const, for: 5 }], loopSeconds: 60 }
    const { control, pass, startMs } = await simulated({ gateways, script })
    pass(130)
    expect(
      control.injected().map((one) => [(one.startMs - startMs) / 1000, one.endMs && (one.endMs - startMs) / 1000]),
    ).toEqual([
      [10, 15],
      [70, 75],
      [130, null],
    ])
  })

  test.each([
    [
      'an account that is not there',
      { at: 1, account: 'nope', fault: 'qr' },
      'script.events.0: account "nope" is not in',
    ],
    [
      'a gateway that is not there',
      { at: 1, gateway: 'nope', fault: 'hang' },
      'script.events.0: gateway "nope" is not',
    ],
    ['a gateway fault on an account', { at: 1, account: 'a', fault: 'html' }, '"html" is a fault of gateways'],
    ['an account fault on a gateway', { at: 1, gateway: 'g', fault: 'qr' }, '"qr" is a fault of accounts'],
    ['neither account nor gateway', { at: 1, fault: 'qr' }, 'names neither an account nor a gateway'],
  ] as const)('is refused at the start when it names %s', async (_name, event, message) => {
    await expect(simulated({ gateways, script: { events: [event] } })).rejects.toThrow(message)
  })

  test('is refused when its loop is shorter than its events', async () => {
    const script = { events: [{ at: 100, account: 'a', fault: 'qr' as const }], loopSeconds: 60 }
    await expect(simulated({ gateways, script })).rejects.toThrow('loopSeconds is 60, but the last event is at 100')
  })

  test('is read from YAML', () => {
    const text = 'loopSeconds: 600\nevents:\n  - { at: 5, account: g/a, fault: disconnected, for: 60, restart: lies }\n'
    expect(parseScript(text, 'demo.yml')).toEqual({
      loopSeconds: 600,
      events: [{ at: 5, account: 'g/a', fault: 'disconnected', for: 60, restart: 'lies' }],
    })
  })

  test.each([
    ['events:\n  - { at: -1, account: a, fault: qr }\n', 'demo.yml: events.0.at: '],
    ['events:\n  - { at: 1, account: a, fault: fire }\n', 'demo.yml: events.0.fault: '],
    ['events: [', 'demo.yml: '],
    ['', 'demo.yml: script: '],
  ])('is refused with the file and the place: %j', (text, message) => {
    expect(() => parseScript(text, 'demo.yml')).toThrow(message)
  })
})
