import { authRequired, isLoopback } from '../api/options.ts'
import { nearestWord } from '../nearest-word.ts'
import { type AlertingOptions, SEVERITIES } from '../notifications/options.ts'
import type { OptionPath } from './fault.ts'
import type { Finding } from './issues.ts'
import type { Config } from './schema.ts'

/**
 * Burn rate of the fastest page: 2 % of a 30-day budget within one hour.
 * Source: Google SRE workbook, "Alerting on SLOs", table 5-8.
 */
const PAGE_BURN_RATE = 14.4

/** Name of the receiver that records at the exporter what Alertmanager sent; no receiver of the operator may take it. */
export const AUDIT_RECEIVER = 'exporter-audit'

type Sections = Partial<Config>

/** Faults that take more than one option to see. A section that is itself faulty is absent and is not judged. */
export function crossFaults(config: Sections): readonly Finding[] {
  return [
    ...timeoutFaults(config),
    ...objectiveFaults(config),
    ...discoveryFaults(config),
    ...shardFaults(config),
    ...alertingFaults(config),
  ]
}

/** Things that work, and that the operator probably did not mean. */
export function crossWarnings(config: Sections): readonly Finding[] {
  return [
    ...slowWarnings(config),
    ...duplicatePhones(config),
    ...strangerWarnings(config),
    ...receiverWarnings(config),
    ...accessWarnings(config),
    ...uplinkWarnings(config),
    ...shardWarnings(config),
  ]
}

function timeoutFaults({ checks, gateways }: Sections): readonly Finding[] {
  if (checks === undefined) return []
  const rule = 'must be shorter than checks.interval'
  const hint = 'Lower it or raise the interval'
  const late = (gateways ?? []).flatMap(({ timeout }, index) =>
    timeout === undefined || timeout < checks.interval ? [] : [finding(['gateways', index, 'timeout'], rule, hint)],
  )
  return checks.timeout < checks.interval ? late : [finding(['checks', 'timeout'], rule, hint), ...late]
}

function objectiveFaults({ slo, gateways }: Sections): readonly Finding[] {
  const objectives: [OptionPath, number | undefined][] = [[['slo', 'objective'], slo?.objective]]
  for (const [index, gateway] of (gateways ?? []).entries()) {
    objectives.push([['gateways', index, 'objective'], gateway.objective])
    for (const [place, { objective }] of gateway.accounts.entries()) {
      objectives.push([['gateways', index, 'accounts', place, 'objective'], objective])
    }
  }
  return objectives.flatMap(([path, objective]) => {
    if (objective === undefined || PAGE_BURN_RATE * (1 - objective) < 1) return []
    const worst = Number((1 / (1 - objective)).toFixed(2))
    const rule = `is an objective whose page can never fire: even a full outage burns its budget only 1 / (1 - ${objective}) = ${worst} times as fast as allowed, and the page needs ${PAGE_BURN_RATE} times`
    return [finding(path, rule, 'Set it above 0.9306')]
  })
}

/** Gateways without any source of accounts, and a database whose documents belong to a gateway that is not there. */
function discoveryFaults({ gateways, discovery }: Sections): readonly Finding[] {
  if (gateways === undefined || discovery === undefined) return []
  const { mongodb } = discovery
  const faults: Finding[] = []
  for (const [index, { discover, accounts }] of gateways.entries()) {
    if (discover || accounts.length > 0 || mongodb !== undefined) continue
    const rule = 'watches nothing: discover is false and accounts is empty'
    faults.push(finding(['gateways', index, 'accounts'], rule, 'Set one of them, or discovery.mongodb'))
  }
  const names = gateways.map(({ name }) => name)
  if (mongodb?.gateway !== undefined && !names.includes(mongodb.gateway)) {
    faults.push(finding(['discovery', 'mongodb', 'gateway'], 'is no gateway', meantOf(mongodb.gateway, names)))
  }
  return faults
}

