// The peer's side, in a worker: its heap of hash maps must not slow our side down by garbage collection.
import { parentPort } from 'node:worker_threads'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Account } from '../src/accounts/account.ts'
import { STATES, STATUSES } from '../src/accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES, type MetricFamily } from '../src/metrics/catalogue.ts'
import { longestBlock, timed } from './event-loop.ts'
import { benchFleet, isDown } from './exposition-fleet.ts'

/** One round of the peer, milliseconds. */
export interface PeerRound {
  readonly updateMs: number
  readonly renderBlockMs: number
}

const peer = peerSide(benchFleet())

parentPort?.on('message', async (round: number) => {
  const updateMs = timed(() => peer.update(round))
  const answer: PeerRound = { updateMs, renderBlockMs: await longestBlock(() => peer.render()) }
  parentPort?.postMessage(answer)
})

/** The same families in prom-client, used as its documentation shows: set(labels, value) and registry.metrics(). */
function peerSide(fleet: readonly Account[]) {
  const registry = new Registry()
  const labelsOf = fleet.map(({ account: id, gateway, labels }) => ({
    account: id,
    gateway,
    team: labels['team'] ?? '',
  }))
  const metric = ({ name, help, labels, type }: MetricFamily) => {
    const options = { name, help, labelNames: [...labels, 'team'], registers: [registry] }
    return type === 'counter' ? new Counter(options) : new Gauge(options)
  }
  const status = metric(ACCOUNT_FAMILIES.status)
  const state = metric(ACCOUNT_FAMILIES.state)
  const numbers = Object.values(ACCOUNT_FAMILIES)
    .filter(
      ({ name, type }: MetricFamily) =>
        type !== 'stateset' && type !== 'info' && !/reason|incident_start|activity|quality|limit/.test(name),
    )
    .map(metric)
  return {
    update(round: number): void {
      for (const [index, labels] of labelsOf.entries()) {
        const down = isDown(index, round)
        for (const word of STATUSES)
          put(status, { ...labels, status: word }, word === (down ? 'unhealthy' : 'healthy') ? 1 : 0)
        for (const word of STATES)
          put(state, { ...labels, state: word }, word === (down ? 'disconnected' : 'connected') ? 1 : 0)
        for (const each of numbers) put(each, labels, 1_760_000_000.123 + index)
      }
    },
    render: () => registry.metrics(),
  }
}

function put(metric: Counter | Gauge, labels: Record<string, string>, value: number): void {
  if (metric instanceof Gauge) metric.set(labels, value)
  else metric.inc(labels, 1)
}
