import { describe, expect, test } from 'vitest'
import type { CheckOutcome } from '../../src/accounts/observation.ts'
import type { ErrorCode } from '../../src/accounts/vocabulary.ts'
import { attribute, judgeSight, type Sight, sightAdvice, type Uplink } from '../../src/health/attribution.ts'
import {
  type AttributionPolicy,
  advanceGateway,
  type GatewayHealth,
  gatewayUp,
  newGatewayHealth,
} from '../../src/health/gateway-health.ts'
import type { AccountHealth } from '../../src/health/health.ts'
import { advance, newHealth } from '../../src/health/verdict.ts'
import { account, answered, failed, POLICY as HEALTH, INTERVAL_MS, T0 } from './fixtures.ts'

const POLICY: AttributionPolicy = { unhealthyAfter: 3, intervalMs: INTERVAL_MS, timeoutMs: 5_000 }
const NO_UPLINK: Uplink = { configured: false, failingSinceMs: null }
const CLEAR: Sight = { blind: false, why: null }

/** A gateway after these outcomes. */
function gatewayAfter(outcomes: readonly CheckOutcome[], origin = 'waha-1:3000'): GatewayHealth {
  return outcomes.reduce(
    (gateway, outcome) => advanceGateway(gateway, outcome, POLICY),
    newGatewayHealth('waha-1', origin, T0),
  )
}

const at = (cycle: number, offsetMs = 0) => T0 + cycle * INTERVAL_MS + offsetMs
const timeout = (atMs: number) => failed('timeout', atMs, { durationMs: 5_000 })
const FRESH = newHealth('waha-1/sales-01', T0)

describe('a gateway', () => {
  const table: Record<string, { outcomes: CheckOutcome[]; verdict: GatewayHealth['verdict']; up: boolean | null }> = {
    'is unknown before its first request': { outcomes: [], verdict: 'unknown', up: null },
    'is up after an answer': { outcomes: [answered('connected', at(0))], verdict: 'up', up: true },
    'is up when it says that an account does not exist': {
      outcomes: [failed('not_found', at(0))],
      verdict: 'up',
      up: true,
    },
    'that never answered is neither up nor down at first': { outcomes: [timeout(at(0))], verdict: 'failing', up: null },
    'stays up through one failed request': {
      outcomes: [answered('connected', at(0)), failed('server_error', at(1))],
      verdict: 'up',
      up: true,
    },
    'is failing when an interval and a time limit passed without an answer': {
      outcomes: [answered('connected', at(0)), timeout(at(1)), timeout(at(2))],
      verdict: 'failing',
      up: true,
    },
    'is down after unhealthyAfter failures over as many intervals': {
      outcomes: [answered('connected', at(0)), timeout(at(1)), timeout(at(2)), timeout(at(3))],
      verdict: 'down',
      up: false,
    },
    'is not down after many failures in a moment': {
      outcomes: [
        answered('connected', at(0)),
        ...Array.from({ length: 50 }, (_, i) => failed('server_error', at(1, i))),
      ],
      verdict: 'up',
      up: true,
    },
    'is not down after few failures over a long time': {
      outcomes: [answered('connected', at(0)), timeout(at(1)), timeout(at(9))],
      verdict: 'failing',
      up: true,
    },
    'is up again at the first answer': {
      outcomes: [timeout(at(1)), timeout(at(2)), timeout(at(3)), answered('blocked', at(4))],
      verdict: 'up',
      up: true,
    },
    'is refusing when it never gave a reading': {
      outcomes: [failed('unauthorized', at(0))],
      verdict: 'refusing',
      up: false,
    },
    'stays up through one refusal among answers': {
      outcomes: [answered('connected', at(0)), failed('rate_limited', at(1))],
      verdict: 'up',
      up: true,
    },
    'is refusing when nothing but refusals came for an interval and a time limit': {
      outcomes: [answered('connected', at(0)), failed('rate_limited', at(1)), failed('rate_limited', at(2))],
      verdict: 'refusing',
      up: false,
    },
    'that refused and then falls silent is not up in between': {
      outcomes: [failed('license', at(0)), timeout(at(1))],
      verdict: 'refusing',
      up: false,
    },
    'that refuses is no longer down': {
      outcomes: [timeout(at(0)), timeout(at(1)), timeout(at(2)), failed('unauthorized', at(3))],
      verdict: 'refusing',
      up: false,
    },
    'is not judged by requests that we broke off': {
      outcomes: [failed('aborted', at(0))],
      verdict: 'unknown',
      up: null,
    },
  }
  for (const [name, { outcomes, verdict, up }] of Object.entries(table)) {
    test(name, () => {
      const gateway = gatewayAfter(outcomes)
      expect([gateway.verdict, gatewayUp(gateway, false)]).toEqual([verdict, up])
    })
  }

  test('is acquitted of a request that hung while it answered another', () => {
    const hung = timeout(at(1))
    const gateway = gatewayAfter([answered('connected', at(1, 3_000)), hung])
    expect(gateway).toMatchObject({ verdict: 'up', failingSinceMs: null, consecutiveFailures: 0 })
    expect(gateway.lastError).toMatchObject({ code: 'timeout', atMs: hung.atMs + 5_000 })
  })

  test('that is down stays down when the clock goes back', () => {
    const down = [timeout(at(1)), timeout(at(2)), timeout(at(3))]
    expect(gatewayAfter([...down, timeout(at(-100))]).verdict).toBe('down')
  })

  test('that does not answer while the exporter is blind is neither up nor down', () => {
    const gateway = gatewayAfter([answered('connected', at(0)), timeout(at(1)), timeout(at(2)), timeout(at(3))])
    expect(gatewayUp(gateway, true)).toBeNull()
  })

  test('keeps whole milliseconds, however fine a duration is measured', () => {
    const fine = { ...timeout(at(1)), durationMs: 5_000.0375 }
    const gateway = gatewayAfter([answered('connected', at(0)), fine])
    expect(gateway.failingSinceMs).toBe(at(1, 5_000))
    expect(Number.isInteger(gateway.lastError?.atMs)).toBe(true)
  })

  test('keeps the moment of its verdict', () => {
    const gateway = gatewayAfter([answered('connected', at(0)), answered('connected', at(1))])
    expect(gateway.verdictSinceMs).toBe(at(0, 80))
  })
})