function shardFaults({ sharding }: Sections): readonly Finding[] {
  if (sharding === undefined || sharding.ordinal === 'hostname' || sharding.ordinal < sharding.total) return []
  const rule = `must be below sharding.total (${sharding.total})`
  return [finding(['sharding', 'ordinal'], rule, `Ordinals count from 0: the last one is ${sharding.total - 1}`)]
}

const RECEIVER_KINDS = ['slack', 'email', 'sms', 'webhook'] as const

function alertingFaults({ alerting }: Sections): readonly Finding[] {
  if (alerting === undefined) return []
  const faults: Finding[] = []
  const names = new Set<string>([AUDIT_RECEIVER])
  const intervals = alerting.timeIntervals.map(({ name }) => name)
  for (const [path, receiver] of receiversOf(alerting)) {
    if (names.has(receiver.name)) {
      faults.push(finding([...path, 'name'], 'is the name of another receiver', 'Rename one of them'))
    }
    names.add(receiver.name)
    for (const option of ['activeIn', 'muteIn'] as const) {
      for (const [index, name] of receiver[option].entries()) {
        if (intervals.includes(name)) continue
        faults.push(finding([...path, option, index], 'is no time interval', meantOf(name, intervals)))
      }
    }
  }
  for (const [index, name] of intervals.entries()) {
    if (intervals.indexOf(name) === index) continue
    const path = ['alerting', 'timeIntervals', index, 'name']
    faults.push(finding(path, 'is the name of another time interval', 'Rename one of them'))
  }
  return faults
}

function receiversOf(alerting: AlertingOptions) {
  return RECEIVER_KINDS.flatMap((kind) =>
    alerting[kind].map((receiver, index) => [['alerting', kind, index] as OptionPath, receiver] as const),
  )
}

function slowWarnings({ checks, health }: Sections): readonly Finding[] {
  if (checks === undefined || health === undefined || health.slowAfter < checks.timeout) return []
  const rule = 'is not shorter than checks.timeout, so that no answer is ever called slow'
  return [finding(['health', 'slowAfter'], rule, 'Lower it')]
}

function duplicatePhones({ gateways }: Sections): readonly Finding[] {
  const seen = new Map<string, string>()
  const warnings: Finding[] = []
  for (const [index, gateway] of (gateways ?? []).entries()) {
    for (const [place, { account, phone }] of gateway.accounts.entries()) {
      if (phone === undefined) continue
      const first = seen.get(phone)
      const here = `${gateway.name}/${account}`
      if (first === undefined) seen.set(phone, here)
      else {
        const path = ['gateways', index, 'accounts', place, 'phone']
        const hint = 'Two sessions with one number push each other out, unless they are linked devices'
        warnings.push(finding(path, `is also the number of ${first}`, hint))
      }
    }
  }
  return warnings
}

/** Gateways and accounts that are named in windows and schedules and do not exist. */
function strangerWarnings({ gateways, discovery, maintenance, reports }: Sections): readonly Finding[] {
  if (gateways === undefined) return []
  const gatewayNames = gateways.map(({ name }) => name)
  const allListed = discovery?.mongodb === undefined && gateways.every(({ discover }) => !discover)
  const ids = new Set(
    gateways.flatMap(({ name, accounts }) =>
      accounts.flatMap(({ account, phone }) => [account, `${name}/${account}`, phone ?? account]),
    ),
  )
  const selections: [
    OptionPath,
    { gateways?: readonly string[] | undefined; accounts?: readonly string[] | undefined },
  ][] = [
    ...(maintenance ?? []).map(({ select }, index) => [['maintenance', index], select] as const),
    ...(reports?.schedules ?? []).map(
      ({ select }, index) => [['reports', 'schedules', index, 'select'], select] as const,
    ),
  ].map(([path, select]) => [path, select])
  return selections.flatMap(([path, select]) => [
    ...(select.gateways ?? []).flatMap((name, index) =>
      gatewayNames.includes(name)
        ? []
        : [finding([...path, 'gateways', index], 'is no gateway of this file', meantOf(name, gatewayNames))],
    ),
    ...(select.accounts ?? []).flatMap((id, index) =>
      !allListed || ids.has(id)
        ? []
        : [finding([...path, 'accounts', index], 'is no account of this file', meantOf(id, [...ids]))],
    ),
  ])
}

