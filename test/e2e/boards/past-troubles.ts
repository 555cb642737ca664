import type { Account } from '../../../src/accounts/account.ts'
import type { AccountState, ErrorCode, Reason } from '../../../src/accounts/vocabulary.ts'
import type { MaintenanceWindow } from '../../../src/health/maintenance.ts'
import { between, type Random, seededRandom } from '../../../src/simulator/random.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** What a gateway says of an account for a while; at other times it is `connected`. */
export interface Trouble {
  readonly fromMs: number
  /** May be cut short by a restart that helps. */
  readonly toMs: number
  readonly state: AccountState
  readonly reason: Reason | null
  /** The restart of which number ends it; null: none does. */
  readonly endsByRestart: number | null
  /** Answers are so many times slower than usual. */
  readonly slower: number
}

/** A gateway that fails as a whole: its accounts are down or, where `code` says nothing of them, unknown. */
export interface GatewayTrouble {
  readonly gateway: string
  readonly fromMs: number
  readonly toMs: number
  readonly code: ErrorCode
}

/** What happens to a fleet between two moments. */
export interface Troubles {
  readonly of: (account: Account) => readonly Trouble[]
  readonly gateways: readonly GatewayTrouble[]
  readonly windows: readonly MaintenanceWindow[]
  /** When the exporter was started anew. */
  readonly restartsMs: readonly number[]
}

/** Troubles per day, from an account that never fails to one that is a nuisance; accounts take turns. */
const RATES = [0, 0.02, 0.04, 0.08, 0.02, 0.15, 0.05, 0.4, 0, 0.1, 1.6, 0.03] as const
const TROUBLED = 0.3

interface Kind {
  readonly share: number
  readonly state: AccountState
  readonly reason: Reason | null
  readonly minutes: readonly [number, number]
  readonly endsByRestart: number | null
  readonly slower?: number
}

/** What fails, how long it lasts in minutes, and how often of all. */
const KINDS: readonly [Kind, ...Kind[]] = [
  { share: 0.45, state: 'disconnected', reason: 'network', minutes: [20, 240], endsByRestart: 1 },
  { share: 0.2, state: 'disconnected', reason: 'bad_session', minutes: [30, 240], endsByRestart: 2 },
  { share: 0.1, state: 'connecting', reason: null, minutes: [10, 40], endsByRestart: 1 },
  { share: 0.1, state: 'disconnected', reason: 'network', minutes: [4, 15], endsByRestart: null },
  { share: 0.05, state: 'awaiting_auth', reason: 'logged_out', minutes: [15, 90], endsByRestart: null },
  { share: 0.1, state: 'connected', reason: null, minutes: [20, 90], endsByRestart: null, slower: 30 },
]

/** How often troubles come at an hour of the week, of the most: by day on working days. */
function busyness(atMs: number): number {
  const date = new Date(atMs)
  const isWeekend = date.getUTCDay() === 0 || date.getUTCDay() === 6
  const hour = date.getUTCHours()
  const byDay = hour >= 8 && hour < 19 ? 1 : 0.3
  return isWeekend ? byDay * 0.4 : byDay
}

export interface PastSpan {
  readonly fromMs: number
  readonly toMs: number
  /** What happened to some accounts last, oldest first, by account id. */
  readonly latest: ReadonlyMap<string, readonly Trouble[]>
  readonly gateways: readonly GatewayTrouble[]
  readonly windows: readonly MaintenanceWindow[]
}

/** A believable past of accounts: the same for the same accounts and times. */
export function pastTroubles(
  accounts: readonly Account[],
  { fromMs, toMs, latest, gateways, windows }: PastSpan,
): Troubles {
  const random = seededRandom(7, 'troubles')
  const all = new Map(
    accounts.map((account, index) => {
      const usual = RATES[index % RATES.length] ?? 0
      const last = latest.get(account.account) ?? []
      // Who is in trouble now was so before.
      const rate = last.length > 0 ? Math.max(usual, TROUBLED) : usual
      const quietFromMs = (last[0]?.fromMs ?? toMs) - 30 * MINUTE
      return [account.key, [...troublesOf(rate, fromMs, quietFromMs, random), ...last]] as const
    }),
  )
  return {
    of: ({ key }) => all.get(key) ?? [],
    gateways,
    windows,
    restartsMs: [fromMs, toMs - 21.4 * DAY, toMs - 6.2 * DAY, toMs - 15.5 * HOUR],
  }
}

function troublesOf(perDay: number, fromMs: number, toMs: number, random: Random): readonly Trouble[] {
  const troubles: Trouble[] = []
  if (perDay === 0) return troubles
  for (let atMs = fromMs; ; ) {
    // Time to the next one of a Poisson process; thinned by the hour of the week.
    atMs += (-Math.log(1 - random()) * DAY) / (perDay * 2)
    if (atMs >= toMs) return troubles
    if (random() > busyness(atMs)) continue
    const kind = kindAt(random())
    const endMs = Math.min(toMs, atMs + between(kind.minutes[0], kind.minutes[1], random) * MINUTE)
    const { state, reason, endsByRestart, slower = 1 } = kind
    troubles.push({ fromMs: atMs, toMs: endMs, state, reason, endsByRestart, slower })
    atMs = endMs + 30 * MINUTE
  }
}

/** @param chance between 0 and 1 */
function kindAt(chance: number): Kind {
  let passed = 0
  for (const kind of KINDS) {
    passed += kind.share
    if (chance < passed) return kind
  }
  return KINDS[0]
}
