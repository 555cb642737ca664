import type { SimAccount } from './account.ts'
import type { FaultOrder, GatewaySpec } from './options.ts'
import { between, pick, type Random, seededRandom } from './random.ts'
import type { TimedOrder } from './timeline.ts'

const ROUND_MS = 600_000

/** What may happen in a later round, each with its usual length in seconds. */
const EPISODES: readonly {
  readonly fault: FaultOrder['fault']
  readonly seconds: number
  readonly restart?: 'second_try' | 'lies' | 'needs_qr'
}[] = [
  { fault: 'disconnected', seconds: 400 },
  { fault: 'disconnected', seconds: 400, restart: 'second_try' },
  { fault: 'disconnected', seconds: 240, restart: 'lies' },
  { fault: 'disconnected', seconds: 300, restart: 'needs_qr' },
  { fault: 'stuck_connecting', seconds: 420 },
  { fault: 'qr', seconds: 200 },
  { fault: 'logged_out', seconds: 260 },
  { fault: 'conflict', seconds: 180 },
  { fault: 'zombie', seconds: 420 },
  { fault: 'flapping', seconds: 150 },
  { fault: 'slow', seconds: 120 },
  { fault: 'restricted', seconds: 240 },
  { fault: 'stopped', seconds: 120 },
  { fault: 'check_error', seconds: 90 },
  { fault: 'temp_banned', seconds: 300 },
]

const GATEWAY_EPISODES: readonly FaultOrder['fault'][] = [
  'server_error',
  'hang',
  'refuse',
  'rate_limited',
  'unauthorized',
  'html',
]

/**
 * The story of the demo, endless and the same for the same seed. The first minute shows a repair, a QR code, a restart that lies
 * and a flapping line; then a gateway fails and a number is banned; from the eleventh minute on rounds of ten minutes differ.
 */
export function* demoTimeline(
  fleet: readonly SimAccount[],
  gateways: readonly GatewaySpec[],
  seed: number,
  startMs: number,
): Generator<TimedOrder, undefined> {
  if (fleet.length === 0) return
  const random = seededRandom(seed, 'demo')
  const cast = shuffled(fleet, random)
  const actor = (part: number) => (cast[part % cast.length] ?? pick(cast, random)).key
  const opening: readonly (readonly [number, FaultOrder])[] = [
    [8, { account: actor(0), fault: 'disconnected', restart: 'works', forSeconds: 560 }],
    [15, { account: actor(1), fault: 'qr', forSeconds: 240 }],
    [25, { account: actor(2), fault: 'disconnected', restart: 'lies', forSeconds: 300 }],
    [40, { account: actor(3), fault: 'flapping', everySeconds: 20, forSeconds: 200 }],
    [90, { account: actor(4), fault: 'disconnected', restart: 'second_try', forSeconds: 480 }],
    [150, { gateway: pick(gateways, random).name, fault: 'server_error', forSeconds: 60 }],
    [260, { account: actor(5), fault: 'banned', forSeconds: 900 }],
    [330, { account: actor(6), fault: 'slow', delayMs: 3_000, forSeconds: 90 }],
    [420, { account: actor(7), fault: 'zombie', forSeconds: 480 }],
    [500, { account: actor(8), fault: 'stuck_connecting', forSeconds: 420 }],
  ]
  for (const [seconds, order] of opening) yield { atMs: startMs + seconds * 1000, order, cause: 'script' }
  for (let roundMs = startMs + ROUND_MS; ; roundMs += ROUND_MS) yield* laterRound(cast, gateways, roundMs, random)
}

function* laterRound(
  cast: readonly SimAccount[],
  gateways: readonly GatewaySpec[],
  roundMs: number,
  random: Random,
): Generator<TimedOrder, undefined> {
  const actors = shuffled(cast, random)
  const episodes = shuffled(EPISODES, random).slice(0, 7)
  const slotMs = ROUND_MS / (episodes.length + 1)
  for (const [index, { seconds, ...episode }] of episodes.entries()) {
    const account = actors[index % actors.length]
    if (account === undefined) continue
    const forSeconds = Math.round(seconds * between(0.7, 1.3, random))
    const atMs = Math.round(roundMs + slotMs * (index + 0.5 * random()))
    yield { atMs, cause: 'script', order: { account: account.key, ...episode, forSeconds } }
  }
  const gatewayFault = { gateway: pick(gateways, random).name, fault: pick(GATEWAY_EPISODES, random), forSeconds: 60 }
  yield { atMs: roundMs + ROUND_MS - 70_000, cause: 'script', order: gatewayFault }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
