import { createHash, randomBytes } from 'node:crypto'
import { type PhonePrivacy, shownText } from './accounts/privacy.ts'
import type { Config } from './config/schema.ts'
import type { DiscoverySource, Documented } from './discovery/discovery.ts'
import { discreet } from './discovery/discreet.ts'
import type { GatewayExchange } from './gateways/exchange-report.ts'
import type { Gateway, GatewayEvents } from './gateways/gateway.ts'
import type { GatewayOptions } from './gateways/options.ts'
import { openGateway } from './gateways/registry.ts'
import { windowsBetween } from './health/maintenance.ts'
import { healthPolicy, recoveryPolicy } from './health/options.ts'
import type { RecoveryPolicy } from './health/recovery.ts'
import type { MonitorPlan, WatchedGateway } from './monitor/plan.ts'
import { Secret } from './option-types.ts'
import { type Tracing, traced } from './tracing/span.ts'
import { VERSION } from './version.ts'

/** A gateway that is open, and what it was opened with. */
export interface OpenGateway {
  readonly gateway: Gateway
  readonly fingerprint: string
}

/** The part of the configuration that can be exchanged while the service runs. */
export interface ServicePlan {
  readonly monitor: MonitorPlan
  readonly sources: readonly DiscoverySource[]
  readonly gateways: ReadonlyMap<string, OpenGateway>
  /** Gateways of the plan before that are not in this one. */
  readonly retired: readonly Gateway[]
}

/** Turns a configuration into policies and open gateways; a gateway whose options did not change stays open. */
export function servicePlan(
  config: Config,
  before: ReadonlyMap<string, OpenGateway>,
  deps: {
    readonly events: GatewayEvents
    readonly nowMs: () => number
    /** Maintenance windows. @default those of the configuration */
    readonly windows?: MonitorPlan['windows']
    /** What the database of `discovery.mongodb` says of a gateway; asked where one is configured. */
    readonly documented?: (gateway: string) => Documented | null
    /** Whether this exporter may change anything at a gateway now. @default it always may */
    readonly mayRepair?: () => boolean
    readonly onExchange?: (exchange: GatewayExchange) => void
    readonly tracing?: Tracing | undefined
  },
): ServicePlan {
  const privacy = privacyOf(config)
  const { mayRepair = () => true } = deps
  const gateways = new Map<string, OpenGateway>()
  for (const options of config.gateways) {
    const fingerprint = fingerprintOf([options, config.checks.timeout, config.privacy])
    const known = before.get(options.name)
    const open = () =>
      openGateway(options, {
        events: { unmapped: (name, what) => deps.events.unmapped(name, shownText(what, privacy)) },
        checkTimeoutMs: config.checks.timeout,
        now: deps.nowMs,
        version: VERSION,
        tracing: deps.tracing,
        ...(deps.onExchange === undefined ? {} : { onExchange: deps.onExchange }),
      })
    gateways.set(
      options.name,
      known?.fingerprint === fingerprint
        ? known
        : { gateway: fenced(discreet(open(), privacy), mayRepair), fingerprint },
    )
  }
  const opened = (options: GatewayOptions) => {
    const found = gateways.get(options.name)
    if (found === undefined) throw new Error(`gateway ${options.name} was not opened`)
    return found.gateway
  }
  const kept = new Set([...gateways.values()].map(({ gateway }) => gateway))
  return {
    gateways,
    retired: [...before.values()].map(({ gateway }) => gateway).filter((gateway) => !kept.has(gateway)),
    sources: config.gateways.map((options) => sourceOf(config, options, opened(options), deps)),
    monitor: {
      gateways: config.gateways.map((options) => watchedOf(config, options, opened(options))),
      intervalMs: config.checks.interval,
      concurrency: config.checks.concurrency,
      startGroup: config.checks.startGroup,
      uplink: config.checks.uplink,
      uplinkTimeoutMs: config.checks.timeout,
      unhealthyAfter: config.health.unhealthyAfter,
      recovery: fencedPolicy(recoveryPolicy(config.recovery), mayRepair),
      missingForMs: config.discovery.missingFor,
      windows: deps.windows ?? ((fromMs, toMs) => windowsBetween(config.maintenance, fromMs, toMs)),
    },
  }
}

