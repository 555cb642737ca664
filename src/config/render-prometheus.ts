import { peerUrl } from '../discovery/options.ts'
import { clientSignIn, promDuration, reachableAddress, renderedYaml, urlParts } from './rendered.ts'
import type { Config } from './schema.ts'

export interface PrometheusRendering {
  /** Exporters as `host:port`, as Prometheus reaches them. Absent: the address of `api.listen`. */
  readonly exporterTargets?: readonly string[]
  /** Rule files, absolute or relative to prometheus.yml. */
  readonly rulesGlobs: readonly string[]
  /** Alertmanager as `host:port` as Prometheus reaches it. Absent: `alerting.url`. */
  readonly alertmanagerTarget?: string
  /** Prometheus itself as `host:port`. Absent: `prometheus.url`. */
  readonly prometheusTarget?: string
  /** Addresses that take remote write, beside those of the configuration. */
  readonly remoteWriteUrls?: readonly string[]
}

/** Much rarer scrapes would go stale between two evaluations; more frequent ones only cost disk. */
const SCRAPE_INTERVAL_MS = { min: 5000, max: 60_000 }
const SCRAPE_TIMEOUT_MS = 10_000

/** The text of prometheus.yml: scrapes the exporter, Prometheus and Alertmanager, loads the rules, sends alerts. */
export function renderPrometheus(config: Config, rendering: PrometheusRendering): string {
  const { checks, prometheus, alerting } = config
  const intervalMs =
    prometheus.scrapeInterval ?? Math.min(Math.max(checks.interval, SCRAPE_INTERVAL_MS.min), SCRAPE_INTERVAL_MS.max)
  const alertmanager = urlParts(alerting.url)
  const self = urlParts(prometheus.url)
  const alertmanagerTarget = rendering.alertmanagerTarget ?? alertmanager.target
  const { remoteWriteUrls = [] } = rendering
  const remoteWrites = [...prometheus.remoteWrite.map(remoteWrite), ...remoteWriteUrls.map((url) => ({ url }))]
  return renderedYaml({
    global: {
      scrape_interval: promDuration(intervalMs),
      scrape_timeout: promDuration(Math.min(SCRAPE_TIMEOUT_MS, intervalMs)),
      evaluation_interval: promDuration(intervalMs),
    },
    rule_files: rendering.rulesGlobs,
    alerting: {
      alertmanagers: [
        {
          scheme: alertmanager.scheme,
          ...(alertmanager.prefix === '' ? {} : { path_prefix: alertmanager.prefix }),
          static_configs: [{ targets: [alertmanagerTarget] }],
        },
      ],
    },
    scrape_configs: [
      exporterJob(config, rendering.exporterTargets),
      {
        job_name: 'prometheus',
        scheme: self.scheme,
        metrics_path: `${self.prefix}/metrics`,
        ...clientSignIn(prometheus.signIn),
        static_configs: [{ targets: [rendering.prometheusTarget ?? self.target] }],
      },
      {
        job_name: 'alertmanager',
        scheme: alertmanager.scheme,
        metrics_path: `${alertmanager.prefix}/metrics`,
        static_configs: [{ targets: [alertmanagerTarget] }],
      },
    ],
    ...(remoteWrites.length === 0 ? {} : { remote_write: remoteWrites }),
  })
}

function remoteWrite({
  url,
  name,
  headers,
  signIn,
  caFile,
  keep,
}: Config['prometheus']['remoteWrite'][number]): object {
  return {
    url,
    ...(name === undefined ? {} : { name }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...clientSignIn(signIn),
    ...(caFile === undefined ? {} : { tls_config: { ca_file: caFile } }),
    ...(keep === undefined
      ? {}
      : { write_relabel_configs: [{ source_labels: ['__name__'], regex: keep, action: 'keep' }] }),
  }
}

function exporterJob({ api, prometheus, sharding }: Config, targets: readonly string[] | undefined): object {
  const caFile = prometheus.scrapeCaFile
  return {
    job_name: 'whatsapp-exporter',
    scheme: api.tls === undefined ? 'http' : 'https',
    ...clientSignIn(prometheus.scrapeSignIn),
    ...(api.tls === undefined || caFile === undefined ? {} : { tls_config: { ca_file: caFile } }),
    static_configs: [{ targets: targets ?? peerTargets(sharding) ?? [reachableAddress(api.listen)] }],
  }
}

/** Every exporter that shares the fleet, so that one that is down is a target that is down; null where they are unknown. */
function peerTargets(sharding: Config['sharding']): readonly string[] | null {
  if (sharding.total <= 1 || sharding.peers === undefined) return null
  return Array.from({ length: sharding.total }, (_, ordinal) => urlParts(peerUrl(sharding, ordinal) ?? '').target)
}
