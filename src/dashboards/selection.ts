// The queries' common pieces: series of what is chosen in the board's variables, and the names of recorded series.
import type { MetricFamily } from '../metrics/catalogue.ts'
import { aggregate, type LabelMatch, selector } from '../metrics/promql.ts'

/** Variables are chosen several at a time, and "All" is `.*`, which also matches accounts without a tenant. */
const TENANT = { tenant: { matches: '$tenant' } } as const
const GATEWAY = { gateway: { matches: '$gateway' } } as const
const ACCOUNT = { account: { matches: '$account' } } as const
const PROCESS = { job: { matches: '$job' }, instance: { matches: '$instance' } } as const

type Labels = Readonly<Record<string, LabelMatch>>
type Named = Pick<MetricFamily, 'name'>

/** The levels at which series are recorded (docs/slo.md). */
export type Level = 'account' | 'gateway' | 'tenant' | 'fleet'

/** Pairs up series of one account. */
export const SAME_ACCOUNT = 'on (account, gateway)'

/** Labels of the chosen accounts, in braces. */
export const CHOSEN_ACCOUNTS: Labels = { ...TENANT, ...GATEWAY, ...ACCOUNT }

/** A family's series of the chosen accounts, one for each process that shows them. */
export function ofAccounts(family: Named, labels: Labels = {}): string {
  return selector(family, { ...labels, ...CHOSEN_ACCOUNTS })
}

/** One series for each chosen account; of an account that two processes show, the larger value. */
export function perAccount(family: Named, labels: Labels = {}, kept: readonly string[] = []): string {
  return aggregate('max', ['account', 'gateway', ...kept], ofAccounts(family, labels))
}

/** A family's series of the chosen gateways, one for each process that shows them. */
export function ofGateways(family: Named, labels: Labels = {}): string {
  return selector(family, { ...labels, ...GATEWAY })
}

/** One series for each chosen gateway. */
export function perGateway(family: Named, labels: Labels = {}): string {
  return aggregate('max', ['gateway'], ofGateways(family, labels))
}

/** A family's series of the chosen exporters. */
export function ofProcesses(family: Named, labels: Labels = {}): string {
  return selector(family, { ...labels, ...PROCESS })
}

/**
 * Series that every process has (`up`, `process_…`), of the chosen exporters: "All" jobs are those of exporters, which the
 * alerts know by the same part of their names.
 */
export function ofExporters(name: string): string {
  return `${name}{job=~".*whatsapp-exporter.*",job=~"$job",instance=~"$instance"}`
}

const LEVEL_LABELS: Readonly<Record<Level, Labels>> = {
  account: CHOSEN_ACCOUNTS,
  gateway: GATEWAY,
  tenant: TENANT,
  fleet: {},
}

/** A recorded series of what is chosen: `recorded('gateway', 'availability:ratio_30d')`. */
export function recorded(level: Level, series: string): string {
  return selector({ name: `${level}:whatsapp_${series}` }, LEVEL_LABELS[level])
}

/** A recorded series of accounts, of all of them. */
export function recordedOfAll(series: string): string {
  return `account:whatsapp_${series}`
}

/** How many accounts of the chosen tenants behind the chosen gateways have each status or state, recorded every minute. */
export function counted(label: 'status' | 'state'): string {
  const series = selector({ name: `gateway:whatsapp_account_${label}:sum` }, { ...TENANT, ...GATEWAY })
  return aggregate('sum', [label], series)
}

/**
 * Turns a stateset into one series for each account, whose value is the place of the present word in `words`, from 1. Where
 * two processes disagree, the later word counts.
 */
export function wordNumber(family: Named, label: string, words: readonly string[]): string {
  const terms = words.map((word, index) => `${index + 1} * (${ofAccounts(family, { [label]: word })} == 1)`)
  return aggregate('max', ['account', 'gateway'], terms.join(' or '))
}

/**
 * Availability of all chosen accounts together over a recorded window: seconds by seconds, never a mean of ratios
 * (docs/slo.md), and nothing where nothing was observed. The seconds of a day are not recorded: its coverage tells them.
 */
export function availability(window: '1h' | '1d' | '30d', by: readonly string[] = []): string {
  const sum = (series: string) => (by.length === 0 ? `sum(${series})` : aggregate('sum', by, series))
  if (window === '1d') {
    const seen = `${recorded('account', 'coverage:ratio_1d')} * (86400 - ${recorded('account', 'maintenance_seconds:increase1d')})`
    return `${sum(`${recorded('account', 'availability:ratio_1d')} * ${seen}`)} / (${sum(seen)} > 0)`
  }
  const seconds = (what: 'downtime' | 'observed') => sum(recorded('account', `${what}_seconds:increase${window}`))
  return `1 - clamp_max(${seconds('downtime')} / (${seconds('observed')} > 0), 1)`
}

/** 0 where there is nothing to count. */
export function orZero(expression: string): string {
  return `${expression} or vector(0)`
}
