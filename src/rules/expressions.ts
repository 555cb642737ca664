// The pieces that several rules are made of.
import { ACCOUNT_FAMILIES, type MetricFamily } from '../metrics/catalogue.ts'
import { type LabelMatch, selector } from '../metrics/promql.ts'

/**
 * Labels that say which process was scraped. They change when an exporter moves, and an account's history must not end
 * there, so that no rule keeps them.
 */
const SCRAPED = 'instance, job, pod, container, endpoint'

/** Pairs up series of one account. */
export const SAME_ACCOUNT = 'on (account, gateway)'

/** Of the same account in several processes, the largest value: a double start counts nothing twice. */
export function merged(expression: string, operator: 'max' | 'min' = 'max'): string {
  return `${operator} without (${SCRAPED}) (${expression})`
}

/** A family's series without the labels of the process. */
export function family(source: Pick<MetricFamily, 'name'>, labels: Readonly<Record<string, LabelMatch>> = {}): string {
  return merged(selector(source, labels))
}

/** Accounts that are not in a maintenance window. */
export const OUTSIDE_MAINTENANCE = `unless ${SAME_ACCOUNT} (${selector(ACCOUNT_FAMILIES.maintenance)} == 1)`

/** The lines of an expression, as one that a person can read. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\n')
}
