/** A number's health is asked about this often… */
const HEALTH_EVERY_MS = 300_000
/** …unless there are so many numbers that the hourly allowance of calls (5000) would go: then half of it is the limit. */
const HEALTH_CALLS_PER_HOUR = 2_500
const HOUR_MS = 3_600_000
const PROBES_AT_ONCE = 4

/** The slow second look at each number: `can_send_message`, beside the list. */
export interface HealthRounds {
  /** `can_send_message` of the last probe; null before the first. */
  of(id: string): string | null
  /** Takes over what another request has read by the way. */
  note(id: string, health: string | null): void
  /** Starts the probes that are due, in the background, and forgets numbers that are gone. Never waits, never throws. */
  start(ids: readonly string[]): void
  /** Resolves when the probes under way have ended. */
  idle(): Promise<void>
}

/**
 * Spreads the probes: per call of `start` only the share of the numbers that keeps each at its age, four requests at once.
 * `probe` gives `can_send_message`, or rejects; a failed probe keeps the last word and is due again a round later.
 */
export function healthRounds(deps: {
  readonly now: () => number
  readonly probe: (id: string) => Promise<string | null>
}): HealthRounds {
  const { now, probe } = deps
  const known = new Map<string, { readonly health: string | null; readonly triedAtMs: number }>()
  let round: Promise<void> | null = null
  let lastStartMs: number | null = null
  /** Probes that may be sent now. */
  let credit = 1

  async function ask(id: string): Promise<void> {
    const before = known.get(id)?.health ?? null
    known.set(id, { health: before, triedAtMs: now() })
    try {
      known.set(id, { health: await probe(id), triedAtMs: now() })
    } catch {
      // The list carries the state; without a fresh health the last one stands.
    }
  }

  async function askAll(ids: readonly string[]): Promise<void> {
    const queue = ids.values()
    const worker = async () => {
      for (const id of queue) await ask(id)
    }
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, worker))
  }

  return {
    of: (id) => known.get(id)?.health ?? null,

    note(id, health) {
      known.set(id, { health, triedAtMs: now() })
    },

    start(ids) {
      const nowMs = now()
      const everyMs = Math.max(HEALTH_EVERY_MS, (ids.length * HOUR_MS) / HEALTH_CALLS_PER_HOUR)
      if (round !== null) return
      const passedMs = Math.min(Math.max(0, nowMs - (lastStartMs ?? nowMs)), HEALTH_EVERY_MS)
      lastStartMs = nowMs
      // The fraction of a probe is carried over; a long pause is not made up for in one burst.
      const share = (ids.length * passedMs) / everyMs
      credit = Math.min(credit + share, share + 1)
      const present = new Set(ids)
      for (const id of known.keys()) if (!present.has(id)) known.delete(id)
      const triedAtMs = (id: string) => known.get(id)?.triedAtMs ?? Number.NEGATIVE_INFINITY
      const due = ids.filter((id) => nowMs - triedAtMs(id) >= everyMs)
      // The oldest first; two that were never asked keep their order.
      const asked = due.sort((a, b) => Math.sign(triedAtMs(a) - triedAtMs(b)) || 0).slice(0, Math.floor(credit))
      if (asked.length === 0) return
      credit -= asked.length
      round = askAll(asked).finally(() => {
        round = null
      })
    },

    idle: () => round ?? Promise.resolve(),
  }
}
