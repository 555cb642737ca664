import type { GatewayExchange } from '../gateways/exchange-report.ts'
import type { Judgement } from './judgement.ts'
import type { CheckedAccount } from './single-check.ts'
import { printable, textTable } from './text-table.ts'

/** An account, its check, and what came of it. */
export interface Judged {
  readonly checked: CheckedAccount
  readonly judgement: Judgement
}

const FAULTS: Readonly<Record<Judgement['fault'], string>> = {
  account: "the account's",
  gateway: "the gateway's",
  exporter: "the exporter's, or its network's",
  nobody: "nobody's",
}

/** The request, the reply, the decision and why, for one account. */
export function explanation({ checked, judgement }: Judged): readonly string[] {
  const { account, health, maintenance } = checked.result.view
  const who = [account.account, `behind ${account.gateway}`, account.phone, account.name].filter(
    (part) => part !== null,
  )
  const fields: readonly (readonly [string, string])[] = [
    ...requests(checked).map((text) => ['request', text] as const),
    ['reply', checked.result.error?.code ?? (health.native === '' ? 'no state' : health.native)],
    ['verdict', `${judgement.status}: ${judgement.state}${judgement.reason === null ? '' : `, ${judgement.reason}`}`],
    ['why', judgement.why],
    ...(judgement.fault === 'nobody' ? [] : [['fault', FAULTS[judgement.fault]] as const]),
    ...(maintenance === null
      ? []
      : [['planned', `maintenance until ${iso(maintenance.endMs)}: ${maintenance.reason}`] as const]),
    ['recovery', judgement.recovery],
  ]
  return [printable(who.join(', ')), ...fields.map(([name, text]) => `  ${name.padEnd(8)}  ${printable(text)}`)]
}

function requests({ exchanges, sharedBy }: CheckedAccount): readonly string[] {
  if (exchanges.length === 0)
    return ['none: an answer from a moment ago was used, or the gateway asked not to be asked']
  const shared = sharedBy > 1 ? ` (one request for ${sharedBy} accounts)` : ''
  return exchanges.map((exchange) => `${exchangeText(exchange)}${shared}`)
}

function exchangeText({ method, url, status, code, durationMs }: GatewayExchange): string {
  const outcome = [status === null ? null : `HTTP ${status}`, code].filter((part) => part !== null).join(', ')
  return `${method} ${url} -> ${outcome} after ${Math.round(durationMs)} ms`
}

/** One line per account; those that need a look come last, nearest to the prompt. */
export function checkTable(all: readonly Judged[]): readonly string[] {
  return textTable(
    ['ACCOUNT', 'GATEWAY', 'STATUS', 'STATE', 'REASON', 'TIME', 'REPLY'],
    all.map(({ checked: { result }, judgement }) => [
      result.view.account.account,
      result.view.account.gateway,
      judgement.status,
      judgement.state,
      judgement.reason ?? '-',
      result.durationMs === null ? '-' : `${Math.round(result.durationMs)} ms`,
      result.error?.code ?? result.view.health.native,
    ]),
  )
}

/** `24 accounts checked in 0.3 s: 21 fine, 3 not.` */
export function summary(all: readonly Judged[], elapsedMs: number): string {
  const bad = all.filter(({ judgement }) => !judgement.fine).length
  const accounts = all.length === 1 ? '1 account' : `${all.length} accounts`
  const verdict = bad === 0 ? (all.length === 1 ? 'it is fine' : 'all fine') : `${all.length - bad} fine, ${bad} not`
  return `${accounts} checked in ${(elapsedMs / 1_000).toFixed(1)} s: ${verdict}.`
}

/** The same for programs. */
export function checkDocument({ checked, judgement }: Judged): object {
  const { result, exchanges } = checked
  const { account, health, maintenance } = result.view
  return {
    account: account.account,
    gateway: account.gateway,
    phone: account.phone,
    name: account.name,
    ...judgement,
    native: health.native,
    durationMs: result.durationMs,
    error: result.error,
    maintenance: maintenance === null ? null : { until: iso(maintenance.endMs), reason: maintenance.reason },
    requests: exchanges.map(({ method, url, status, code, durationMs }) => ({ method, url, status, code, durationMs })),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