function receiverWarnings({ alerting }: Sections): readonly Finding[] {
  if (alerting === undefined) return []
  const receivers = receiversOf(alerting).map(([, receiver]) => receiver)
  if (receivers.length === 0) {
    const hint = 'Add one under alerting.slack, email, sms or webhook'
    return [finding(['alerting'], 'has no receiver: alerts are recorded and shown, and nobody is told', hint, false)]
  }
  const untold = SEVERITIES.slice(0, 1).filter(
    (severity) => !receivers.some(({ severities, labels }) => severities.includes(severity) && isEmpty(labels)),
  )
  return untold.map((severity) => {
    const rule = `has no receiver that takes every ${severity} alert`
    return finding(['alerting'], rule, `Give one receiver severity ${severity} and no labels`, false)
  })
}

function accessWarnings({ api, prometheus, alerting }: Sections): readonly Finding[] {
  if (api === undefined) return []
  const warnings: Finding[] = []
  if (!authRequired(api) && !isLoopback(api.listen)) {
    const rule = 'is reachable from other machines, and nobody has to sign in'
    warnings.push(finding(['api', 'listen'], rule, 'Set api.basicAuth or api.bearerTokens'))
  }
  const signIn = api.basicAuth !== undefined || api.bearerTokens.length > 0
  if (signIn && prometheus !== undefined && prometheus.scrapeSignIn === undefined) {
    const rule = 'has no scrapeSignIn, and the API asks for a sign-in: the rendered Prometheus would be refused'
    warnings.push(finding(['prometheus'], rule, 'Set prometheus.scrapeSignIn', false))
  }
  if (signIn && alerting !== undefined && alerting.auditSignIn === undefined) {
    const rule = 'has no auditSignIn, and the API asks for a sign-in: the rendered Alertmanager would be refused'
    warnings.push(finding(['alerting'], rule, 'Set alerting.auditSignIn', false))
  }
  return warnings
}

function uplinkWarnings({ gateways, checks }: Sections): readonly Finding[] {
  if (gateways === undefined || checks === undefined || checks.uplink.length > 0) return []
  const origins = new Set(gateways.map(({ url }) => new URL(url).host))
  if (origins.size > 1) return []
  const rule = 'is empty and all gateways live at one address: when it goes silent, nobody can tell whose fault it is'
  return [finding(['checks', 'uplink'], rule, 'Name an address that is always there, for example [1.1.1.1:443]', false)]
}

function shardWarnings({ sharding, store, reports }: Sections): readonly Finding[] {
  if (sharding === undefined || sharding.total === 1) return []
  const warnings: Finding[] = []
  const { key, keyFile } = reports?.subscriptions ?? {}
  if (reports?.smtp !== undefined && key === undefined && keyFile === undefined) {
    const rule =
      'has no key: each exporter makes its own, and refuses the links to unsubscribe that another one has sent'
    warnings.push(finding(['reports', 'subscriptions'], rule, 'Set reports.subscriptions.key', false))
  }
  if (sharding.peers === undefined) {
    const rule = 'has no peers: the API and the status page of each exporter show its own part of the fleet only'
    warnings.push(finding(['sharding'], rule, 'Set sharding.peers', false))
  }
  if (store?.kind === 'sqlite') {
    const rule =
      'is sqlite, a store that exporters cannot share: each one keeps incidents, history and maintenance of its own part only, and no lease keeps a second one with the same ordinal from repairing the same accounts'
    warnings.push(finding(['store', 'kind'], rule, 'Use mongodb', false))
  }
  return warnings
}

function meantOf(name: string, known: readonly string[]): string {
  const meant = nearestWord(name, known)
  if (meant !== null) return `Did you mean "${meant}"?`
  return known.length === 0 ? 'There is none' : `There are: ${known.slice(0, 10).join(', ')}`
}

function finding(path: OptionPath, rule: string, hint: string, showValue = true): Finding {
  return { path, rule, hint, showValue }
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}
