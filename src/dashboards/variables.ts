import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES } from '../metrics/catalogue.ts'
import { selector } from '../metrics/promql.ts'

/** Uid of the Prometheus that grafana/provisioning sets up. Another one can be chosen on the board. */
const PROVISIONED = { text: 'Prometheus', value: 'prometheus' }

export type Variable = QueryVariableBuilder | DatasourceVariableBuilder | CustomVariableBuilder

/** Which Prometheus is asked. */
export function dataSource(): Variable {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').current(PROVISIONED)
}

/** The operator label `tenant`, where accounts have one. */
export function tenant(): Variable {
  return choice('tenant', 'Tenant', selector(ACCOUNT_FAMILIES.info))
}

/** The gateways of the chosen tenants. */
export function gateway(): Variable {
  return choice('gateway', 'Gateway', selector(ACCOUNT_FAMILIES.info, { tenant: { matches: '$tenant' } }))
}

/** The accounts of the chosen tenants behind the chosen gateways. */
export function account(): Variable {
  return choice('account', 'Account', accountsThere())
}

/**
 * As `account`, but begins with the first one: for a board about one account. Several may be chosen, which has Grafana
 * escape the names for the regular expressions in which they stand.
 */
export function oneAccount(): Variable {
  return query('account', 'Account', accountsThere()).includeAll(false)
}

/** Scrape jobs of exporters. */
export function job(): Variable {
  return choice('job', 'Job', selector(EXPORTER_FAMILIES.buildInfo), '.+')
}

/** The exporters of the chosen jobs. */
export function instance(): Variable {
  return choice('instance', 'Instance', selector(EXPORTER_FAMILIES.buildInfo, { job: { matches: '$job' } }), '.+')
}

/** Hours by which local time is ahead of UTC: PromQL knows the hours of UTC only. */
export function hoursFromUtc(): Variable {
  const hours = Array.from({ length: 26 }, (_, index) => String(index - 11))
  return new CustomVariableBuilder('utc_offset')
    .label('Hours from UTC')
    .values(hours.join(','))
    .current({ text: '0', value: '0' })
    .options(hours.map((hour) => ({ text: hour, value: hour, selected: hour === '0' })))
}

function accountsThere(): string {
  return selector(ACCOUNT_FAMILIES.info, { tenant: { matches: '$tenant' }, gateway: { matches: '$gateway' } })
}

function choice(name: string, label: string, series: string, allValue = '.*'): QueryVariableBuilder {
  return query(name, label, series)
    .includeAll(true)
    .allValue(allValue)
    .current({ text: ['All'], value: ['$__all'] })
}

function query(name: string, label: string, series: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'prometheus', uid: '$datasource' })
    .query({ query: `label_values(${series}, ${name})`, refId: `variable-${name}` })
    .multi(true)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
}
