import type { CheckOutcome } from '../accounts/observation.ts'
import type { Span } from '../tracing/span.ts'
import type { Checking } from './checking.ts'
import type { AccountView, CheckResult } from './fleet.ts'
import type { AccountEntry } from './roster.ts'
import type { Turns } from './turns.ts'

export interface DemandParts {
  readonly checks: Pick<Checking, 'account' | 'gateway'>
  readonly turns: Pick<Turns, 'push'>
  readonly monotonicMs: () => number
  view(entry: AccountEntry): AccountView
}

export interface Demand {
  /** Whether they are the whole fleet; a few accounts of a gateway that is checked as a whole are asked one by one. */
  readonly all: boolean
  /** Who asked, where it is traced. */
  readonly asker: Span | undefined
}

/** Checks accounts now because somebody asks. */
export function demands(parts: DemandParts) {
  const { checks, turns } = parts

  /**
   * What the checks bring, in the order of asking; settles when the last one is told. All share one promise: of
   * thousands of checks at once, the promises of each were a tenth of the memory that they held.
   */
  return (wanted: readonly AccountEntry[], { all, asker }: Demand): Promise<readonly CheckResult[]> => {
    const plannedAtMs = parts.monotonicMs()
    const results = new Array<CheckResult>(wanted.length)
    let missing = wanted.length

    return new Promise((resolve) => {
      if (missing === 0) resolve(results)

      function tell(index: number, entry: AccountEntry, outcome: CheckOutcome): void {
        results[index] = resultOf(parts.view(entry), outcome)
        missing -= 1
        if (missing === 0) resolve(results)
      }

      function checkOne(entry: AccountEntry, index: number): Promise<void> {
        return checks.account(entry, plannedAtMs, asker).then((outcome) => tell(index, entry, outcome))
      }

      async function checkWithGateway(entry: AccountEntry, index: number): Promise<void> {
        const outcome = (await checks.gateway(entry.gateway, plannedAtMs)).get(entry.id)
        // An account that was found after the list call began is not in it.
        if (outcome === undefined) await checkOne(entry, index)
        else tell(index, entry, outcome)
      }

      wanted.forEach((entry, index) => {
        const { gateway } = entry
        if (gateway.watched.whole && (all || gateway.inFlight !== null)) void checkWithGateway(entry, index)
        else turns.push(() => void checkOne(entry, index))
      })
    })
  }
}

function resultOf(view: AccountView, { durationMs, result }: CheckOutcome): CheckResult {
  return {
    view,
    durationMs: result.ok ? durationMs : null,
    error: result.ok ? null : { code: result.code, message: result.message },
  }
}