/** No attempt is made, and none is counted, while another exporter may hold our part of the fleet. */
function fencedPolicy(policy: RecoveryPolicy, mayRepair: () => boolean): RecoveryPolicy {
  return {
    ...policy,
    get mode() {
      return mayRepair() ? policy.mode : 'off'
    },
  }
}

/** The last look before a restart is sent: the process may have been paused since it decided. */
function fenced(gateway: Gateway, mayRepair: () => boolean): Gateway {
  const { restart } = gateway
  if (restart === undefined) return gateway
  return {
    ...gateway,
    restart: async (account, signal) =>
      mayRepair()
        ? await restart(account, signal)
        : {
            accepted: false,
            needsHuman: false,
            detail: 'Not sent: another exporter may watch this part of the fleet.',
          },
  }
}

function watchedOf(config: Config, options: GatewayOptions, gateway: Gateway): WatchedGateway {
  const timeoutMs = options.timeout ?? config.checks.timeout
  const health = healthPolicy(config.health, config.checks.interval, timeoutMs)
  return {
    gateway,
    url: shownUrl(options.url),
    labels: options.labels,
    connections: options.connections,
    timeoutMs,
    whole: gateway.checkAll !== undefined,
    health: options.staleAfter === undefined ? health : { ...health, staleAfterMs: options.staleAfter },
  }
}

function sourceOf(
  config: Config,
  options: GatewayOptions,
  gateway: Gateway,
  deps: { readonly tracing?: Tracing | undefined; readonly documented?: (gateway: string) => Documented | null },
): DiscoverySource {
  const { tracing, documented } = deps
  const hasDatabase = config.discovery.mongodb !== undefined && documented !== undefined
  return {
    gateway: tracing === undefined ? gateway : tracedListing(gateway, tracing),
    discover: options.discover,
    accounts: options.accounts,
    ...(hasDatabase ? { documented: () => documented(options.name) } : {}),
    labels: options.labels,
    objective: options.objective ?? config.slo.objective,
    desired: options.desired ?? 'any',
    privacy: privacyOf(config),
  }
}

/** How phone numbers are shown, with the key in the clear. */
export function privacyOf({ privacy }: Config): PhonePrivacy {
  return { mode: privacy.phone, key: privacy.key?.reveal() ?? '' }
}

/** A round of discovery is a trace of its own. */
function tracedListing(gateway: Gateway, tracing: Tracing): Gateway {
  const { listAccounts } = gateway
  if (listAccounts === undefined) return gateway
  return {
    ...gateway,
    listAccounts: (signal) =>
      traced(tracing, 'discovery', { detached: true, attributes: { 'whatsapp.gateway': gateway.name } }, () =>
        listAccounts(signal),
      ),
  }
}

/** What traces may show of a text: never a whole phone number, because they are read by others than the pages are. */
export function traceText(config: Config): (text: string) => string {
  const privacy = privacyOf(config)
  // With a key that anybody knows, the tag of a masked number could be tried out.
  const key = randomBytes(16).toString('hex')
  const shown: PhonePrivacy = privacy.mode === 'full' ? { mode: 'masked', key } : privacy
  return (text) => shownText(text, shown)
}

function shownUrl(text: string): string {
  const url = new URL(text)
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}`
}

/** Two options with the same print are the same; secrets are in it, but cannot be read back. */
function fingerprintOf(value: unknown): string {
  const secrets: string[] = []
  collectSecrets(value, secrets)
  return createHash('sha256').update(JSON.stringify(value)).update('\0').update(secrets.join('\0')).digest('base64url')
}

function collectSecrets(value: unknown, found: string[]): void {
  if (value instanceof Secret) found.push(value.reveal())
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) collectSecrets(item, found)
}