describe('sight', () => {
  const silent = (origin: string) => gatewayAfter([answered('connected', at(0)), timeout(at(1))], origin)
  const refusing = (origin: string) =>
    gatewayAfter([answered('connected', at(0)), failed('unreachable', at(1), { refused: true })], origin)
  const answering = (origin: string) => gatewayAfter([answered('connected', at(1))], origin)
  const broken = (origin: string) => gatewayAfter([failed('server_error', at(1))], origin)

  const table: Record<string, { gateways: GatewayHealth[]; uplink?: Uplink; delay?: number; why: Sight['why'] }> = {
    'is clear without gateways': { gateways: [], why: null },
    'is clear before the first request': { gateways: [newGatewayHealth('a', 'a:1', T0)], why: null },
    'is clear while one of many answers': { gateways: [silent('a:1'), answering('b:1')], why: null },
    'is lost when several hosts fall silent at once': { gateways: [silent('a:1'), silent('b:1')], why: 'all_gateways' },
    'is clear when one of the silent hosts refuses the connection': {
      gateways: [silent('a:1'), refusing('b:1')],
      why: null,
    },
    'is clear when one of the silent hosts answers 5xx': { gateways: [silent('a:1'), broken('b:1')], why: null },
    'is lost when the only host falls silent': { gateways: [silent('a:1')], why: 'only_gateway' },
    'is lost when two gateways of one host fall silent': {
      gateways: [silent('a:1'), silent('a:1')],
      why: 'only_gateway',
    },
    'is clear when the only host refuses connections': { gateways: [refusing('a:1')], why: null },
    'is clear when the only host answers 5xx': { gateways: [broken('a:1')], why: null },
    'is clear when everything is silent but an uplink address answers': {
      gateways: [silent('a:1'), silent('b:1')],
      uplink: { configured: true, failingSinceMs: null },
      why: null,
    },
    'is lost when the uplink addresses fail': {
      gateways: [silent('a:1'), answering('b:1')],
      uplink: { configured: true, failingSinceMs: at(1) },
      why: 'uplink',
    },
    'is lost when the exporter is later than an interval': {
      gateways: [answering('a:1')],
      delay: INTERVAL_MS + 1,
      why: 'lag',
    },
    'is clear when the exporter is a little late': { gateways: [answering('a:1')], delay: INTERVAL_MS, why: null },
  }
  for (const [name, { gateways, uplink = NO_UPLINK, delay = 0, why }] of Object.entries(table)) {
    test(name, () => {
      const sight = judgeSight(gateways, uplink, delay, POLICY, at(1, 6_000))
      expect(sight).toEqual({ blind: why !== null, why })
      expect(sightAdvice(sight) === '').toBe(why === null)
    })
  }

  test('a gateway that nobody asked lately is no witness', () => {
    const gateways = [gatewayAfter([answered('connected', at(-9))], 'a:1'), silent('b:1')]
    expect(judgeSight(gateways, NO_UPLINK, 0, POLICY, at(1, 6_000)).why).toBe('only_gateway')
  })

  test('the advice for a single host names checks.uplink', () => {
    expect(sightAdvice({ blind: true, why: 'only_gateway' })).toContain('checks.uplink')
  })
})

