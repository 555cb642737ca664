import { join } from 'node:path'
import { START_OPTIONS } from '../../src/young-generation.ts'
import type { Part } from './child.ts'
import { portOf, type SimulatorPlan, type StackPlan } from './plan.ts'

const READY_WITHIN_MS = 30_000

/** Keeps 40 days, so that a 30-day window is really 30 days (the default would cut it to 15). */
const RETENTION = '40d'

export function simulatorPart(simulator: SimulatorPlan): Part {
  return {
    name: 'simulator',
    command: process.execPath,
    args: ['src/main.ts', 'simulate', '--port', String(simulator.port), '--smtp-port', String(simulator.smtpPort)],
    readyUrl: `${simulator.url}/sim/api/accounts`,
    readyWithinMs: READY_WITHIN_MS,
  }
}

export function exporterPart(plan: StackPlan): Part {
  return {
    name: 'exporter',
    command: process.execPath,
    args: [...START_OPTIONS, 'src/main.ts', 'serve', '--config', plan.configPath],
    env: { LOG_FORMAT: 'text' },
    readyUrl: `${plan.exporterUrl}/-/ready`,
    readyWithinMs: READY_WITHIN_MS,
  }
}

export function prometheusPart(plan: StackPlan, prometheus: { url: string; program: string }): Part {
  return {
    name: 'prometheus',
    command: prometheus.program,
    args: [
      `--config.file=${join(plan.renderedPath, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(plan.dataPath, 'prometheus')}`,
      `--storage.tsdb.retention.time=${RETENTION}`,
      `--web.listen-address=127.0.0.1:${portOf(prometheus.url)}`,
      `--web.external-url=${prometheus.url}`,
      '--web.enable-lifecycle',
      '--log.level=warn',
    ],
    readyUrl: `${prometheus.url}/-/ready`,
    readyWithinMs: READY_WITHIN_MS,
  }
}

export function alertmanagerPart(plan: StackPlan, alertmanager: { url: string; program: string }): Part {
  return {
    name: 'alertmanager',
    command: alertmanager.program,
    args: [
      `--config.file=${join(plan.renderedPath, 'alertmanager.yml')}`,
      `--storage.path=${join(plan.dataPath, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${portOf(alertmanager.url)}`,
      `--web.external-url=${alertmanager.url}`,
      // One Alertmanager: no gossip port to open.
      '--cluster.listen-address=',
      // What was told survives a crash but for the last seconds, so that little is told twice (the default is 15 minutes).
      '--data.maintenance-interval=15s',
      '--log.level=warn',
    ],
    readyUrl: `${alertmanager.url}/-/ready`,
    readyWithinMs: READY_WITHIN_MS,
  }
}
