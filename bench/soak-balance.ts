import type { Incident } from '../src/health/health.ts'
import { percentile } from './process.ts'

/** A fault as the simulator records it; times are Unix milliseconds. */
export interface Injected {
  /** `gateway/account`; null where the whole gateway was faulty. */
  readonly account: string | null
  readonly gateway: string
  readonly fault: string
  readonly startMs: number
  /** Null while it lasts. */
  readonly endMs: number | null
}

/** What the exporter was told to do, and when it watched; milliseconds. */
export interface Watch {
  /** From here on every account had been checked once. */
  readonly fromMs: number
  readonly toMs: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly unhealthyAfter: number
  readonly connectingLimitMs: number
  /** From a restart until the session shows its outcome. */
  readonly repairMs: number
}

/** The injected faults against the incidents of the ledger. */
export interface Balance {
  /** Faults that were injected, and how many of them leave an account usable or the exporter without sight. */
  readonly faults: number
  readonly harmless: number
  readonly blinding: number
  /** Stretches in which an account was unusable, by whatever faults. */
  readonly outages: number
  /** Of these, long enough that thresholds must have confirmed them; and how many of those are in the ledger. */
  readonly certain: number
  readonly certainRecorded: number
  readonly briefRecorded: number
  readonly incidents: number
  /** One line each: what should not be. */
  readonly missed: readonly string[]
  readonly falseIncidents: readonly string[]
  readonly doubled: readonly string[]
  readonly mistimed: readonly string[]
  readonly wrongCause: readonly string[]
  /** Seconds from the true start of an outage: median, 99th percentile, largest. */
  readonly startErrorSeconds: Spread
  readonly detectionSeconds: Spread
  readonly endErrorSeconds: Spread
}

