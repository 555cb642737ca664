import type { Log } from '../log.ts'
import type { Claim, DeliveryKey, DeliveryLedger, DeliveryProgress } from '../store/deliveries.ts'

/** A delivery that is ours until it is settled, or until we fall silent for the length of the lease. */
export interface HeldDelivery {
  /** Number of the claim; grows with every attempt of anybody. */
  readonly attempt: number
  /**
   * Writes down that the last bytes are about to leave us.
   * @throws StoreError, or Error where the delivery is another exporter's by now: then they must not leave
   */
  sending(): Promise<void>
  /** Writes how it ended. Never rejects: what the store cannot take now is written by `writeOwed`. */
  settle(progress: DeliveryProgress): Promise<void>
}

/** Claims of this process. */
export interface DeliveryClaims {
  /** Rejects with StoreError. */
  claim(key: DeliveryKey): Promise<HeldDelivery | Exclude<Claim['outcome'], 'ours'>>
  /** Writes what the store could not take before. */
  writeOwed(): Promise<void>
}

/** After so long a silence the work of an exporter that died is taken over. */
const LEASE_MS = 3 * 60_000
const RENEW_EVERY_MS = LEASE_MS / 3

/** Claims deliveries and keeps the claims alive while their work goes on. */
export function deliveryClaims({
  ledger,
  now,
  log,
}: {
  readonly ledger: DeliveryLedger
  readonly now: () => number
  readonly log: Log
}): DeliveryClaims {
  const owed: { readonly key: DeliveryKey; readonly attempt: number; readonly progress: DeliveryProgress }[] = []

  async function write(key: DeliveryKey, attempt: number, progress: DeliveryProgress): Promise<void> {
    try {
      await ledger.mark(key, attempt, now(), progress)
    } catch (error) {
      owed.push({ key, attempt, progress })
      const { schedule, period } = key
      log.warn(
        { schedule, period, state: progress.state, error: String(error) },
        'The store does not take what became of a report; it is written when the store is back.',
      )
    }
  }

  return {
    async claim(key) {
      const claim = await ledger.claim(key, now(), LEASE_MS)
      if (claim.outcome !== 'ours') return claim.outcome
      const { attempt } = claim
      const renewal = setInterval(() => {
        // A renewal that fails is made good by the next one, or by nobody: then somebody else may go on.
        ledger.renew(key, attempt, now() + LEASE_MS).catch(() => {})
      }, RENEW_EVERY_MS)
      renewal.unref()
      return {
        attempt,
        async sending() {
          if (await ledger.mark(key, attempt, now(), { state: 'sending' })) return
          throw new Error('another exporter took this report over, because this one was silent for too long')
        },
        async settle(progress) {
          clearInterval(renewal)
          await write(key, attempt, progress)
        },
      }
    },
    async writeOwed() {
      for (const { key, attempt, progress } of owed.splice(0)) await write(key, attempt, progress)
    },
  }
}
