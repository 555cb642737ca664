import type { AccountHealth, Incident, RecoveryState, Sample } from '../health/health.ts'

/**
 * Health after checks without event, rebuilt from their samples alone: the way from the last ledger of an account to
 * what was known when the exporter stopped. Exact for every check for which `needsLedger` is false, but for `native`
 * and `evidence`, which the next check brings again.
 */
export interface Replay {
  /** The next check, in order of time. */
  take(sample: Sample): void
  health(): AccountHealth
}

/** Keeps sums instead of a new health per check: a restart replays up to an hour of a whole fleet. */
export function replayOf(ledger: AccountHealth): Replay {
  let last: Sample | null = null
  let { lastDurationMs, lastSuccessMs, consecutiveFailures, consecutiveSuccesses, pendingDowntimeMs } = ledger
  let { checks, checkFailures, observedMs, downtimeMs } = ledger.counters
  return {
    take(sample) {
      last = sample
      checks++
      if (!sample.good) checkFailures++
      observedMs += sample.observedMs
      downtimeMs += sample.downtimeMs
      pendingDowntimeMs += heldMs(ledger, sample)
      // A check that saw nothing says nothing of how fast the account answers.
      if (sample.state !== 'unknown') lastDurationMs = sample.durationMs
      // No verdict, no run: a blind check and a session that is stopped on purpose move no count.
      if (sample.status === 'unknown') return
      if (sample.good) {
        lastSuccessMs = sample.atMs
        consecutiveFailures = 0
        consecutiveSuccesses++
      } else {
        consecutiveFailures++
        consecutiveSuccesses = 0
      }
    },
    health() {
      if (last === null) return ledger
      const { incident, counters } = ledger
      const { status, state, reason } = last
      return {
        ...ledger,
        status,
        state,
        reason,
        lastCheckMs: last.atMs,
        lastDurationMs,
        lastSuccessMs,
        consecutiveFailures,
        consecutiveSuccesses,
        pendingDowntimeMs,
        incident: incident && { ...incident, downtimeMs: incident.downtimeMs + downtimeMs - counters.downtimeMs },
        counters: { ...counters, checks, checkFailures, observedMs, downtimeMs },
      }
    },
  }
}

/**
 * Whether the batch that carries this check must carry the account's ledger too: the check changed something that its
 * sample does not tell. Every event does; so does, for example, a run that turns bad inside the same state and status.
 */
export function needsLedger(before: AccountHealth, after: AccountHealth, sample: Sample): boolean {
  return (
    before.stateSinceMs !== after.stateSinceMs ||
    before.statusSinceMs !== after.statusSinceMs ||
    before.badSinceMs !== after.badSinceMs ||
    before.goodSinceMs !== after.goodSinceMs ||
    before.healthySinceMs !== after.healthySinceMs ||
    before.pairedMs !== after.pairedMs ||
    !isSameRecovery(before.recovery, after.recovery) ||
    before.counters.incidents !== after.counters.incidents ||
    before.counters.incidentsResolved !== after.counters.incidentsResolved ||
    before.counters.detectionDelayMs !== after.counters.detectionDelayMs ||
    before.counters.recoveryAttempts !== after.counters.recoveryAttempts ||
    before.counters.recoveryFailures !== after.counters.recoveryFailures ||
    after.pendingDowntimeMs !== before.pendingDowntimeMs + heldMs(before, sample) ||
    !isReplayed(before.incident, after.incident, sample) ||
    !countsAsReplayed(before, after, sample)
  )
}

/** Observed time that is neither charged as downtime nor forgotten yet: of a bad run, or of an incident that may end. */
function heldMs(before: AccountHealth, sample: Sample): number {
  return before.badSinceMs === null && before.incident === null ? 0 : sample.observedMs - sample.downtimeMs
}

function isReplayed(before: Incident | null, after: Incident | null, sample: Sample): boolean {
  if (before === after) return before === null || sample.downtimeMs === 0
  if (before === null || after === null) return false
  return (
    before.id === after.id &&
    before.cause === after.cause &&
    before.state === after.state &&
    before.detectedMs === after.detectedMs &&
    before.endMs === after.endMs &&
    before.attempts === after.attempts &&
    before.resolution === after.resolution &&
    after.downtimeMs === before.downtimeMs + sample.downtimeMs
  )
}

function countsAsReplayed(before: AccountHealth, after: AccountHealth, sample: Sample): boolean {
  if (after.lastDurationMs !== (sample.state === 'unknown' ? before.lastDurationMs : sample.durationMs)) return false
  if (sample.status === 'unknown') {
    return (
      after.consecutiveFailures === before.consecutiveFailures &&
      after.consecutiveSuccesses === before.consecutiveSuccesses &&
      after.lastSuccessMs === before.lastSuccessMs
    )
  }
  return sample.good
    ? after.consecutiveFailures === 0 &&
        after.consecutiveSuccesses === before.consecutiveSuccesses + 1 &&
        after.lastSuccessMs === sample.atMs
    : after.consecutiveSuccesses === 0 &&
        after.consecutiveFailures === before.consecutiveFailures + 1 &&
        after.lastSuccessMs === before.lastSuccessMs
}

function isSameRecovery(before: RecoveryState, after: RecoveryState): boolean {
  if (before === after) return true
  return (
    before.attemptsUsed === after.attemptsUsed &&
    before.notBeforeMs === after.notBeforeMs &&
    before.pending?.id === after.pending?.id &&
    before.pending?.acceptedMs === after.pending?.acceptedMs &&
    before.verifiedMs === after.verifiedMs
  )
}
