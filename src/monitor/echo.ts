import type { Observation } from '../accounts/observation.ts'
import type { AccountHealth } from '../health/health.ts'

/** Checks closer together than this share of the interval are one look at the same moment. */
const SHARE_OF_INTERVAL = 1 / 3

/**
 * Whether a check only repeats what the one just before it saw, while a run is still counted: bad checks towards an
 * incident, or good ones towards its end. Thresholds count looks at different moments, so an operator who asks for three
 * checks in a second, or a gateway that sends a burst of events, decides nothing. What needs a person (awaiting_auth,
 * blocked) is definite: there a second look at once is asked for on purpose.
 */
export function isEcho(health: AccountHealth, seen: Observation, intervalMs: number): boolean {
  const { lastCheckMs, state, incident, badSinceMs, goodSinceMs } = health
  if (lastCheckMs === null || seen.state !== state || state === 'awaiting_auth' || state === 'blocked') return false
  const counting = incident === null ? badSinceMs !== null : goodSinceMs !== null
  const sinceMs = seen.atMs - lastCheckMs
  return counting && sinceMs >= 0 && sinceMs < intervalMs * SHARE_OF_INTERVAL
}
