import type { Selection } from '../health/maintenance.ts'
import type { Matcher } from './alertmanager.ts'

/** How an account is named in the labels of its alerts. */
export interface AccountLabels {
  readonly gateway: string
  readonly account: string
}

/** Longest alternation in one matcher: a silence for thousands of accounts is several silences. */
const ALTERNATIVES = 200

/**
 * Matchers of the silences that mute the alerts about a selection; together they mute no more than it selects.
 * @param accountsOf the accounts that an id, key or phone names; empty where none is known (yet)
 */
export function silenceMatchers(
  { accounts, gateways, labels }: Selection,
  accountsOf: (id: string) => readonly AccountLabels[],
): readonly (readonly Matcher[])[] {
  const byLabels = Object.entries(labels ?? {}).map(([name, value]) => equal(name, value))
  if (accounts === undefined) {
    if (gateways !== undefined) return chunks(gateways).map((some) => [anyOf('gateway', some), ...byLabels])
    if (byLabels.length > 0) return [byLabels]
    // Every account: what is about an account or a gateway, and not the exporter's own alerts.
    return [
      [{ name: 'gateway', value: '.+', isRegex: true, isEqual: true }],
      [anyOf('alertname', ['WhatsAppFleetDegraded'])],
    ]
  }
  const byGateway = new Map<string, Set<string>>()
  const unknown: string[] = []
  for (const id of accounts) {
    const known = accountsOf(id)
    if (known.length === 0) unknown.push(id)
    for (const { gateway, account } of known) {
      if (gateways !== undefined && !gateways.includes(gateway)) continue
      byGateway.set(gateway, (byGateway.get(gateway) ?? new Set()).add(account))
    }
  }
  // An id that nobody has (yet) is taken at its word: a key names its gateway, anything else an account of any.
  const strangers = unknown.map((id) => {
    const slash = id.indexOf('/')
    if (slash > 0) return [equal('gateway', id.slice(0, slash)), equal('account', id.slice(slash + 1))]
    return [...(gateways === undefined ? [] : [anyOf('gateway', gateways)]), equal('account', id)]
  })
  const known = [...byGateway].flatMap(([gateway, names]) =>
    chunks([...names]).map((some) => [equal('gateway', gateway), anyOf('account', some)]),
  )
  return [...known, ...strangers].map((matchers) => [...matchers, ...byLabels])
}

function equal(name: string, value: string): Matcher {
  return { name, value, isRegex: false, isEqual: true }
}

function anyOf(name: string, values: readonly string[]): Matcher {
  const [only] = values
  if (only !== undefined && values.length === 1) return equal(name, only)
  return { name, value: [...values].sort().map(quoted).join('|'), isRegex: true, isEqual: true }
}

/** A text in an RE2 expression that Alertmanager anchors. */
function quoted(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function chunks(values: readonly string[]): string[][] {
  const sorted = [...values].sort()
  return Array.from({ length: Math.ceil(sorted.length / ALTERNATIVES) }, (_, index) =>
    sorted.slice(index * ALTERNATIVES, (index + 1) * ALTERNATIVES),
  )
}
