import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Part } from './child.ts'
import { portOf, program, type StackPlan } from './plan.ts'

/** Grafana with our boards, where it is installed or GRAFANA_HOME names an unpacked one; null else. */
export function grafanaPart(plan: StackPlan): Part | null {
  const home = process.env['GRAFANA_HOME']
  if (!existsSync('grafana/provisioning')) return null
  const server = home === undefined ? installedGrafana() : serverIn(home)
  if (server === null) return null
  return {
    name: 'grafana',
    command: server.command,
    args: [...server.args, ...(home === undefined ? ['--homepath=/usr/share/grafana'] : [`--homepath=${home}`])],
    env: {
      GF_PATHS_DATA: join(plan.dataPath, 'grafana'),
      GF_PATHS_PROVISIONING: resolve('grafana/provisioning'),
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(portOf(plan.grafanaUrl)),
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: resolve('grafana/dashboards/whatsapp-fleet.json'),
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      SCRAPE_INTERVAL: scrapeInterval(plan),
      PROMETHEUS_URL: plan.prometheus?.url ?? '',
      ALERTMANAGER_URL: plan.alertmanager?.url ?? '',
      DASHBOARDS_PATH: resolve('grafana/dashboards'),
    },
    readyUrl: `${plan.grafanaUrl}/api/health`,
    readyWithinMs: 90_000,
  }
}

/** As it was rendered for Prometheus; Grafana has a default of its own for ''. */
function scrapeInterval({ renderedPath }: StackPlan): string {
  const rendered = readFileSync(join(renderedPath, 'prometheus.yml'), 'utf8')
  return /^ *scrape_interval: (\S+)$/m.exec(rendered)?.[1] ?? ''
}

function installedGrafana(): { command: string; args: readonly string[] } | null {
  for (const [name, args] of [
    ['grafana', ['server']],
    ['grafana-server', []],
  ] as const) {
    try {
      return { command: program([name]), args }
    } catch {
      // Grafana is optional: the status page serves who has none.
    }
  }
  return null
}

function serverIn(home: string): { command: string; args: readonly string[] } {
  const unified = join(home, 'bin', 'grafana')
  return existsSync(unified)
    ? { command: unified, args: ['server'] }
    : { command: join(home, 'bin', 'grafana-server'), args: [] }
}
