// `make up`: exporter, Prometheus and Alertmanager (and Grafana where it is installed) in the foreground.

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type RunningPart, startPart } from './stack/child.ts'
import { demoPlan } from './stack/demo.ts'
import { grafanaPart } from './stack/grafana.ts'
import { alertmanagerPart, exporterPart, prometheusPart, simulatorPart } from './stack/parts.ts'
import { realPlan, type StackPlan } from './stack/plan.ts'

const COLOURS = [36, 33, 35, 32, 34]
const DATA = resolve('.data')
const PID_FILE = join(DATA, 'stack.pids')

process.exitCode = await main()

async function main(): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) return
      process.stdout.write('\nEnding all parts ...\n')
      abort.abort()
    })
  }
  await mkdir(DATA, { recursive: true })
  await refuseSecondStack()

  const running: RunningPart[] = []
  let failure: string | null = null
  try {
    const plan = existsSync('config.yml') ? await realPlan('config.yml', DATA) : await demoPlan(DATA)
    const grafana = grafanaPart(plan)
    const parts = [
      ...(plan.simulator === null ? [] : [simulatorPart(plan.simulator)]),
      exporterPart(plan),
      ...(plan.alertmanager === null ? [] : [alertmanagerPart(plan, plan.alertmanager)]),
      ...(plan.prometheus === null ? [] : [prometheusPart(plan, plan.prometheus)]),
      ...(grafana === null ? [] : [grafana]),
    ]
    const width = Math.max(...parts.map((part) => part.name.length))
    for (const [index, part] of parts.entries()) {
      const print = prefixed(part.name.padEnd(width), COLOURS[index % COLOURS.length] ?? 0)
      running.push(await startPart(part, print, abort.signal))
      await writeFile(PID_FILE, running.map((one) => `${one.pid} ${one.name}`).join('\n'))
    }
    announce(plan, grafana !== null)
    await Promise.race([once(abort.signal, 'abort'), ...running.map(async (part) => fail(await part.ended))])
  } catch (error) {
    if (!abort.signal.aborted) failure = error instanceof Error ? error.message : String(error)
  }
  // The watchers go before what they watch, so that no false alarm is recorded on the way down.
  for (const part of running.reverse()) await part.end(10_000)
  await rm(PID_FILE, { force: true })
  if (failure !== null) process.stderr.write(`\n${failure}\n`)
  return failure === null ? 0 : 1
}

function fail(how: string): never {
  throw new Error(`${how}; the other parts are ended too. Its last lines are above.`)
}

function prefixed(name: string, colour: number): (line: string) => void {
  const prefix = process.stdout.isTTY ? `\u001b[${colour}m${name}\u001b[0m | ` : `${name} | `
  return (line) => process.stdout.write(`${prefix}${line}\n`)
}

async function refuseSecondStack(): Promise<void> {
  const pids = await readFile(PID_FILE, 'utf8').catch(() => '')
  const alive = pids.split('\n').filter((line) => line !== '' && isAlive(Number(line.split(' ')[0])))
  if (alive.length === 0) return
  process.stderr.write(
    `An earlier stack still runs (process id and name):\n${alive.join('\n')}\nEnd it first: kill ${alive.map((line) => line.split(' ')[0]).join(' ')}\n`,
  )
  process.exit(2)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function announce(plan: StackPlan, withGrafana: boolean): void {
  const lines = [
    '',
    plan.simulator === null
      ? 'Watching the fleet of config.yml.'
      : 'No config.yml here: watching a simulated fleet of 24 accounts with scripted faults.',
    `  Status page    ${plan.exporterUrl}/`,
    `  Metrics        ${plan.exporterUrl}/metrics`,
    ...(plan.prometheus === null ? [] : [`  Prometheus     ${plan.prometheus.url}/alerts`]),
    ...(plan.alertmanager === null ? [] : [`  Alertmanager   ${plan.alertmanager.url}/`]),
    ...(plan.simulator === null
      ? []
      : [
          `  Simulator      ${plan.simulator.url}/sim   (pull a plug here)`,
          `  Inbox          ${plan.simulator.url}/inbox   (Slack messages and e-mails land here)`,
        ]),
    ...(withGrafana ? [`  Grafana        ${plan.grafanaUrl}/`] : []),
    plan.simulator === null
      ? ''
      : '  Your own fleet: cp config.example.yml config.yml, edit it, and run make up again.',
    '  Ctrl-C ends all parts. Data stays in .data/.',
    '',
  ]
  process.stdout.write(lines.join('\n'))
}
