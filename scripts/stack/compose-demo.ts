import { simulatorConfigYaml } from '../../src/simulator/config-yaml.ts'
import { demoFleet } from '../../src/simulator/demo-fleet.ts'
import { GatewaySpec } from '../../src/simulator/options.ts'
import { DEMO_SECTIONS } from './demo.ts'

/** The config.yml of the demo in containers, where the simulator is reached as `simulator`. */
export function composeDemoConfig(): string {
  return simulatorConfigYaml({
    url: 'http://simulator:19300',
    gateways: demoFleet().map((spec) => GatewaySpec.parse(spec)),
    smtpPort: 19_325,
    sections: { ...DEMO_SECTIONS, grafana: { url: 'http://127.0.0.1:3000' } },
  })
}
