import type { DataLink } from './panels/panel.ts'

/** The stable names of the boards in Grafana; the alerts' `dashboard_url` leads to them. */
export const BOARD_UIDS = {
  fleet: 'whatsapp-fleet',
  account: 'whatsapp-account',
  gateway: 'whatsapp-gateway',
  slo: 'whatsapp-slo',
  exporter: 'whatsapp-exporter',
} as const

/** All boards carry it; the links between them are found by it. */
export const BOARD_TAG = 'whatsapp-exporter'

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

/** From a series with the labels of an account to its board. */
export const SERIES_TO_ACCOUNT = toAccount('__field.labels')
/** From a row with the columns of an account to its board. */
export const ROW_TO_ACCOUNT = toAccount('__data.fields')
/** From a series with the label of a gateway to its board. */
export const SERIES_TO_GATEWAY = toGateway('__field.labels')
/** From a row with the column of a gateway to its board. */
export const ROW_TO_GATEWAY = toGateway('__data.fields')