describe('whose fault', () => {
  const BLIND: Sight = { blind: true, why: 'all_gateways' }
  const up = gatewayAfter([answered('connected', at(0, 9_000))])
  const dead = gatewayAfter([answered('connected', at(-9)), timeout(at(-1))])
  const badSince = (badSinceMs: number) => ({ ...FRESH, badSinceMs })

  const table: Record<
    string,
    { outcome: CheckOutcome; gateway?: GatewayHealth; sight?: Sight; health?: AccountHealth; seen: string }
  > = {
    'a reading stays what it is': { outcome: answered('degraded/stale', at(1)), seen: 'degraded/stale' },
    'a reading stays what it is while the exporter is blind': {
      outcome: answered('connected', at(1)),
      sight: BLIND,
      seen: 'connected/null',
    },
    'no reading counts while the exporter runs late': {
      outcome: answered('connected', at(1)),
      sight: { blind: true, why: 'lag' },
      seen: 'unknown/other',
    },
    'a 401 is not seeing': { outcome: failed('unauthorized', at(1)), seen: 'unknown/unauthorized' },
    'a 429 is not seeing': { outcome: failed('rate_limited', at(1)), seen: 'unknown/rate_limited' },
    'a licence refusal is not seeing': { outcome: failed('license', at(1)), seen: 'unknown/license' },
    'an unreadable reply is not seeing': { outcome: failed('bad_reply', at(1)), seen: 'unknown/other' },
    'a reply that is too large is not seeing': { outcome: failed('too_large', at(1)), seen: 'unknown/other' },
    'a redirect is not seeing': { outcome: failed('redirect', at(1)), seen: 'unknown/other' },
    'an account that the gateway does not know is not seen': {
      outcome: failed('not_found', at(1)),
      seen: 'unknown/other',
    },
    'a check that we broke off is not seeing': { outcome: failed('aborted', at(1)), seen: 'unknown/other' },
    "a first failure while the gateway answers is the account's": {
      outcome: timeout(at(1)),
      seen: 'disconnected/network',
    },
    "a later failure is the account's when others were answered since the run began": {
      outcome: timeout(at(1)),
      health: badSince(at(0)),
      seen: 'disconnected/network',
    },
    "a later failure is the gateway's when nobody was answered since the run began": {
      outcome: timeout(at(1)),
      health: badSince(at(0, 9_500)),
      seen: 'disconnected/gateway_down',
    },
    "a failure is the gateway's when its last answer is too old": {
      outcome: timeout(at(2, 1)),
      gateway: gatewayAfter([answered('connected', at(0, 9_900))]),
      health: badSince(at(0)),
      seen: 'disconnected/gateway_down',
    },
    "a first failure is the gateway's when the gateway fails already": {
      outcome: timeout(at(0)),
      gateway: dead,
      seen: 'disconnected/gateway_down',
    },
    "a first failure is the gateway's when the gateway has just begun to fail": {
      outcome: timeout(at(1)),
      gateway: gatewayAfter([answered('connected', at(0, 9_000)), failed('server_error', at(0, 14_000))]),
      seen: 'disconnected/gateway_down',
    },
    'a failure while blind is not seeing': {
      outcome: timeout(at(1)),
      gateway: dead,
      sight: BLIND,
      seen: 'unknown/network',
    },
    'a first failure while blind is not seeing, even if the gateway answered lately': {
      outcome: timeout(at(1)),
      sight: BLIND,
      seen: 'unknown/network',
    },
    "a failure that came after blindness is the account's when others were answered since": {
      outcome: timeout(at(1)),
      sight: BLIND,
      health: { ...FRESH, state: 'unknown', lastCheckMs: at(0) },
      seen: 'disconnected/network',
    },
    "a 5xx of one account is the account's": { outcome: failed('server_error', at(1)), seen: 'disconnected/network' },
    "a refused connection is the gateway's": {
      outcome: failed('unreachable', at(1), { refused: true }),
      gateway: dead,
      seen: 'disconnected/gateway_down',
    },
  }
  for (const [name, { outcome, gateway = up, sight = CLEAR, health = FRESH, seen }] of Object.entries(table)) {
    test(name, () => {
      const observation = attribute(outcome, health, gateway, sight, POLICY)
      expect(`${observation.state}/${observation.reason}`).toBe(seen)
      expect(observation).toMatchObject({ atMs: outcome.atMs, durationMs: outcome.durationMs })
    })
  }

  test('every error code has a place', () => {
    const codes: ErrorCode[] = [
      'timeout',
      'unreachable',
      'server_error',
      'bad_reply',
      'too_large',
      'redirect',
      'aborted',
    ]
    for (const code of codes) expect(attribute(failed(code, at(1)), FRESH, up, CLEAR, POLICY).native).toBe(code)
  })
})

