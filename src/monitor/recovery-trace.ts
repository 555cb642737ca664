import type { RecoveryAttempt } from '../health/recovery.ts'
import type { Span, Tracing } from '../tracing/span.ts'

/** Spans of the recovery attempts that are not judged yet: each lasts from its decision until a check tells whether it helped. */
export interface RecoveryTrace {
  begin(attempt: RecoveryAttempt): void
  /** Takes over the newer version of an attempt; ends its span where the attempt ended. */
  changed(attempt: RecoveryAttempt): void
  /** Runs work as a part of the attempt. */
  within<T>(attempt: RecoveryAttempt, work: () => T): T
  /** Ends the spans of attempts that nobody judges in this process any more. */
  stop(): void
}

export function recoveryTrace(tracing: Tracing | undefined): RecoveryTrace {
  const spans = new Map<string, Span>()
  return {
    begin(attempt) {
      if (tracing === undefined) return
      const attributes = {
        'whatsapp.account': attempt.account,
        'whatsapp.gateway': attempt.gateway,
        'whatsapp.recovery.attempt': attempt.attempt,
        'whatsapp.recovery.by': attempt.by === 'policy' ? 'policy' : 'person',
        ...(attempt.reason === null ? {} : { 'whatsapp.reason': attempt.reason }),
      }
      // It lasts longer than the check or the request that caused it, so it only points at that.
      spans.set(attempt.id, tracing.start('recovery', { detached: true, sampling: 'always', attributes }))
    },
    changed(attempt) {
      const span = spans.get(attempt.id)
      if (span === undefined) return
      if (attempt.outcome === 'pending') {
        if (attempt.acceptedMs !== null) span.note('accepted')
        return
      }
      spans.delete(attempt.id)
      span.set({ 'whatsapp.recovery.outcome': attempt.outcome })
      if (attempt.outcome === 'rejected' || attempt.outcome === 'failed') span.fail({ code: attempt.outcome })
      span.end()
    },
    within(attempt, work) {
      const span = spans.get(attempt.id)
      return span === undefined ? work() : span.within(work)
    },
    stop() {
      for (const span of spans.values()) {
        span.set({ 'whatsapp.recovery.outcome': 'pending' })
        span.end()
      }
      spans.clear()
    },
  }
}
