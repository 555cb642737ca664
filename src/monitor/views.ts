import type { Account } from '../accounts/account.ts'
import { type Sight, sightAdvice } from '../health/attribution.ts'
import { gatewayUp } from '../health/gateway-health.ts'
import type { AccountHealth } from '../health/health.ts'
import type { MaintenanceWindow } from '../health/maintenance.ts'
import type { RecoveryDecision } from '../health/recovery.ts'
import type { Calendar } from './calendar.ts'
import type { CheckFigures } from './checking.ts'
import type { AccountView, ExporterView, Fleet, GatewayView } from './fleet.ts'
import type { CycleFigures } from './flush.ts'
import type { MonitorPlan } from './plan.ts'
import type { Repairing } from './repairing.ts'
import type { AccountEntry, Roster } from './roster.ts'

export interface ViewsParts {
  readonly startedMs: number
  readonly roster: Roster
  readonly figures: CheckFigures
  readonly calendar: Calendar
  readonly plan: () => MonitorPlan
  readonly sight: () => Sight
  readonly lastCycle: () => CycleFigures
  readonly decide: Repairing['decide']
}

/** The fleet as others see it: what is dear to work out is worked out when somebody looks. */
export interface Views {
  readonly fleet: Fleet
  account(entry: AccountEntry): AccountView
}

/** A class, because there is one for every account whenever somebody looks at all of them. */
class LiveView implements AccountView {
  readonly account: Account
  readonly health: AccountHealth
  readonly #entry: AccountEntry
  readonly #parts: Pick<ViewsParts, 'calendar' | 'decide'>

  constructor(entry: AccountEntry, parts: Pick<ViewsParts, 'calendar' | 'decide'>) {
    this.account = entry.account
    this.health = entry.health
    this.#entry = entry
    this.#parts = parts
  }

  get maintenance(): MaintenanceWindow | null {
    return this.#parts.calendar.open(this.#entry.account)
  }

  get recovery(): RecoveryDecision {
    return this.#parts.decide(this.#entry)
  }
}

export function views(parts: ViewsParts): Views {
  const { roster } = parts

  const account = (entry: AccountEntry): AccountView => new LiveView(entry, parts)

  function gateways(): readonly GatewayView[] {
    return [...roster.gateways.values()].map((entry): GatewayView => {
      const { watched, health } = entry
      const up = gatewayUp(health, parts.sight().blind)
      return {
        name: entry.id,
        driver: watched.gateway.driver,
        url: watched.url,
        labels: watched.labels,
        up,
        upSinceMs: up === null ? null : health.verdictSinceMs,
        lastAnswerMs: health.lastAnswerMs,
        lastError: health.lastError,
        accounts: entry.entries.size,
        breakerOpen: entry.repairs.breaker.state !== 'closed',
        canList: watched.gateway.listAccounts !== undefined,
        canRestart: watched.gateway.restart !== undefined,
      }
    })
  }

  function exporter(): ExporterView {
    const cycle = parts.lastCycle()
    const sight = parts.sight()
    const { intervalMs, recovery } = parts.plan()
    return {
      startedMs: parts.startedMs,
      blind: sight.blind,
      advice: sightAdvice(sight),
      intervalMs,
      lastCycleMs: cycle.endedMs,
      cycleDurationMs: cycle.durationMs,
      lagMs: cycle.lagMs,
      durationErrorMs: cycle.durationErrorMs,
      checksInFlight: parts.figures.inFlight,
      recoveryMode: recovery.mode,
    }
  }

  return {
    account,
    fleet: {
      get size() {
        return roster.accounts.size
      },
      *accounts() {
        for (const entry of roster.accounts.values()) yield account(entry)
      },
      get(key) {
        const entry = roster.accounts.get(key)
        return entry === undefined ? undefined : account(entry)
      },
      find: (id) => roster.find(id).map(account),
      gateways,
      exporter,
    },
  }
}
