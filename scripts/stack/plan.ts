import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { isFree } from './ports.ts'

/** Where the parts of one stack listen and keep their data. */
export interface StackPlan {
  readonly configPath: string
  readonly dataPath: string
  readonly renderedPath: string
  readonly exporterUrl: string
  readonly prometheus: { readonly url: string; readonly program: string } | null
  readonly alertmanager: { readonly url: string; readonly program: string } | null
  readonly grafanaUrl: string
  readonly simulator: SimulatorPlan | null
}

export interface SimulatorPlan {
  readonly url: string
  readonly port: number
  readonly smtpPort: number
}

interface Addresses {
  readonly api?: { readonly listen?: string; readonly tls?: unknown }
  readonly prometheus?: { readonly url?: string }
  readonly alerting?: { readonly url?: string }
  readonly grafana?: { readonly url?: string }
}

/** Runs a command of the exporter itself; rejects with its message where it fails. */
export function exporterCommand(args: readonly string[]): void {
  const result = spawnSync(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status !== 0) throw new Error(`whatsapp-exporter ${args.join(' ')} failed; its message is above`)
}

/** The stack for the operator's own configuration. A Prometheus or Alertmanager on another host is used, not started. */
export async function realPlan(configPath: string, dataPath: string): Promise<StackPlan> {
  exporterCommand(['config', 'check', '--config', configPath])
  const addresses = parse(await readFile(configPath, 'utf8')) as Addresses
  const listen = addresses.api?.listen ?? '127.0.0.1:19292'
  const exporterUrl = `${addresses.api?.tls === undefined ? 'http' : 'https'}://${listen.replace(/^(0\.0\.0\.0|\[::\])/, '127.0.0.1')}`
  const prometheusUrl = addresses.prometheus?.url ?? 'http://127.0.0.1:9090'
  const alertmanagerUrl = addresses.alerting?.url ?? 'http://127.0.0.1:9093'
  const renderedPath = join(dataPath, 'rendered')
  await mkdir(renderedPath, { recursive: true })
  exporterCommand(['render', '--config', configPath, '--out', renderedPath])
  const plan: StackPlan = {
    configPath: resolve(configPath),
    dataPath,
    renderedPath,
    exporterUrl,
    prometheus: isLoopback(prometheusUrl) ? { url: prometheusUrl, program: program(['prometheus']) } : null,
    alertmanager: isLoopback(alertmanagerUrl)
      ? { url: alertmanagerUrl, program: program(['prometheus-alertmanager', 'alertmanager']) }
      : null,
    grafanaUrl: addresses.grafana?.url ?? 'http://127.0.0.1:3000',
    simulator: null,
  }
  for (const [name, url] of [
    ['the exporter (api.listen)', plan.exporterUrl],
    ['Prometheus (prometheus.url)', plan.prometheus?.url],
    ['Alertmanager (alerting.url)', plan.alertmanager?.url],
  ]) {
    if (url === undefined || (await isFree(portOf(url)))) continue
    throw new Error(
      `Port ${portOf(url)}, wanted by ${name}, is in use. End what listens there, or choose another port in ${configPath}.`,
    )
  }
  return plan
}

/** The first of the names that is on the PATH. Throws where none is. */
export function program(names: readonly string[]): string {
  for (const name of names) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name)
      if (existsSync(path)) return path
    }
  }
  throw new Error(`${names.join(' or ')} is not on the PATH. Run scripts/install-tools.sh up, or docker compose up.`)
}

export function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
}
