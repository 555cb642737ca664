import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { simulatorConfigYaml } from '../../src/simulator/config-yaml.ts'
import { demoFleet } from '../../src/simulator/demo-fleet.ts'
import { GatewaySpec } from '../../src/simulator/options.ts'
import { exporterCommand, program, type StackPlan } from './plan.ts'
import { freePort } from './ports.ts'

const WANTED = {
  exporter: 19_292,
  prometheus: 9_090,
  alertmanager: 9_093,
  grafana: 3_000,
  simulator: 19_300,
  smtp: 19_325,
}

/** A demo is watched for minutes: checks and repairs come soon. */
export const DEMO_SECTIONS = {
  checks: { interval: '5s', timeout: '3s' },
  // In step with checks three times as frequent as usual: a restart that did not help is tried again soon.
  recovery: { verifyWithin: '30s' },
}

/** The stack on a simulated fleet: every port gives way where it is taken. */
export async function demoPlan(dataPath: string): Promise<StackPlan> {
  const folder = join(dataPath, 'demo')
  const configPath = join(folder, 'config.yml')
  const renderedPath = join(folder, 'rendered')
  await mkdir(renderedPath, { recursive: true })
  const taken = new Set<number>()
  const port = async (wanted: number) => {
    const free = await freePort(wanted, taken)
    taken.add(free)
    return free
  }
  const ports = {
    exporter: await port(WANTED.exporter),
    prometheus: await port(WANTED.prometheus),
    alertmanager: await port(WANTED.alertmanager),
    grafana: await port(WANTED.grafana),
    simulator: await port(WANTED.simulator),
    smtp: await port(WANTED.smtp),
  }
  const local = (number: number) => `http://127.0.0.1:${number}`
  const gateways = demoFleet().map((spec) => GatewaySpec.parse(spec))
  const config = simulatorConfigYaml({
    url: local(ports.simulator),
    gateways,
    smtpPort: ports.smtp,
    sections: {
      ...DEMO_SECTIONS,
      api: { listen: `127.0.0.1:${ports.exporter}` },
      prometheus: { url: local(ports.prometheus) },
      alerting: { url: local(ports.alertmanager) },
      store: { path: join(folder, 'exporter.db') },
      grafana: { url: local(ports.grafana) },
    },
  })
  await writeFile(configPath, config)
  // Its warnings are about keys that open nothing.
  exporterCommand(['render', '--config', configPath, '--out', renderedPath], 'quiet')
  return {
    configPath,
    dataPath: folder,
    renderedPath,
    exporterUrl: local(ports.exporter),
    prometheus: { url: local(ports.prometheus), program: program(['prometheus']) },
    alertmanager: { url: local(ports.alertmanager), program: program(['prometheus-alertmanager', 'alertmanager']) },
    grafanaUrl: local(ports.grafana),
    simulator: { url: local(ports.simulator), port: ports.simulator, smtpPort: ports.smtp },
  }
}
