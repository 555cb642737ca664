import { type AccountState, type Reason, STATES, STATUSES, type Status } from '../../src/accounts/vocabulary.ts'
import { type Stretch, values } from './promtool.ts'

/** Labels that Prometheus and the exporter put on every series of an account. */
export const SCRAPED = 'instance="exporter:19292",job="whatsapp-exporter"'
export const ACCOUNT = 'account="sales",gateway="waha-1",tenant="acme"'
/** The labels of an account's alert, without its name. */
export const ACCOUNT_LABELS = { account: 'sales', gateway: 'waha-1', tenant: 'acme' } as const

/** What one account shows for some samples. */
export interface Phase {
  readonly samples: number
  /** Nobody shows it, as when its exporter does not answer. */
  readonly gone?: boolean
  readonly status?: Status
  readonly state?: AccountState
  readonly reason?: Reason
  readonly maintenance?: boolean
  /** Start of the open incident in Unix seconds. */
  readonly incidentStart?: number
  readonly recoveryAttempts?: number
  readonly recoveryFailures?: number
  readonly budgetLeft?: number
  readonly objective?: number
}

/** The series of one account over its phases. */
export function account(
  phases: readonly Phase[],
  labels: string = ACCOUNT,
  scraped: string = SCRAPED,
): Record<string, string> {
  const series: Record<string, string> = {}
  const put = (name: string, extra: string, value: (phase: Phase) => number | '_') => {
    const stretches = phases.map((phase): Stretch => [phase.gone ? '_' : value(phase), phase.samples])
    series[`whatsapp_account_${name}{${labels}${extra},${scraped}}`] = values(...stretches)
  }
  put('info', ',driver="waha",phone="971505760056",name="Sales"', () => 1)
  for (const word of STATUSES) put('status', `,status="${word}"`, ({ status = 'healthy' }) => (status === word ? 1 : 0))
  for (const word of STATES) put('state', `,state="${word}"`, ({ state = 'connected' }) => (state === word ? 1 : 0))
  for (const word of new Set(phases.map(({ reason }) => reason))) {
    if (word !== undefined) put('reason', `,reason="${word}"`, ({ reason }) => (reason === word ? 1 : '_'))
  }
  put('maintenance', '', ({ maintenance = false }) => (maintenance ? 1 : 0))
  put('slo_objective_ratio', '', ({ objective = 0.995 }) => objective)
  put('state_since_timestamp_seconds', '', () => 0)
  put('incident_start_timestamp_seconds', '', ({ incidentStart }) => incidentStart ?? '_')
  put('recovery_attempts_total', '', ({ recoveryAttempts = 0 }) => recoveryAttempts)
  put('recovery_failures_total', '', ({ recoveryFailures = 0 }) => recoveryFailures)
  put('recovery_budget_left', '', ({ budgetLeft = 5 }) => budgetLeft)
  return series
}

/** The series of the gateway of `ACCOUNT`. */
export function gateway(stretches: { up?: readonly Stretch[]; breaker?: readonly Stretch[]; accounts?: number }) {
  const labels = `gateway="waha-1",driver="waha",${SCRAPED}`
  const { up = [[1, 400]], breaker = [[0, 400]], accounts = 1 } = stretches
  return {
    [`whatsapp_gateway_up{${labels}}`]: values(...up),
    [`whatsapp_gateway_breaker_open{${labels}}`]: values(...breaker),
    [`whatsapp_gateway_accounts{${labels}}`]: values([accounts, 400]),
  }
}
