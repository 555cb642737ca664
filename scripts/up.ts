// `make up`: exporter, Prometheus and Alertmanager (and Grafana where it is installed) in the foreground.

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningPart, startPart } from './stack/child.ts'
import { demoPlan } from './stack/demo.ts'
import { grafanaPart } from './stack/grafana.ts'
import { alertmanagerPart, exporterPart, prometheusPart, simulatorPart } from './stack/parts.ts'
import { pidFile } from './stack/pid-file.ts'
import { realPlan, refuseTakenPort, type StackPlan } from './stack/plan.ts'

const COLOURS = [36, 33, 35, 32, 34]
const END_PART_MS = 10_000

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
process.exitCode = await main(resolve('.data'))

async function main(data: string): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) return
      process.stdout.write('\nEnding all parts ...\n')
      abort.abort()
    })
  }
  // Who reads along may leave (`make up | head`); the parts must not stay behind.
  process.stdout.on('error', () => abort.abort())

  await mkdir(data, { recursive: true })
  const pids = pidFile(join(data, 'stack.pids'))
  const earlier = await pids.alive()
  if (earlier.length > 0) {
    const list = earlier.map(({ pid, name }) => `  ${pid} ${name}`).join('\n')
    const numbers = earlier.map(({ pid }) => pid).join(' ')
    process.stderr.write(`A stack runs here already (process id and name):\n${list}\nEnd it first: kill ${numbers}\n`)
    return 2
  }

  const running: RunningPart[] = []
  const writePids = () => pids.write([{ pid: process.pid, name: 'make-up' }, ...running])
  // The last resort, should this process fail: nothing that it started outlives it.
  process.on('exit', () => {
    for (const part of running) part.kill()
  })
  let failure: string | null = null
  try {
    await writePids()
    const plan = existsSync('config.yml') ? await realPlan('config.yml', data) : await demoPlan(data)
    const grafana = grafanaPart(plan)
    if (grafana !== null && plan.simulator === null)
      await refuseTakenPort('Grafana (grafana.url)', plan.grafanaUrl, 'config.yml')
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
      if (!abort.signal.aborted) await startPart(part, { print, spawned: (one) => running.push(one) }, abort.signal)
      await writePids()
    }
    if (!abort.signal.aborted) {
      announce(plan, grafana !== null)
      await Promise.race([once(abort.signal, 'abort'), ...running.map(async (part) => fail(await part.ended))])
    }
  } catch (error) {
    if (!abort.signal.aborted) failure = error instanceof Error ? error.message : String(error)
  }
  // The watchers go before what they watch, so that no false alarm is recorded on the way down.
  for (const part of running.toReversed()) await part.end(END_PART_MS)
  running.length = 0
  await pids.remove()
  if (failure !== null) process.stderr.write(`\n${failure}\n`)
  return failure === null ? 0 : 1
}

function fail(how: string): never {
  throw new Error(`${how}; the other parts are ended too. Its last lines are above.`)
}

function prefixed(name: string, colour: number): (line: string) => void {
  const prefix = process.stdout.isTTY ? `\u001b[${colour}m${name}\u001b[0m | ` : `${name} | `
  return (line) => void process.stdout.write(`${prefix}${line}\n`)
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
    ...(plan.simulator === null
      ? []
      : ['  Your own fleet: cp config.example.yml config.yml, edit it, and run make up again.']),
    '  Ctrl-C ends all parts. Data stays in .data/.',
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
