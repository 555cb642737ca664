import type { AccountFault, RestartBehaviour } from './fault.ts'

/** A fault that was injected, kept for the record: a soak test compares it with what the exporter saw. */
export interface InjectedFault {
  /** `gateway/account`; null where the fault is of the whole gateway. */
  readonly account: string | null
  readonly gateway: string
  readonly fault: string
  readonly restart: RestartBehaviour | null
  readonly cause: 'script' | 'random' | 'api' | 'request'
  /** Unix milliseconds. */
  readonly startMs: number
  /** Unix milliseconds; null while it lasts. */
  endMs: number | null
}

/** A fault at work. */
export interface ActiveFault {
  readonly fault: AccountFault
  readonly startMs: number
  /** Infinity where only a restart or a person ends it. */
  readonly endMs: number
  readonly restart: RestartBehaviour
  readonly delayMs: number
  readonly halfPeriodMs: number
  readonly record: InjectedFault
  attempts: number
}

/** One simulated WhatsApp session. */
export interface SimAccount {
  readonly key: string
  readonly account: string
  readonly gateway: string
  readonly nativeId: string
  readonly phone: string
  readonly name: string
  readonly token: string
  readonly createdMs: number
  readonly activityPeriodMs: number
  readonly activityPhaseMs: number
  fault: ActiveFault | null
  repair: { readonly startMs: number; readonly doneMs: number; readonly outcome: 'connected' | 'qr' } | null
  /** When a call of the gateway's API stopped it, Unix milliseconds; a start ends that. */
  haltedMs: number | null
  /** When messages began to flow again, Unix milliseconds. */
  resumedMs: number
  restartRequests: number
  lastRestartMs: number | null
}

/** What a session truly is; a dialect may well say something else. */
export type Phase =
  | 'connected'
  | 'connecting'
  | 'disconnected'
  | 'qr'
  | 'logged_out'
  | 'banned'
  | 'temp_banned'
  | 'conflict'
  | 'outdated_client'
  | 'stopped'
  | 'not_loaded'
  | 'gone'

/** What a dialect needs to know of an account at one moment. */
export interface Face {
  readonly phase: Phase
  /** False: the session knows no number of its own. */
  readonly identity: boolean
  readonly zombie: boolean
  readonly restriction: 'restricted' | 'capped' | 'low_quality' | null
  /** Last message, Unix milliseconds; stands still while nothing is delivered. */
  readonly activityAtMs: number
  /** Messages so far. */
  readonly messages: number
  readonly delayMs: number
  readonly mishap: 'error' | 'hang' | null
}

/** Lets pass what time has decided by now: repairs that are done, faults that healed by themselves. */
function settle(account: SimAccount, nowMs: number): void {
  const { repair } = account
  if (repair !== null && repair.doneMs <= nowMs && (account.fault === null || repair.doneMs <= account.fault.endMs)) {
    account.repair = null
    if (repair.outcome === 'connected') endFault(account, repair.doneMs)
    else if (account.fault !== null) account.fault = { ...account.fault, fault: 'qr', restart: 'needs_qr' }
  }
  if (account.fault !== null && account.fault.endMs <= nowMs) endFault(account, account.fault.endMs)
  // A fault that healed before its repair leaves the repair to finish on its own.
  if (account.repair !== null && account.repair.doneMs <= nowMs) account.repair = null
}

/** Puts a fault on an account; one that is at work ends first. */
export function beginFault(account: SimAccount, fault: Omit<ActiveFault, 'attempts'>): void {
  settle(account, fault.startMs)
  if (account.fault !== null) endFault(account, fault.startMs)
  account.repair = null
  account.fault = { ...fault, attempts: 0 }
}

/** Takes the fault off an account. */
export function endFault(account: SimAccount, atMs: number): void {
  if (account.fault !== null) account.fault.record.endMs = atMs
  account.fault = null
  account.resumedMs = atMs
}

/**
 * A restart through the gateway's API. `refused`: the gateway answers with an error. `accepted` promises nothing.
 * `repairMs`: how long a session is connecting before the outcome shows.
 */
export function restart(account: SimAccount, nowMs: number, repairMs: number): 'accepted' | 'refused' {
  settle(account, nowMs)
  account.restartRequests += 1
  account.lastRestartMs = nowMs
  account.haltedMs = null
  const { fault } = account
  if (account.repair !== null) return 'accepted'
  if (fault === null) {
    account.repair = { startMs: nowMs, doneMs: nowMs + repairMs, outcome: 'connected' }
    return 'accepted'
  }
  fault.attempts += 1
  if (fault.restart === 'refused') return 'refused'
  if (fault.restart === 'works' || (fault.restart === 'second_try' && fault.attempts >= 2)) {
    account.repair = { startMs: nowMs, doneMs: nowMs + repairMs, outcome: 'connected' }
  }
  if (fault.restart === 'needs_qr' && fault.fault !== 'qr') {
    account.repair = { startMs: nowMs, doneMs: nowMs + repairMs, outcome: 'qr' }
  }
  return 'accepted'
}

/** Whether an account sits still because somebody stopped it. */
export function isStopped(account: SimAccount): boolean {
  return account.haltedMs !== null || account.fault?.fault === 'stopped'
}

/** The state of an account at one moment. */
export function faceOf(account: SimAccount, nowMs: number): Face {
  settle(account, nowMs)
  const { fault } = account
  const phase = phaseOf(account, nowMs)
  const flows =
    phase === 'connected' && fault?.fault !== 'zombie' && fault?.fault !== 'no_identity' && fault?.fault !== 'flapping'
  const lastMs = flows ? nowMs : (fault?.startMs ?? account.haltedMs ?? nowMs)
  const ticks = Math.floor((lastMs + account.activityPhaseMs) / account.activityPeriodMs)
  const tickMs = ticks * account.activityPeriodMs - account.activityPhaseMs
  return {
    phase,
    identity: fault?.fault !== 'no_identity' && phase !== 'qr' && phase !== 'logged_out' && phase !== 'banned',
    zombie: fault?.fault === 'zombie' && phase === 'connected',
    restriction: restrictionOf(fault),
    activityAtMs: Math.min(nowMs, flows ? Math.max(tickMs, account.resumedMs) : tickMs),
    messages: ticks - Math.floor((account.createdMs + account.activityPhaseMs) / account.activityPeriodMs),
    delayMs: fault?.fault === 'slow' ? fault.delayMs : 0,
    mishap: fault?.fault === 'check_error' ? 'error' : fault?.fault === 'check_hang' ? 'hang' : null,
  }
}

function phaseOf(account: SimAccount, nowMs: number): Phase {
  if (account.haltedMs !== null) return 'stopped'
  if (account.repair !== null) return 'connecting'
  const { fault } = account
  switch (fault?.fault) {
    case undefined:
    case 'zombie':
    case 'no_identity':
    case 'slow':
    case 'restricted':
    case 'capped':
    case 'low_quality':
    case 'check_error':
    case 'check_hang':
      return 'connected'
    case 'stuck_connecting':
      return 'connecting'
    case 'flapping': {
      const half = Math.floor((nowMs - (fault?.startMs ?? nowMs)) / (fault?.halfPeriodMs ?? 1))
      return half % 2 === 0 ? 'disconnected' : 'connected'
    }
    default:
      return fault?.fault ?? 'connected'
  }
}

function restrictionOf(fault: ActiveFault | null): Face['restriction'] {
  switch (fault?.fault) {
    case 'restricted':
    case 'capped':
    case 'low_quality':
      return fault.fault
    default:
      return null
  }
}
