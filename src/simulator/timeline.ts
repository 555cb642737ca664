import type { SimAccount } from './account.ts'
import type { FaultOrder, GatewaySpec, RandomFaults, Script } from './options.ts'
import { between, pick, type Random, seededRandom } from './random.ts'

/** An order with its time. */
export interface TimedOrder {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly order: FaultOrder
  readonly cause: 'script' | 'random'
}

/** Orders in the order of their times; may be endless. */
export type Timeline = Iterator<TimedOrder, undefined>

/** The events of a script, once or over and over. */
export function* scriptTimeline(script: Script, startMs: number): Generator<TimedOrder, undefined> {
  const events = script.events.toSorted((a, b) => a.at - b.at)
  const last = events.at(-1)
  if (last === undefined) return
  if (script.loopSeconds !== undefined && script.loopSeconds <= last.at) {
    throw new Error(
      `script: loopSeconds is ${script.loopSeconds}, but the last event is at ${last.at}; make the loop longer than that`,
    )
  }
  for (let roundMs = startMs; ; roundMs += (script.loopSeconds ?? 0) * 1000) {
    for (const { at, for: forSeconds, ...order } of events) {
      const atMs = roundMs + at * 1000
      yield { atMs, cause: 'script', order: forSeconds === undefined ? order : { ...order, forSeconds } }
    }
    if (script.loopSeconds === undefined) return
  }
}

/**
 * Faults by chance: exponential gaps, so that every account suffers `faultsPerAccountPerHour` on average.
 * Draws the same numbers whatever the watcher does, so the same seed gives the same timeline.
 */
export function* randomTimeline(
  options: RandomFaults,
  fleet: readonly SimAccount[],
  gateways: readonly GatewaySpec[],
  seed: number,
  startMs: number,
): Generator<TimedOrder, undefined> {
  const random = seededRandom(seed, 'random faults')
  const accountRate = options.faultsPerAccountPerHour * fleet.length
  const gatewayRate = gateways.length === 0 ? 0 : options.gatewayFaultsPerHour * gateways.length
  const total = accountRate + gatewayRate
  if (total <= 0) return
  let atMs = startMs
  while (true) {
    atMs += (-Math.log(1 - random()) / total) * 3_600_000
    const forSeconds = between(options.minSeconds, options.maxSeconds, random)
    const order =
      random() * total < gatewayRate
        ? { gateway: pick(gateways, random).name, fault: pick(options.gatewayFaults, random), forSeconds }
        : accountOrder(options, fleet, forSeconds, random)
    yield { atMs: Math.round(atMs), cause: 'random', order }
  }
}

function accountOrder(
  options: RandomFaults,
  fleet: readonly SimAccount[],
  forSeconds: number,
  random: Random,
): FaultOrder {
  const order = { account: pick(fleet, random).key, fault: pick(options.faults, random), forSeconds }
  return options.restarts === undefined ? order : { ...order, restart: pick(options.restarts, random) }
}
