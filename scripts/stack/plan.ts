import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { exporterUrl } from '../../src/config/rendered.ts'
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

/** Runs a command of the exporter itself; throws with its message where it fails. `quiet` keeps its warnings back. */
export function exporterCommand(args: readonly string[], output: 'shown' | 'quiet' = 'shown'): void {
  const stdio = output === 'shown' ? 'inherit' : 'pipe'
  const result = spawnSync(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', stdio, stdio] })
  if (result.status === 0) return
  const said = output === 'shown' ? 'its message is above' : String(result.stderr)
  throw new Error(`whatsapp-exporter ${args.join(' ')} failed; ${said}`)
}

/** The stack for the operator's own configuration. A Prometheus or Alertmanager on another host is used, not started. */
export async function realPlan(configPath: string, dataPath: string): Promise<StackPlan> {
  exporterCommand(['config', 'check', '--config', configPath])
  const loaded = loadConfig(resolve(configPath), process.env)
  if (!loaded.ok) throw new Error(`${configPath} changed while it was read. Run make up again.`)
  const { config } = loaded
  const renderedPath = join(dataPath, 'rendered')
  await mkdir(renderedPath, { recursive: true })
  exporterCommand(['render', '--config', configPath, '--out', renderedPath], 'quiet')
  const ours = (url: string, names: readonly string[]) => (isLoopback(url) ? { url, program: program(names) } : null)
  const plan: StackPlan = {
    configPath: resolve(configPath),
    dataPath,
    renderedPath,
    exporterUrl: exporterUrl(config),
    prometheus: ours(config.prometheus.url, ['prometheus']),
    alertmanager: ours(config.alerting.url, ['prometheus-alertmanager', 'alertmanager']),
    grafanaUrl: config.grafana.url ?? 'http://127.0.0.1:3000',
    simulator: null,
  }
  await refuseTakenPort('the exporter (api.listen)', plan.exporterUrl, configPath)
  if (plan.prometheus !== null) await refuseTakenPort('Prometheus (prometheus.url)', plan.prometheus.url, configPath)
  if (plan.alertmanager !== null)
    await refuseTakenPort('Alertmanager (alerting.url)', plan.alertmanager.url, configPath)
  return plan
}

/** Throws where something else listens on the port of an address. */
export async function refuseTakenPort(wantedBy: string, url: string, configPath: string): Promise<void> {
  if (await isFree(portOf(url))) return
  throw new Error(
    `Port ${portOf(url)}, wanted by ${wantedBy}, is in use. End what listens there, or choose another port in ${configPath}.`,
  )
}

/** The first of the names that is on the PATH. Throws where none is. */
export function program(names: readonly string[]): string {
  for (const name of names) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name)
      if (existsSync(path)) return path
    }
  }
  throw new Error(
    `${names.join(' or ')} is not on the PATH. Run scripts/install-tools.sh up, or the containers of docs/docker.md.`,
  )
}

export function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
}
