import type { Span, Tracing } from '../tracing/span.ts'
import type { CycleFigures } from './flush.ts'

/** The span of the check cycle under way, under which its checks hang. */
export interface CycleTrace {
  /** Undefined where nothing is traced, and before the first cycle. */
  readonly span: Span | undefined
  /** Begins the first cycle. */
  begin(): void
  /** Ends a cycle with its figures and begins the next one. @param accounts how many are watched */
  turn(cycle: CycleFigures, accounts: number): void
  stop(): void
}

export function cycleTrace(tracing: Tracing | undefined): CycleTrace {
  let span: Span | undefined
  // Every cycle is kept, and only the sampled share of its checks: the size of a trace grows with both, not with the fleet alone.
  const begin = () => {
    span = tracing?.start('check cycle', { detached: true, sampling: 'always' })
  }
  return {
    get span() {
      return span
    },
    begin,
    turn({ durationMs, lagMs }, accounts) {
      if (span === undefined) return
      span.set({
        'whatsapp.cycle.accounts': accounts,
        'whatsapp.cycle.duration_seconds': durationMs / 1_000,
        'whatsapp.cycle.lag_seconds': lagMs / 1_000,
      })
      span.end()
      begin()
    },
    stop() {
      span?.end()
      span = undefined
    },
  }
}
