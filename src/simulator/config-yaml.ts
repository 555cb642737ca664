import { stringify } from 'yaml'
import { wabaIdOf } from './dialects/cloud-api.ts'
import { GOWA_USER } from './dialects/gowa.ts'
import type { GatewaySpec } from './options.ts'

/** What the configuration of a simulated fleet is made from. */
export interface SimulatorConfigOptions {
  /** Address of the simulator. */
  readonly url: string
  /** Its gateways, as `Simulator.gateways` gives them. */
  readonly gateways: readonly GatewaySpec[]
  /** SMTP port of its inbox; null: no e-mail receiver. */
  readonly smtpPort: number | null
  /** More sections of config.yml; where we have the same section, their options win over ours one by one. */
  readonly sections?: Readonly<Record<string, unknown>>
}

/** The text of a config.yml with which the exporter watches a simulated fleet and sends its alerts to the inbox. */
export function simulatorConfigYaml({ url, gateways, smtpPort, sections = {} }: SimulatorConfigOptions): string {
  const { host } = new URL(url)
  const severities = ['critical', 'warning']
  const email = {
    smtp: { smarthost: `${host.replace(/:\d+$/, '')}:${smtpPort}`, from: 'alerts@example.org', requireTls: false },
    email: [{ name: 'demo-email', severities, to: ['oncall@example.org'] }],
  }
  const own: Readonly<Record<string, object>> = {
    gateways: gateways.map((spec) => gatewaySection(spec, url)),
    // The one address behind everything: when it is silent, the exporter is blind and no gateway is down.
    checks: { uplink: [host] },
    alerting: {
      groupWait: '5s',
      groupInterval: '30s',
      slack: [{ name: 'demo-slack', severities, webhookUrl: `${url}/inbox/slack/demo`, channel: '#whatsapp' }],
      ...(smtpPort === null ? {} : email),
    },
  }
  const config = {
    ...own,
    ...Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, merged(own[name], section)])),
  }
  const head =
    '# Made by the simulator: watches a fleet of accounts that do not exist. The keys in it are no secrets.\n'
  return head + stringify(config, { aliasDuplicateObjects: false })
}

function merged(own: object | undefined, theirs: unknown): unknown {
  const areMappings = own !== undefined && typeof theirs === 'object' && theirs !== null && !Array.isArray(theirs)
  return areMappings ? { ...own, ...theirs } : theirs
}

function gatewaySection(spec: GatewaySpec, url: string): object {
  const { name, dialect } = spec
  const section = { name, driver: dialect, url: `${url}/${name}`, ...authSection(spec), discover: true }
  return dialect === 'cloud-api' ? { ...section, wabaId: wabaIdOf(name) } : section
}

function authSection({ dialect, apiKey }: GatewaySpec): object {
  switch (dialect) {
    case 'waha':
    case 'evolution':
      return { auth: { apiKey } }
    case 'wppconnect':
      return { auth: { secretKey: apiKey } }
    case 'gowa':
      return { auth: { username: GOWA_USER, password: apiKey } }
    case 'cloud-api':
      return { auth: { accessToken: apiKey } }
    case 'http':
      return apiKey === '' ? {} : { auth: { bearerToken: apiKey } }
  }
}
