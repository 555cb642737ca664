import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { createLog } from '../../src/cli/log.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Service, type ServiceParts, startService } from '../../src/service.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'
import { type ApiClient, apiClient } from './api-client.ts'
import { until } from './until.ts'

type Entry = Readonly<Record<string, unknown>>
type Sections = Readonly<Record<string, Entry | readonly Entry[]>>

/** Options that let an incident come and go within seconds. */
const QUICK = {
  checks: { interval: '1s', timeout: '900ms' },
  health: { unhealthyAfter: 2, healthyAfter: 2, slowAfter: '850ms' },
  recovery: {
    backoff: { initial: '1s', max: '1s' },
    verifyWithin: '5s',
    budgetReset: '10s',
    perGateway: { breakerMinimum: 100 },
  },
  discovery: { interval: '5s' },
}

const AUTH: Readonly<Record<string, Entry>> = {
  http: { bearerToken: 'demo-key' },
  waha: { apiKey: 'demo-key' },
  evolution: { apiKey: 'demo-key' },
}

/** A folder with a simulator's gateways and a configuration that watches them. */
export interface Scene {
  readonly folder: string
  readonly configFile: string
  readonly storeFile: string
  readonly simulator: Simulator
  /** Writes the file anew: the quick options, an entry per gateway, and what is given over both. */
  configure(sections?: Sections, entries?: Readonly<Record<string, Entry>>): Promise<void>
}

export interface SceneOptions {
  readonly simulator: SimulatorOptions
  /** Sections over the quick options. */
  readonly config?: Sections
  /** Options of the gateways' entries, by name. */
  readonly entries?: Readonly<Record<string, Entry>> | ((simulator: Simulator) => Readonly<Record<string, Entry>>)
}

export async function setScene(context: TestContext, options: SceneOptions): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'exporter-service-'))
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const simulator = await startSimulator({ repairMs: 300, ...options.simulator })
  context.onTestFinished(() => simulator.close())
  const configFile = join(folder, 'config.yml')
  const storeFile = join(folder, 'exporter.db')
  const usual = typeof options.entries === 'function' ? options.entries(simulator) : options.entries
  const configure: Scene['configure'] = async (sections = {}, entries = {}) => {
    const gateways = simulator.gateways.map(({ name, dialect }) => ({
      name,
      driver: dialect,
      url: simulator.gatewayUrl(name),
      auth: AUTH[dialect],
      discover: true,
      ...usual?.[name],
      ...entries[name],
    }))
    const config: Record<string, unknown> = {
      gateways,
      ...QUICK,
      store: { path: storeFile, journal: { retryMax: '1s' } },
      api: { listen: '127.0.0.1:0', drain: '2s' },
    }
    for (const [name, section] of Object.entries({ ...options.config, ...sections }))
      config[name] = Array.isArray(section) ? section : { ...(config[name] ?? {}), ...section }
    // JSON is YAML.
    await writeFile(configFile, JSON.stringify(config, null, 2))
  }
  await configure()
  return { folder, configFile, storeFile, simulator, configure }
}

/** A service in this process, and what it said. */
export interface World extends Scene, ApiClient {
  readonly service: Service
  /** Every line of the log, as the operator gets it. */
  readonly lines: readonly string[]
  /** Injects a fault into an account (`gateway/account`) or a gateway. */
  fault(target: string, fault: string, more?: Entry): void
  heal(target: string): void
}

export async function startWorld(
  context: TestContext,
  options: SceneOptions & { readonly parts?: Partial<ServiceParts> },
): Promise<World> {
  const scene = await setScene(context, options)
  const { service, lines } = await startIn(context, scene, options.parts)
  await service.ready
  return { ...scene, ...apiClient(service.url), service, lines, ...steering(scene.simulator) }
}

/** Starts a service over the configuration of a scene; it is stopped when the test is over. */
export async function startIn(context: TestContext, scene: Scene, parts: Partial<ServiceParts> = {}) {
  const lines: string[] = []
  const log = createLog({ write: (line) => void lines.push(line) }, { LOG_LEVEL: 'debug' })
  const readConfig = () => loadConfig(scene.configFile, {})
  const loaded = readConfig()
  if (!loaded.ok) throw new Error(`the test's configuration has faults: ${JSON.stringify(loaded.faults)}`)
  const service = await startService(loaded, { log, readConfig, ...parts })
  context.onTestFinished(() => service.stop())
  return { service, lines }
}

export function steering(simulator: Simulator): Pick<World, 'fault' | 'heal'> {
  const named = (target: string) => (target.includes('/') ? { account: target } : { gateway: target })
  return {
    fault(target, fault, more = {}) {
      // The simulator checks the order, and throws on a wrong word.
      simulator.control.inject({ ...named(target), fault, ...more } as Parameters<typeof simulator.control.inject>[0])
    },
    heal(target) {
      const slash = target.indexOf('/')
      if (slash < 0) simulator.control.heal({ gateway: target })
      else simulator.control.heal({ gateway: target.slice(0, slash), account: target.slice(slash + 1) })
    },
  }
}

/** Requests that the simulator got on endpoints that match. */
export function requestsTo({ simulator }: Scene, gateway: string, endpoint: RegExp): number {
  const counts = simulator.control.requests().filter((each) => each.gateway === gateway && endpoint.test(each.endpoint))
  return counts.reduce((sum, { count }) => sum + count, 0)
}

/** Waits until every account was checked so often since it was first seen. */
export async function checkedTimes(world: World, times: number): Promise<void> {
  await until(`${times} checks of every account`, () => {
    const accounts = [...world.service.monitor.fleet.accounts()]
    return accounts.length > 0 && accounts.every(({ health }) => health.counters.checks >= times)
  })
}