/** A small fleet run through the rules in the order that the monitor uses. */
function simulate(
  gatewayOf: Readonly<Record<string, string>>,
  outcomeAt: (name: string, atMs: number) => CheckOutcome,
  { cycles = 8, uplink = NO_UPLINK }: { cycles?: number; uplink?: Uplink } = {},
): { health: Map<string, AccountHealth>; gateways: Map<string, GatewayHealth>; seen: Map<string, string[]> } {
  const names = Object.keys(gatewayOf)
  const gateways = new Map(
    [...new Set(Object.values(gatewayOf))].map((name) => [name, newGatewayHealth(name, `${name}:3000`, T0)]),
  )
  const health = new Map(names.map((name) => [name, newHealth(name, T0)]))
  const seen = new Map<string, string[]>(names.map((name) => [name, []]))
  const results = Array.from({ length: cycles }, (_, cycle) =>
    names.map((name, index) => ({ name, outcome: outcomeAt(name, at(cycle, (index * INTERVAL_MS) / names.length)) })),
  )
    .flat()
    .sort((a, b) => a.outcome.atMs + a.outcome.durationMs - (b.outcome.atMs + b.outcome.durationMs))
  for (const { name, outcome } of results) {
    const before = health.get(name)
    const gateway = gateways.get(gatewayOf[name] ?? '')
    if (before === undefined || gateway === undefined) throw new Error(`no such account: ${name}`)
    const sight = judgeSight(gateways.values(), uplink, 0, POLICY, outcome.atMs + outcome.durationMs)
    const observation = attribute(outcome, before, gateway, sight, POLICY)
    gateways.set(gateway.name, advanceGateway(gateway, outcome, POLICY))
    health.set(name, advance(before, account({ key: name, account: name }), observation, HEALTH, 0).health)
    seen.get(name)?.push(`${observation.state}/${observation.reason}`)
  }
  return { health, gateways, seen }
}

