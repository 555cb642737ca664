import type { AccountState, Reason, Status } from '../accounts/vocabulary.ts'
import { refusalText } from '../api/documents/explain.ts'
import { failureKind } from '../health/gateway-health.ts'
import type { RecoveryPolicy, Refusal } from '../health/recovery.ts'
import type { ExporterView } from '../monitor/fleet.ts'
import type { CheckedAccount } from './single-check.ts'

/** Whose fault a check that is not good is. */
export type Fault = 'account' | 'gateway' | 'exporter' | 'nobody'

/** What one check says of one account, once all checks of the command are in. */
export interface Judgement {
  readonly status: Status
  readonly state: AccountState
  readonly reason: Reason | null
  /** False counts for exit code 1: the account is not usable, or it cannot be seen. */
  readonly fine: boolean
  readonly fault: Fault
  readonly why: string
  /** What the exporter would do about it. */
  readonly recovery: string
}

export interface JudgementRules {
  readonly unhealthyAfter: number
  readonly recoveryMode: RecoveryPolicy['mode']
}

type Seen = Pick<Judgement, 'status' | 'state' | 'reason' | 'fault' | 'why'>

/**
 * Judges one account by its one check. A check that got no answer is judged with hindsight, by what the same gateway
 * answered for others in the same run; the service has the checks before for that.
 */
export function judge(checked: CheckedAccount, exporter: ExporterView, rules: JudgementRules): Judgement {
  const { health } = checked.result.view
  const seen = checked.result.error === null ? read(checked, rules) : unread(checked, checked.result.error, exporter)
  const idle = seen.state === 'stopped'
  const usable = seen.state !== 'unknown' && checked.result.error === null && health.consecutiveFailures === 0
  return { ...seen, fine: idle || usable, recovery: recoveryText(checked, seen, rules) }
}

function read({ result }: CheckedAccount, rules: JudgementRules): Seen {
  const { status, state, reason, consecutiveFailures } = result.view.health
  const told = { status, state, reason }
  if (state === 'stopped') return { ...told, fault: 'nobody', why: 'It was stopped on purpose, so no verdict is owed.' }
  if (state === 'unknown') {
    return { ...told, fault: 'gateway', why: 'The gateway says something that this version does not know.' }
  }
  if (consecutiveFailures === 0) {
    const limits = reason === null ? '' : `, with a limit: ${reason}`
    return { ...told, fault: 'nobody', why: `The account is usable${limits}.` }
  }
  return { ...told, fault: 'account', why: `The gateway itself says so. ${confirmation(state, rules)}` }
}

/** What it takes until one bad check becomes an incident. */
function confirmation(state: AccountState, { unhealthyAfter }: JudgementRules): string {
  if (state === 'connecting')
    return 'It is unhealthy once it has been connecting for longer than health.connectingLimit.'
  const definite = state === 'blocked' || state === 'awaiting_auth'
  const needed = definite ? Math.min(2, unhealthyAfter) : unhealthyAfter
  return needed === 1 ? 'One bad check is enough here.' : `It is unhealthy after ${needed} bad checks in a row.`
}

function unread(
  checked: CheckedAccount,
  error: NonNullable<CheckedAccount['result']['error']>,
  exporter: ExporterView,
): Seen {
  const { reason } = checked.result.view.health
  const blind = { status: 'unknown', state: 'unknown' } as const
  const down = { status: 'warning', state: 'disconnected' } as const
  switch (failureKind(error.code, undefined)) {
    case 'answer':
      return { ...blind, reason, fault: 'account', why: error.message }
    case 'refusal':
      return { ...blind, reason, fault: 'gateway', why: error.message }
    case 'ours':
      return { ...blind, reason, fault: 'exporter', why: error.message }
    case 'host':
    case 'network':
      if (checked.gatewayAnswered)
        return {
          ...down,
          reason: 'network',
          fault: 'account',
          why: `${error.message} The gateway answered for others.`,
        }
      if (exporter.blind)
        return { ...blind, reason: 'network', fault: 'exporter', why: `${error.message} ${exporter.advice}` }
      return { ...down, reason: 'gateway_down', fault: 'gateway', why: error.message }
  }
}

function recoveryText({ result, gateway }: CheckedAccount, seen: Seen, rules: JudgementRules): string {
  const { recovery, health } = result.view
  if (seen.state !== health.state || seen.reason !== health.reason) {
    // Judged anew: the monitor's decision was made for another state.
    if (seen.fault === 'account' && seen.state === 'disconnected')
      return gateway.canRestart ? restartText(rules) : refused('gateway_cannot')
    return refused(seen.reason === 'gateway_down' ? 'gateway_down' : 'unknown')
  }
  if (recovery.act) return restartText(rules)
  const { refusal } = recovery
  if (refusal === 'not_a_fault') return 'There is nothing to repair.'
  return refusal === 'not_confirmed' || refusal === 'mode_off' ? restartText(rules) : refused(refusal)
}

function refused(refusal: Refusal): string {
  return `No restart: ${refusalText(refusal)}.`
}

function restartText({ unhealthyAfter, recoveryMode }: JudgementRules): string {
  if (recoveryMode === 'off') return `No restart: ${refusalText('mode_off')}.`
  const after = unhealthyAfter === 1 ? 'at once' : `after ${unhealthyAfter} bad checks in a row`
  return recoveryMode === 'on'
    ? `The exporter restarts it ${after}.`
    : `The exporter would restart it ${after}, but recovery.mode is dry-run.`
}
