import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'
import type { DataLink } from './panels/panel.ts'

/** The stable names of the boards in Grafana; the alerts' `dashboard_url` leads to them. */
export const BOARD_UIDS = {
  fleet: 'whatsapp-fleet',
  account: 'whatsapp-account',
  gateway: 'whatsapp-gateway',
  slo: 'whatsapp-slo',
  exporter: 'whatsapp-exporter',
} as const

/** Asks Grafana for a value when the link is followed, escaped for an address. */
function inAddress(value: string): string {
  return `\${${value}:percentencode}`
}

/** The time range and the data source go along. */
const KEPT = `\${__url_time_range}&\${datasource:queryparam}`

function toAccount(labels: '__field.labels' | '__data.fields'): DataLink {
  const address = `/d/${BOARD_UIDS.account}?${KEPT}`
  return {
    title: `Account \${${labels}.account}`,
    url: `${address}&var-account=${inAddress(`${labels}.account`)}&var-gateway=${inAddress(`${labels}.gateway`)}`,
  }
}

function toGateway(labels: '__field.labels' | '__data.fields'): DataLink {
  return {
    title: `Gateway \${${labels}.gateway}`,
    url: `/d/${BOARD_UIDS.gateway}?${KEPT}&var-gateway=${inAddress(`${labels}.gateway`)}`,
  }
}

/** Names of the boards in the links at the top of each, in this order. */
const TITLES: Readonly<Record<keyof typeof BOARD_UIDS, string>> = {
  fleet: 'Fleet',
  account: 'Account',
  gateway: 'Gateways',
  slo: 'Objectives',
  exporter: 'Exporter',
}

/**
 * Links to the other boards that keep the time range and what is chosen. Account gets no account: it is about one, and
 * "All" of another board would stay all of them there.
 * @param variables names of the variables that the board has
 */
export function linksFrom(uid: string, variables: readonly string[]): readonly DashboardLinkBuilder[] {
  const kept = ['datasource', 'tenant', 'gateway'].filter((name) => variables.includes(name))
  const toAccounts = `/d/${BOARD_UIDS.account}?${kept.map((name) => `\${${name}:queryparam}`).join('&')}`
  return (Object.keys(TITLES) as (keyof typeof TITLES)[])
    .filter((board) => BOARD_UIDS[board] !== uid)
    .map((board) =>
      new DashboardLinkBuilder(TITLES[board])
        .type(DashboardLinkType.Link)
        .icon('dashboard')
        .url(board === 'account' ? toAccounts : `/d/${BOARD_UIDS[board]}`)
        .includeVars(board !== 'account')
        .keepTime(true),
    )
}

/** From a series with the labels of an account to its board. */
export const SERIES_TO_ACCOUNT = toAccount('__field.labels')
/** From a row with the columns of an account to its board. */
export const ROW_TO_ACCOUNT = toAccount('__data.fields')
/** From a series with the label of a gateway to its board. */
export const SERIES_TO_GATEWAY = toGateway('__field.labels')
/** From a row with the column of a gateway to its board. */
export const ROW_TO_GATEWAY = toGateway('__data.fields')