describe('a fleet', () => {
  const TWO = { a1: 'a', a2: 'a', a3: 'a', b1: 'b', b2: 'b' }
  const causes = (health: Map<string, AccountHealth>) =>
    Object.fromEntries([...health].map(([name, one]) => [name, one.incident?.cause ?? one.status]))
  const from = (cycle: number, atMs: number) => atMs >= at(cycle) + 200

  test('one hung account is its own fault, though its gateway answers nobody else in that moment', () => {
    const { health, gateways } = simulate(TWO, (name, atMs) =>
      name === 'a1' && from(2, atMs) ? timeout(atMs) : answered('connected', atMs),
    )
    expect(causes(health)).toEqual({ a1: 'network', a2: 'healthy', a3: 'healthy', b1: 'healthy', b2: 'healthy' })
    expect(gateways.get('a')?.verdict).toBe('up')
  })

  test('two neighbours that hang on the only host are their own fault', () => {
    const { health } = simulate({ a1: 'a', a2: 'a', a3: 'a', a4: 'a' }, (name, atMs) =>
      (name === 'a1' || name === 'a2') && from(2, atMs) ? timeout(atMs) : answered('connected', atMs),
    )
    expect(causes(health)).toEqual({ a1: 'network', a2: 'network', a3: 'healthy', a4: 'healthy' })
  })

  test('a dead gateway takes all its accounts down, and only those', () => {
    const { health, gateways } = simulate(TWO, (name, atMs) =>
      name.startsWith('a') && from(2, atMs)
        ? failed('unreachable', atMs, { refused: true })
        : answered('connected', atMs),
    )
    expect(causes(health)).toEqual({
      a1: 'gateway_down',
      a2: 'gateway_down',
      a3: 'gateway_down',
      b1: 'healthy',
      b2: 'healthy',
    })
    expect(gateways.get('a')?.verdict).toBe('down')
  })

  test('a gateway that hangs while another answers is down', () => {
    const { health } = simulate(TWO, (name, atMs) =>
      name.startsWith('a') && from(2, atMs) ? timeout(atMs) : answered('connected', atMs),
    )
    expect(causes(health)).toMatchObject({ a1: 'gateway_down', a2: 'gateway_down', a3: 'gateway_down', b1: 'healthy' })
  })

  test('a lost network is nobody’s incident', () => {
    const { health } = simulate(TWO, (_, atMs) => (from(2, atMs) ? timeout(atMs) : answered('connected', atMs)), {
      cycles: 40,
    })
    for (const one of health.values())
      expect(one).toMatchObject({ status: 'unknown', incident: null, counters: { downtimeMs: 0 } })
  })

  test('a lost network is nobody’s incident with a single gateway either', () => {
    const { health } = simulate(
      { a1: 'a', a2: 'a', a3: 'a' },
      (_, atMs) => (from(2, atMs) ? timeout(atMs) : answered('connected', atMs)),
      { cycles: 40 },
    )
    for (const one of health.values()) expect(one).toMatchObject({ status: 'unknown', incident: null })
  })

  test('with an uplink that answers, a single silent gateway is down', () => {
    const { health } = simulate(
      { a1: 'a', a2: 'a' },
      (_, atMs) => (from(2, atMs) ? timeout(atMs) : answered('connected', atMs)),
      { uplink: { configured: true, failingSinceMs: null } },
    )
    expect(causes(health)).toEqual({ a1: 'gateway_down', a2: 'gateway_down' })
  })

  test('a single gateway that refuses connections is down without any uplink', () => {
    const { health } = simulate({ a1: 'a', a2: 'a' }, (_, atMs) =>
      from(2, atMs) ? failed('unreachable', atMs, { refused: true }) : answered('connected', atMs),
    )
    expect(causes(health)).toEqual({ a1: 'gateway_down', a2: 'gateway_down' })
  })

  test('an expired key freezes the accounts and opens no incident', () => {
    const { health, gateways } = simulate(TWO, (name, atMs) =>
      name.startsWith('a') && from(2, atMs) ? failed('unauthorized', atMs) : answered('connected', atMs),
    )
    expect(causes(health)).toMatchObject({ a1: 'unknown', a2: 'unknown', b1: 'healthy' })
    expect(gateways.get('a')?.verdict).toBe('refusing')
  })

  test('an incident that was open before the network was lost goes on after it', () => {
    const lost = (atMs: number) => from(6, atMs) && !from(12, atMs)
    const { health } = simulate(
      TWO,
      (name, atMs) =>
        lost(atMs)
          ? timeout(atMs)
          : name === 'a1' && from(1, atMs)
            ? answered('disconnected', atMs)
            : answered('connected', atMs),
      { cycles: 16 },
    )
    expect(health.get('a1')).toMatchObject({ status: 'unhealthy', counters: { incidents: 1, incidentsResolved: 0 } })
    expect(causes(health)).toMatchObject({ a2: 'healthy', b1: 'healthy' })
    expect(health.get('b1')?.counters.incidents).toBe(0)
  })
})
