import { ERROR_CODES, REASONS, STATES, STATUSES } from '../accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES, type MetricFamily } from './catalogue.ts'
import { CHECK_DURATION_BUCKETS } from './gateway-metrics.ts'

/** Series of one family behind one account or gateway; words label others in closed sets. */
function seriesOf(family: MetricFamily): number {
  if (family.type === 'histogram') return CHECK_DURATION_BUCKETS.length + 3
  if (family.type === 'stateset') return family.labels.includes('state') ? STATES.length : STATUSES.length
  return family.labels.includes('code') ? ERROR_CODES.length : 1
}

/** Most series that one account has on a page, and one gateway. */
export function seriesCounts(): { readonly perAccount: number; readonly perGateway: number } {
  const sum = (families: readonly MetricFamily[]) => families.reduce((total, family) => total + seriesOf(family), 0)
  return { perAccount: sum(Object.values(ACCOUNT_FAMILIES)), perGateway: sum(Object.values(GATEWAY_FAMILIES)) }
}

/** The reference part of docs/metrics.md: every family of the catalogue, the closed word lists and the series counts. */
export function metricsTable(): string {
  const { perAccount, perGateway } = seriesCounts()
  return [
    '### Per account',
    `At most ${perAccount} series per account. Operator labels come on top of the labels named here.`,
    table(Object.values(ACCOUNT_FAMILIES)),
    '### Per gateway',
    `${perGateway} series per gateway.`,
    table(Object.values(GATEWAY_FAMILIES)),
    '### Of the exporter',
    table(Object.values(EXPORTER_FAMILIES)),
    '### Words',
    [
      '| label | values |',
      '|---|---|',
      wordRow('status', STATUSES),
      wordRow('state', STATES),
      wordRow('reason', REASONS),
      wordRow('code', ERROR_CODES),
    ].join('\n'),
  ].join('\n\n')
}

function table(families: readonly MetricFamily[]): string {
  return ['| family | type | labels | meaning |', '|---|---|---|---|', ...families.map(familyRow)].join('\n')
}

function familyRow({ name, type, labels, help, presence }: MetricFamily): string {
  const present = presence === undefined ? '' : ` ${presence.charAt(0).toUpperCase()}${presence.slice(1)}.`
  return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${cell(help + present)} |`
}

function wordRow(label: string, words: readonly string[]): string {
  return `| \`${label}\` | ${words.map((word) => `\`${word}\``).join(' ')} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
