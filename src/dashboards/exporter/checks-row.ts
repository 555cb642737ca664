import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES } from '../../metrics/catalogue.ts'
import { rate } from '../../metrics/promql.ts'
import type { BoardRow } from '../board.ts'
import { coloured } from '../panels/panel.ts'
import { over } from '../panels/query.ts'
import { curves } from '../panels/time-series.ts'
import { ofProcesses } from '../selection.ts'

const { checkLag, checkInterval, checkCycleDuration, checksInFlight, checkDurationError } = EXPORTER_FAMILIES

/** Whether the checks keep their time. */
export function checksRow(): BoardRow {
  return { title: 'Checks', panels: [cycle(), lag(), inFlight(), rateOfChecks()] }
}

function cycle(): Panel {
  return curves({
    title: 'Check cycle',
    description:
      'From the start of the first to the end of the last check of a cycle, beside the interval in which it must fit.',
    unit: 's',
    min: 0,
    size: [12, 8],
    queries: [
      over(ofProcesses(checkCycleDuration), '{{instance}}'),
      over(`max(${ofProcesses(checkInterval)})`, 'interval'),
    ],
    overrides: coloured({ interval: 'red' }),
    legend: ['mean', 'max'],
  })
}

function lag(): Panel {
  return curves({
    title: 'Lag and error of measurement',
    description:
      'How late the latest check of a cycle started, and the bound of what the exporter itself added to a reported response time. WhatsAppExporterLagging fires above half an interval.',
    unit: 's',
    min: 0,
    size: [12, 8],
    queries: [
      over(ofProcesses(checkLag), 'lag of {{instance}}'),
      over(ofProcesses(checkDurationError), 'error of {{instance}}'),
    ],
    legend: ['mean', 'max'],
  })
}

function inFlight(): Panel {
  return curves({
    title: 'Checks under way',
    description: 'Check requests under way at the moment of the scrape. checks.concurrency is their limit.',
    unit: 'short',
    min: 0,
    size: [12, 8],
    queries: [over(ofProcesses(checksInFlight), '{{instance}}')],
    legend: ['mean', 'max'],
  })
}

function rateOfChecks(): Panel {
  return curves({
    title: 'Checks each second',
    description: 'Checks of accounts that each exporter makes.',
    unit: 'cps',
    min: 0,
    size: [12, 8],
    queries: [
      over(
        `sum by (instance) (${rate(ACCOUNT_FAMILIES.checks, '$__rate_interval', { job: { matches: '$job' }, instance: { matches: '$instance' } })})`,
        '{{instance}}',
      ),
    ],
    interval: '1m',
    legend: ['mean', 'max'],
  })
}
