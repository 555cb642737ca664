import { type Face, faceOf, type SimAccount } from './account.ts'
import type { RestartBehaviour } from './fault.ts'

/** An account as the steering API shows it. Times are Unix milliseconds. */
export interface AccountSnapshot {
  readonly key: string
  readonly account: string
  readonly gateway: string
  readonly nativeId: string
  readonly phone: string
  readonly name: string
  readonly phase: Face['phase']
  readonly fault: string | null
  readonly restart: RestartBehaviour | null
  readonly faultStartMs: number | null
  readonly faultEndMs: number | null
  readonly lastActivityMs: number
  readonly restartRequests: number
  readonly lastRestartMs: number | null
}

/** What an account looks like at one moment. */
export function snapshotOf(account: SimAccount, nowMs: number): AccountSnapshot {
  const face = faceOf(account, nowMs)
  const { fault } = account
  return {
    key: account.key,
    account: account.account,
    gateway: account.gateway,
    nativeId: account.nativeId,
    phone: account.phone,
    name: account.name,
    phase: face.phase,
    fault: fault?.fault ?? null,
    restart: fault?.restart ?? null,
    faultStartMs: fault?.startMs ?? null,
    faultEndMs: finiteOrNull(fault?.endMs),
    lastActivityMs: face.activityAtMs,
    restartRequests: account.restartRequests,
    lastRestartMs: account.lastRestartMs,
  }
}

/** An end that is known; null for a fault that lasts until somebody ends it. */
export function finiteOrNull(valueMs: number | undefined): number | null {
  return valueMs !== undefined && Number.isFinite(valueMs) ? valueMs : null
}
