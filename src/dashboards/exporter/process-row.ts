import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { BoardRow } from '../board.ts'
import { over } from '../panels/query.ts'
import { curves } from '../panels/time-series.ts'
import { ofExporters } from '../selection.ts'

/** What the exporter's process takes, and what its page costs. */
export function processRow(): BoardRow {
  return {
    title: 'Process and scrape',
    panels: [processor(), memory(), eventLoop(), files(), scrapeTime(), scrapeSize()],
  }
}

function processor(): Panel {
  return curves({
    title: 'Processor',
    description: 'Share of one core that the process takes.',
    unit: 'percentunit',
    min: 0,
    size: [8, 8],
    queries: [over(`rate(${ofExporters('process_cpu_seconds_total')}[$__rate_interval])`, '{{instance}}')],
    legend: ['mean', 'max'],
  })
}

function memory(): Panel {
  return curves({
    title: 'Memory',
    description: 'Resident memory of the process, and the used part of its heap.',
    unit: 'bytes',
    min: 0,
    size: [8, 8],
    queries: [
      over(ofExporters('process_resident_memory_bytes'), '{{instance}}'),
      over(ofExporters('nodejs_heap_size_used_bytes'), 'heap of {{instance}}'),
    ],
    legend: ['mean', 'max'],
  })
}

function eventLoop(): Panel {
  return curves({
    title: 'Event loop and garbage',
    description:
      'How long a turn of the event loop had to wait at the scrape, and the share of time that garbage collection took. Both delay checks.',
    unit: 's',
    min: 0,
    size: [8, 8],
    queries: [
      over(ofExporters('nodejs_eventloop_lag_seconds'), 'wait of {{instance}}'),
      over(
        `sum by (instance) (rate(${ofExporters('nodejs_gc_duration_seconds_sum')}[$__rate_interval]))`,
        'garbage, seconds each second, {{instance}}',
      ),
    ],
    legend: ['mean', 'max'],
  })
}

function files(): Panel {
  return curves({
    title: 'Open files',
    description: 'Files and sockets that the process holds open. One that only grows is a leak.',
    unit: 'short',
    min: 0,
    size: [8, 8],
    queries: [over(ofExporters('process_open_fds'), '{{instance}}')],
    legend: ['mean', 'max'],
  })
}

function scrapeTime(): Panel {
  return curves({
    title: 'Scrape',
    description: 'How long Prometheus took to scrape each exporter.',
    unit: 's',
    min: 0,
    size: [8, 8],
    queries: [over(ofExporters('scrape_duration_seconds'), '{{instance}}')],
    legend: ['mean', 'max'],
  })
}

function scrapeSize(): Panel {
  return curves({
    title: 'Samples of a scrape',
    description: 'Samples on the page of each exporter: about 35 for each account (docs/metrics.md).',
    unit: 'short',
    min: 0,
    size: [8, 8],
    queries: [over(ofExporters('scrape_samples_scraped'), '{{instance}}')],
    legend: ['lastNotNull', 'max'],
  })
}
