import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { simulatorConfigYaml } from '../../src/simulator/config-yaml.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'

/** A simulated fleet and a folder with the config.yml that watches it. */
export interface WatchedSimulator {
  readonly simulator: Simulator
  readonly folder: string
  /** Writes another config.yml for the same fleet. */
  configure(sections: Readonly<Record<string, unknown>>): void
}

/** Starts a simulated fleet for a file of tests; it ends with the file. */
export async function watchedSimulator(gateways: SimulatorOptions['gateways']): Promise<WatchedSimulator> {
  const simulator = await startSimulator({ gateways })
  const folder = mkdtempSync(join(tmpdir(), 'cli-'))
  const configure = (sections: Readonly<Record<string, unknown>>) =>
    writeFileSync(join(folder, 'config.yml'), simulatorConfigYaml({ ...simulator, sections }))
  configure({})
  afterAll(async () => {
    await simulator.close()
    rmSync(folder, { recursive: true })
  })
  return { simulator, folder, configure }
}