export interface Spread {
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** Faults that leave an account usable: a warning at most. */
const HARMLESS: ReadonlySet<string> = new Set(['slow', 'restricted', 'capped', 'low_quality'])
/** Faults of a gateway that keep the exporter from seeing: no verdict on its accounts is owed. */
const BLINDING: ReadonlySet<string> = new Set(['unauthorized', 'rate_limited', 'license', 'html', 'empty', 'truncated'])

/** Causes that an incident of one single fault may have; a fault that is not here may have any. */
const CAUSES: Readonly<Record<string, readonly string[]>> = {
  qr: ['logged_out', 'qr_timeout'],
  logged_out: ['logged_out'],
  disconnected: ['network', 'other'],
  stuck_connecting: ['network', 'other'],
  server_error: ['gateway_down', 'network'],
  hang: ['gateway_down', 'network'],
  refuse: ['gateway_down', 'network'],
}

/** Request under way when a fault begins, and clocks read one after the other. */
const EDGE_MS = 2_000

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** One stretch in which an account was unusable without a pause. */
interface Outage extends Span {
  readonly faults: readonly string[]
}

/**
 * Balances injected faults against incidents: every outage that is long enough is an incident, every incident begins in an
 * outage and ends with it, none is there twice. Outages shorter than what the thresholds need may be in the ledger or not.
 * @param accounts keys (`gateway/account`) of the fleet
 */
export function balance(
  accounts: readonly string[],
  injected: readonly Injected[],
  incidents: readonly Incident[],
  watch: Watch,
): Balance {
  const faultsOf = groupBy(injected, (fault) => fault.account ?? fault.gateway)
  const incidentsOf = groupBy(incidents, ({ key }) => key)
  const known = new Set(accounts)
  // A check counts from its first request, and what it says may come with a later one.
  const earlyMs = watch.timeoutMs + EDGE_MS
  const missed: string[] = []
  const falseIncidents = incidents.filter(({ key }) => !known.has(key)).map((incident) => lineOf(incident))
  const doubled: string[] = []
  const mistimed: string[] = []
  const wrongCause: string[] = []
  const errors = { start: [] as number[], detection: [] as number[], end: [] as number[] }
  let outageCount = 0
  let certain = 0
  let certainRecorded = 0
  let briefRecorded = 0

  for (const key of accounts) {
    const gateway = key.slice(0, key.indexOf('/'))
    const own = [...(faultsOf.get(key) ?? []), ...(faultsOf.get(gateway) ?? [])]
    const blind = own.filter(({ fault }) => BLINDING.has(fault)).map((fault) => blindSpan(fault, watch))
    const outages = outagesOf(own, watch)
    const mine = incidentsOf.get(key) ?? []
    outageCount += outages.length

    for (const outage of outages) {
      const touching = mine.filter((incident) => touches(incident, outage))
      const isCertain = seenMs(outage, blind, watch) >= neededMs(outage, watch)
      if (isCertain) certain += 1
      if (isCertain && touching.length === 0) missed.push(`${key}: ${spanText(outage)} ${outage.faults.join('+')}`)
      if (touching.length > 0) {
        if (isCertain) certainRecorded += 1
        else briefRecorded += 1
      }
      const begun = mine.filter(({ startMs }) => startMs >= outage.fromMs - earlyMs && startMs <= outage.toMs)
      if (begun.length > 1) doubled.push(begun.map((incident) => lineOf(incident)).join(' | '))
    }

    for (const incident of mine) {
      const begin = outages.find(
        ({ fromMs, toMs }) => incident.startMs >= fromMs - earlyMs && incident.startMs <= toMs + EDGE_MS,
      )
      if (begin === undefined) {
        falseIncidents.push(lineOf(incident))
        continue
      }
      const trueStartMs = Math.max(begin.fromMs, watch.fromMs, ...endsWithin(blind, begin, incident.startMs))
      errors.start.push(Math.max(0, incident.startMs - trueStartMs) / 1000)
      // Nothing is confirmed while nothing is seen: such an incident says nothing of the delay.
      if (!blind.some((span) => span.fromMs < incident.detectedMs && span.toMs > begin.fromMs))
        errors.detection.push(Math.max(0, incident.detectedMs - trueStartMs) / 1000)
      // One interval until the check is due, and one for what holds it up.
      if (incident.startMs - trueStartMs > 2 * watch.intervalMs + EDGE_MS)
        mistimed.push(`${lineOf(incident)} begins late: the outage began ${timeText(trueStartMs)}`)
      const endError = endErrorMs(incident, outages, blind, watch)
      if (endError === null) mistimed.push(`${lineOf(incident)} does not end with an outage`)
      else if (incident.endMs !== null) errors.end.push(endError / 1000)
      const [only] = begin.faults
      const allowed = begin.faults.length === 1 && only !== undefined ? CAUSES[only] : undefined
      const alone = outages.every((other) => other === begin || !touches(incident, other))
      if (allowed !== undefined && alone && !allowed.includes(incident.cause))
        wrongCause.push(`${lineOf(incident)} has the cause ${incident.cause}, injected was ${only}`)
    }
  }

  return {
    faults: injected.length,
    harmless: injected.filter(({ fault }) => HARMLESS.has(fault)).length,
    blinding: injected.filter(({ fault }) => BLINDING.has(fault)).length,
    outages: outageCount,
    certain,
    certainRecorded,
    briefRecorded,
    incidents: incidents.length,
    missed,
    falseIncidents,
    doubled,
    mistimed,
    wrongCause,
    startErrorSeconds: spreadOf(errors.start),
    detectionSeconds: spreadOf(errors.detection),
    endErrorSeconds: spreadOf(errors.end),
  }
}

/** Faults that make the account unusable, joined where one follows another without a pause. */
function outagesOf(faults: readonly Injected[], watch: Watch): readonly Outage[] {
  const spans = faults
    .filter(({ fault }) => !HARMLESS.has(fault) && !BLINDING.has(fault))
    .map(({ fault, startMs, endMs }) => ({ fault, fromMs: startMs, toMs: endMs ?? Number.POSITIVE_INFINITY }))
    .filter(({ fromMs }) => fromMs < watch.toMs)
    .sort((a, b) => a.fromMs - b.fromMs)
  const joined: { fromMs: number; toMs: number; faults: string[] }[] = []
  for (const { fault, fromMs, toMs } of spans) {
    const last = joined.at(-1)
    // A repair that is still under way when a fault heals keeps the session connecting until it is done.
    if (last !== undefined && fromMs <= last.toMs + watch.repairMs) {
      last.toMs = Math.max(last.toMs, toMs)
      last.faults.push(fault)
    } else joined.push({ fromMs, toMs, faults: [fault] })
  }
  return joined
}

/** How long an outage must be seen until the thresholds have certainly confirmed it. */
function neededMs({ faults }: Outage, { intervalMs, timeoutMs, unhealthyAfter, connectingLimitMs }: Watch): number {
  const checksMs = (unhealthyAfter + 1) * intervalMs + 2 * timeoutMs
  return faults.includes('stuck_connecting') ? connectingLimitMs + checksMs : checksMs
}

/** The longest part of an outage that was watched with open eyes. */
function seenMs(outage: Outage, blind: readonly Span[], watch: Watch): number {
  const endMs = Math.min(outage.toMs, watch.toMs)
  let fromMs = Math.max(outage.fromMs, watch.fromMs)
  let longestMs = 0
  for (const span of blind.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (span.toMs <= fromMs || span.fromMs >= endMs) continue
    longestMs = Math.max(longestMs, span.fromMs - fromMs)
    fromMs = span.toMs
  }
  return Math.max(longestMs, endMs - fromMs)
}

/** A refusing gateway is blind until the next check after its fault. */
function blindSpan({ startMs, endMs }: Injected, { intervalMs, timeoutMs }: Watch): Span {
  return { fromMs: startMs - EDGE_MS, toMs: (endMs ?? Number.POSITIVE_INFINITY) + intervalMs + timeoutMs }
}

function endsWithin(blind: readonly Span[], { fromMs }: Outage, untilMs: number): readonly number[] {
  return blind.filter((span) => span.toMs > fromMs && span.fromMs < untilMs).map(({ toMs }) => Math.min(toMs, untilMs))
}

/** How much later than a true end an incident ends; null where it ends with none. */
function endErrorMs(
  incident: Incident,
  outages: readonly Outage[],
  blind: readonly Span[],
  watch: Watch,
): number | null {
  const latestMs = 2 * watch.intervalMs + watch.timeoutMs + watch.repairMs + EDGE_MS
  const open = incident.endMs === null
  const endMs = incident.endMs ?? watch.toMs
  for (const outage of outages) {
    if (!touches(incident, outage)) continue
    if (open && outage.toMs >= watch.toMs) return 0
    const seenEndMs = blind
      .toSorted((a, b) => a.fromMs - b.fromMs)
      .reduce(
        (atMs, span) => (span.fromMs <= atMs + watch.intervalMs && span.toMs > atMs ? span.toMs : atMs),
        outage.toMs,
      )
    const earlyMs = outage.toMs - endMs
    if (earlyMs <= watch.timeoutMs + EDGE_MS && endMs - seenEndMs <= latestMs) return Math.max(0, endMs - seenEndMs)
  }
  return null
}

function touches({ startMs, endMs }: Incident, { fromMs, toMs }: Span): boolean {
  return startMs <= toMs + EDGE_MS && (endMs ?? Number.POSITIVE_INFINITY) >= fromMs - EDGE_MS
}

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(nameOf(item))
    if (group === undefined) groups.set(nameOf(item), [item])
    else group.push(item)
  }
  return groups
}

function spreadOf(values: readonly number[]): Spread {
  return {
    median: rounded(percentile(values, 0.5)),
    p99: rounded(percentile(values, 0.99)),
    max: rounded(percentile(values, 1)),
  }
}

function rounded(value: number): number {
  return Number.isNaN(value) ? 0 : Number(value.toFixed(2))
}

function lineOf({ key, startMs, endMs, cause }: Incident): string {
  return `${key}: ${spanText({ fromMs: startMs, toMs: endMs ?? Number.POSITIVE_INFINITY })} ${cause}`
}

function spanText({ fromMs, toMs }: Span): string {
  return `${timeText(fromMs)} to ${Number.isFinite(toMs) ? timeText(toMs) : 'now'}`
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23)
}
