import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { type Part, type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'
import { simulatorConfigYaml } from '../../src/simulator/config-yaml.ts'
import type { InboxMessage } from '../../src/simulator/inbox.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { acceleratedRules } from './accelerated-rules.ts'

/** A part of the world that can be killed and started again. */
export type PartName = 'exporter' | 'prometheus' | 'alertmanager'

/** The whole path of an alert: simulated gateways, exporter, Prometheus, Alertmanager, inbox; all real programs. */
export interface AlertingWorld {
  readonly simulator: Simulator
  readonly urls: Readonly<Record<PartName, string>>
  /** Kills it without a word (SIGKILL). */
  kill(part: PartName): Promise<void>
  start(part: PartName): Promise<void>
  /** Slack messages about an alert, oldest first. */
  slack(alertname: string): readonly SlackMessage[]
  /** Reads JSON of the exporter. */
  api(path: string, init?: RequestInit): Promise<unknown>
  /** What every part printed, the newest lines. */
  output(): string
  end(): Promise<void>
}

export interface SlackMessage {
  readonly atMs: number
  readonly title: string
  readonly text: string
  readonly isOver: boolean
}

export interface WorldOptions {
  readonly gateways: Parameters<typeof startSimulator>[0]['gateways']
  /** By how much all times of the rules are divided. */
  readonly factor: number
  readonly sections?: (url: string) => Readonly<Record<string, unknown>>
}

const READY_WITHIN_MS = 60_000
const PORTS_FROM = 21_300

export async function startAlertingWorld({ gateways, factor, sections }: WorldOptions): Promise<AlertingWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'alerting-'))
  const abort = new AbortController()
  const taken = new Set<number>()
  const port = async () => {
    const free = await freePort(PORTS_FROM + Math.floor(Math.random() * 2000), taken)
    taken.add(free)
    return free
  }
  const ports = { exporter: await port(), prometheus: await port(), alertmanager: await port() }
  const local = (number: number) => `http://127.0.0.1:${number}`
  const urls = {
    exporter: local(ports.exporter),
    prometheus: local(ports.prometheus),
    alertmanager: local(ports.alertmanager),
  }
  const simulator = await startSimulator({ gateways, smtpPort: 0, inboxCapacity: 5000, repairMs: 500 })
  const config = join(folder, 'config.yml')
  const rendered = join(folder, 'rendered')
  writeFileSync(
    config,
    simulatorConfigYaml({
      url: simulator.url,
      gateways: simulator.gateways,
      smtpPort: simulator.smtpPort,
      sections: {
        checks: { interval: '1s', timeout: '800ms', uplink: [`${new URL(simulator.url).host}`] },
        health: { unhealthyAfter: 2 },
        api: { listen: `127.0.0.1:${ports.exporter}` },
        prometheus: { url: urls.prometheus, scrapeInterval: '1s' },
        store: { path: join(folder, 'exporter.db') },
        ...sections?.(simulator.url),
      },
    })
      .replace('alerting:', `alerting:\n  url: ${urls.alertmanager}`)
      .replace('groupWait: 5s', 'groupWait: 1s')
      .replace('groupInterval: 30s', `groupInterval: ${300 / factor}s`),
  )
  render(config, rendered, urls)
  mkdirSync(join(folder, 'rules'))
  for (const { name, text } of acceleratedRules(factor)) writeFileSync(join(folder, 'rules', name), text)

  const parts: Readonly<Record<PartName, Part>> = {
    exporter: {
      name: 'exporter',
      command: process.execPath,
      args: ['src/main.ts', 'serve', '--config', config],
      env: { LOG_FORMAT: 'text' },
      readyUrl: `${urls.exporter}/-/ready`,
      readyWithinMs: READY_WITHIN_MS,
    },
    alertmanager: {
      name: 'alertmanager',
      command: program(['prometheus-alertmanager', 'alertmanager']),
      args: [
        `--config.file=${join(rendered, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
        `--web.external-url=${urls.alertmanager}`,
        '--cluster.listen-address=',
        '--data.maintenance-interval=1s',
      ],
      readyUrl: `${urls.alertmanager}/-/ready`,
      readyWithinMs: READY_WITHIN_MS,
    },
    prometheus: {
      name: 'prometheus',
      command: program(['prometheus']),
      args: [
        `--config.file=${join(rendered, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        '--rules.alert.resend-delay=2s',
        '--log.level=warn',
      ],
      readyUrl: `${urls.prometheus}/-/ready`,
      readyWithinMs: READY_WITHIN_MS,
    },
  }
  const running = new Map<PartName, RunningPart>()
  const lines: string[] = []
  const start = async (name: PartName) => {
    const print = (line: string) => {
      lines.push(`${name} | ${line}`)
      if (lines.length > 400) lines.shift()
    }
    await startPart(parts[name], { print, spawned: (part) => running.set(name, part) }, abort.signal)
  }
  for (const name of ['exporter', 'alertmanager', 'prometheus'] as const) await start(name)

  return {
    simulator,
    urls,
    start,
    async kill(name) {
      const part = running.get(name)
      if (part === undefined) throw new Error(`${name} does not run`)
      running.delete(name)
      process.kill(part.pid, 'SIGKILL')
      await part.ended
    },
    slack: (alertname) => simulator.inbox.messages({ kind: 'slack' }).map(slackOf).filter(isAbout(alertname)),
    async api(path, init) {
      const answer = await fetch(`${urls.exporter}${path}`, init)
      if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`)
      return answer.json()
    },
    output: () => lines.join('\n'),
    async end() {
      for (const part of [...running.values()].reverse()) await part.end(5000)
      await simulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Renders the stack's files as an operator does, and turns Prometheus to one evaluation a second. */
function render(config: string, folder: string, urls: Readonly<Record<PartName, string>>): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['src/main.ts', 'render', '--config', config, '--out', folder, '--rules', '../rules/*.yml'],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  const path = join(folder, 'prometheus.yml')
  const prometheus = parse(readFileSync(path, 'utf8'))
  prometheus.alerting.alertmanagers[0].timeout = '2s'
  writeFileSync(path, stringify(prometheus))
  cpSync(resolve('alertmanager/templates'), join(folder, 'templates'), { recursive: true })
  if (!readFileSync(join(folder, 'alertmanager.yml'), 'utf8').includes(urls.exporter)) throw new Error('no audit')
}

function slackOf(message: InboxMessage): SlackMessage {
  return {
    atMs: message.receivedAtMs,
    title: message.subject,
    text: message.text,
    isOver: message.subject.startsWith('OVER'),
  }
}

/** `WhatsAppGatewayDown` is called Gateway Down in messages. */
function isAbout(alertname: string): (message: SlackMessage) => boolean {
  const name = alertname.replace(/^WhatsApp/, '').replace(/([a-z])([A-Z])/g, '$1 $2')
  return ({ title }) => title.includes(`: ${name}`)
}
