import type { Refusal } from '../../health/recovery.ts'
import type { AccountView } from '../../monitor/fleet.ts'
import { time } from './fields.ts'

/** Why no restart is made, in words. */
const REFUSALS: Readonly<Record<Refusal, string>> = {
  mode_off: 'recovery.mode is off',
  not_a_fault: 'there is nothing to repair',
  not_confirmed: 'the fault is not confirmed yet',
  needs_human: 'a person must act: scan the QR code or pair again',
  blocked: 'WhatsApp has blocked the number; a restart could make it worse',
  stopped: 'it was stopped on purpose',
  conflict: 'another client uses the same session; a restart would only take turns with it',
  outdated_client: "the gateway's WhatsApp client is outdated; update the gateway",
  not_restartable: 'a restart does not help in this state',
  gateway_cannot: 'the gateway knows no restart that keeps the pairing',
  gateway_down: 'its gateway is down',
  unknown: 'the account cannot be seen now',
  maintenance: 'a maintenance window is open',
  pairing_grace: 'it was paired a moment ago and reconnects by itself',
  pending: 'an attempt is under way',
  backoff: 'the pause after the last attempt is not over',
  budget: 'its attempts are used up; it needs a person',
  gateway_parallel: 'as many repairs of its gateway as allowed are under way',
  gateway_budget: "its gateway's repairs of this hour are used up",
  breaker_open: 'many accounts of its gateway fail together; the circuit breaker holds all repairs',
  connecting: 'it is connecting, which may still take a while',
}

/** Words for a refusal, for messages. */
export function refusalText(refusal: Refusal): string {
  return REFUSALS[refusal]
}

/** The verdict on an account and what recovery makes of it, in two or three sentences. */
export function explain(view: AccountView): string {
  const { health, maintenance } = view
  if (view.lastKnown === true) return explainLastKnown(view)
  const native = health.native === '' ? '' : ` (the gateway says ${health.native})`
  const reason = health.reason === null ? '' : `, ${health.reason}`
  const sentences = [`${capital(health.status)}: ${health.state}${reason}${native}${run(view)}.`]
  if (maintenance !== null) sentences.push(`Maintenance until ${time(maintenance.endMs)}: ${maintenance.reason}.`)
  const repair = repairSentence(view)
  if (repair !== null) sentences.push(repair)
  return sentences.join(' ')
}

function explainLastKnown({ health }: AccountView): string {
  const native = health.native === '' ? '' : ` (the gateway said ${health.native})`
  const seen = health.lastCheckMs === null ? '' : ` at ${time(health.lastCheckMs)}`
  return `Unknown: the exporter that watches it does not answer. Last written to the store: ${health.state}${native}${seen}.`
}

function run({ health }: AccountView): string {
  const bad = health.consecutiveFailures
  if (bad > 0) return ` after ${bad} bad ${bad === 1 ? 'check' : 'checks'} in a row`
  if (health.lastCheckMs === null) return ', not checked yet'
  return ''
}

function repairSentence({ recovery, health }: AccountView): string | null {
  if (recovery.act) return 'Recovery restarts it.'
  if (recovery.refusal === 'not_a_fault' && health.status === 'healthy') return null
  const retry = recovery.retryAtMs === null ? '' : `, until ${time(recovery.retryAtMs)}`
  return `No restart: ${refusalText(recovery.refusal)}${retry}.`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
