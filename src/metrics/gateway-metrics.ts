import { ERROR_CODES, type ErrorCode } from '../accounts/vocabulary.ts'
import { GATEWAY_FAMILIES } from './catalogue.ts'
import { identityText, shownText } from './label-bytes.ts'
import { bucketBound, escapeLabelValue, familyHeader, numberText, type PageFormat } from './text-format.ts'

/** Upper bounds of the check duration's buckets, in seconds. */
export const CHECK_DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export interface GatewayFacts {
  readonly name: string
  readonly driver: string
  /** Null while the exporter is blind and before the first check: the series is absent then. */
  readonly up: boolean | null
  /** Accounts known behind the gateway. */
  readonly accounts: number
  readonly breakerOpen: boolean
}

/** What the monitor tells of gateways. Counts of a gateway that `set` has not named yet are kept until it does. */
export interface GatewayMetrics {
  /** Takes over the present facts of a gateway and puts it on the page, with every counter at 0. */
  set(facts: GatewayFacts): void
  /** Counts one answered check request. */
  observe(gateway: string, durationSeconds: number): void
  /** Counts one check request that brought no reading. */
  error(gateway: string, code: ErrorCode): void
  /** Counts one word of the gateway's that no table knows. */
  unmapped(gateway: string): void
  /** Takes a gateway and its counters off the next page. An unknown name is no error. */
  remove(gateway: string): void
}

interface Tally {
  facts: GatewayFacts | null
  /** `gateway="…",driver="…"` of `facts`. */
  labels: string
  /** Not cumulative; the last cell is +Inf. */
  readonly buckets: Float64Array
  durationSum: number
  readonly errors: Float64Array
  unmapped: number
}

const ERROR_INDEX = new Map<ErrorCode, number>(ERROR_CODES.map((code, index) => [code, index]))
const GATEWAYS_PER_CHUNK = 8

/** Keeps the values of all gateways; they are few, so that their lines are built as strings. */
export function createGatewayMetrics(): GatewayMetrics & {
  /** The gateways' part of a page, in small pieces: the caller may pause between any two. */
  chunks(format: PageFormat): Generator<string>
} {
  const tallies = new Map<string, Tally>()

  function tallyOf(gateway: string): Tally {
    let tally = tallies.get(gateway)
    if (tally === undefined) {
      tally = {
        facts: null,
        labels: '',
        buckets: new Float64Array(CHECK_DURATION_BUCKETS.length + 1),
        durationSum: 0,
        errors: new Float64Array(ERROR_CODES.length),
        unmapped: 0,
      }
      tallies.set(gateway, tally)
    }
    return tally
  }

  return {
    set(facts) {
      const tally = tallyOf(facts.name)
      tally.facts = facts
      tally.labels =
        `gateway="${escapeLabelValue(identityText(facts.name))}",` +
        `driver="${escapeLabelValue(shownText(facts.driver))}"`
    },
    observe(gateway, durationSeconds) {
      if (!(durationSeconds >= 0)) return
      const tally = tallyOf(gateway)
      let bucket = 0
      while (durationSeconds > (CHECK_DURATION_BUCKETS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
      tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + 1
      tally.durationSum += durationSeconds
    },
    error(gateway, code) {
      const { errors } = tallyOf(gateway)
      const index = ERROR_INDEX.get(code)
      if (index !== undefined) errors[index] = (errors[index] ?? 0) + 1
    },
    unmapped(gateway) {
      tallyOf(gateway).unmapped++
    },
    remove(gateway) {
      tallies.delete(gateway)
    },
    *chunks(format) {
      // Copies: counts that come in between two pieces wait for the next page, so that sums and buckets agree.
      const shown = [...tallies.values()].flatMap(({ facts, ...tally }) =>
        facts === null ? [] : [{ ...tally, facts, buckets: tally.buckets.slice(), errors: tally.errors.slice() }],
      )
      if (shown.length === 0) return
      for (const { family, lines } of SECTIONS) {
        let text = familyHeader(family, format)
        for (const [index, tally] of shown.entries()) {
          text += lines(tally, format)
          if (index % GATEWAYS_PER_CHUNK === GATEWAYS_PER_CHUNK - 1) {
            yield text
            text = ''
          }
        }
        yield text
      }
    },
  }
}

type ShownTally = Tally & { readonly facts: GatewayFacts }

const { info, up, accounts, breakerOpen, checkDuration, checkErrors, unmapped } = GATEWAY_FAMILIES

const SECTIONS = [
  { family: info, lines: (tally: ShownTally) => line(info.name, tally.labels, 1) },
  {
    family: up,
    lines: ({ facts, labels }: ShownTally) => (facts.up === null ? '' : line(up.name, labels, facts.up ? 1 : 0)),
  },
  { family: accounts, lines: ({ facts, labels }: ShownTally) => line(accounts.name, labels, facts.accounts) },
  {
    family: breakerOpen,
    lines: ({ facts, labels }: ShownTally) => line(breakerOpen.name, labels, facts.breakerOpen ? 1 : 0),
  },
  { family: checkDuration, lines: durationLines },
  {
    family: checkErrors,
    lines: ({ errors, labels }: ShownTally) =>
      ERROR_CODES.map((code, index) => line(checkErrors.name, `${labels},code="${code}"`, errors[index] ?? 0)).join(''),
  },
  { family: unmapped, lines: (tally: ShownTally) => line(unmapped.name, tally.labels, tally.unmapped) },
]

/** Cumulative buckets, sum and count; the count is the +Inf bucket by construction. */
function durationLines(tally: ShownTally, format: PageFormat): string {
  const { name } = checkDuration
  let cumulative = 0
  let text = ''
  for (const [index, bound] of [...CHECK_DURATION_BUCKETS, Number.POSITIVE_INFINITY].entries()) {
    cumulative += tally.buckets[index] ?? 0
    text += line(`${name}_bucket`, `${tally.labels},le="${bucketBound(bound, format)}"`, cumulative)
  }
  return text + line(`${name}_sum`, tally.labels, tally.durationSum) + line(`${name}_count`, tally.labels, cumulative)
}

function line(name: string, labels: string, value: number): string {
  return `${name}{${labels}} ${numberText(value)}\n`
}
