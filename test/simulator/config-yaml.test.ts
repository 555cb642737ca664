import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config/load.ts'
import { simulatorConfigYaml } from '../../src/simulator/config-yaml.ts'
import { DIALECTS } from '../../src/simulator/options.ts'
import { simulated } from './simulated.ts'

const everyDialect = DIALECTS.map((dialect) => ({ name: `my-${dialect}`, dialect, accounts: 1 }))

test('the exporter accepts the configuration of every simulated gateway', async () => {
  const simulator = await simulated({ gateways: everyDialect, smtpPort: 0 })
  const loaded = parseConfig(simulatorConfigYaml(simulator), '.', {})
  expect(loaded.ok ? [] : loaded.faults).toEqual([])
  expect(loaded.ok ? loaded.config.gateways.map(({ name, driver, url }) => ({ name, driver, url })) : []).toEqual(
    DIALECTS.map((driver) => ({ name: `my-${driver}`, driver, url: simulator.gatewayUrl(`my-${driver}`) })),
  )
})

test('without SMTP there is no e-mail receiver, and options of the caller win, one by one', async () => {
  const simulator = await simulated({ gateways: everyDialect })
  const sections = { api: { listen: '127.0.0.1:0' }, checks: { interval: '1s' } }
  const config = parse(simulatorConfigYaml({ ...simulator, sections }))
  expect(config.alerting).not.toHaveProperty('email')
  expect(config).toMatchObject(sections)
  expect(config.checks.uplink).toEqual([new URL(simulator.url).host])
})
