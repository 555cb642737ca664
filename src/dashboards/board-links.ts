import { type DashboardLink, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'
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

/** The boards in the links at the top of each, in this order. */
const LINKED = [
  ['Fleet', BOARD_UIDS.fleet],
  ['Account', BOARD_UIDS.account],
  ['Gateways', BOARD_UIDS.gateway],
  ['Objectives', BOARD_UIDS.slo],
  ['Exporter', BOARD_UIDS.exporter],
] as const

/**
 * Links to the other boards that keep the time range and what is chosen. Account gets no account: it is about one, and
 * "All" of another board would stay all of them there.
 * @param variables names of the variables that the board has
 */
export function linksFrom(uid: string, variables: readonly string[]): readonly DashboardLink[] {
  const kept = ['datasource', 'tenant', 'gateway'].filter((name) => variables.includes(name))
  const chosen = kept.map((name) => `\${${name}:queryparam}`).join('&')
  return LINKED.filter(([, board]) => board !== uid).map(([title, board]) => {
    const toAccount = board === BOARD_UIDS.account
    return {
      title,
      type: DashboardLinkType.Link,
      icon: 'dashboard',
      tooltip: '',
      url: `/d/${board}${toAccount ? `?${chosen}` : ''}`,
      tags: [],
      asDropdown: false,
      targetBlank: false,
      includeVars: !toAccount,
      keepTime: true,
    }
  })
}

/** From a series with the labels of an account to its board. */
export const SERIES_TO_ACCOUNT = toAccount('__field.labels')
/** From a row with the columns of an account to its board. */
export const ROW_TO_ACCOUNT = toAccount('__data.fields')
/** From a series with the label of a gateway to its board. */
export const SERIES_TO_GATEWAY = toGateway('__field.labels')
/** From a row with the column of a gateway to its board. */
export const ROW_TO_GATEWAY = toGateway('__data.fields')
