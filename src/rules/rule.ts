/** A rule that writes a series: Prometheus evaluates `expr` every interval of its group. */
export interface RecordingRule {
  /** `level:metric:operations`, as Prometheus' naming practice asks. */
  readonly record: string
  readonly expr: string
}

export const SEVERITIES = ['critical', 'warning', 'info', 'none'] as const
/** `none` is for the watchdog alone: it always fires, and nobody wants to read it. */
export type Severity = (typeof SEVERITIES)[number]

/** A Prometheus duration of one unit. */
export type RuleDuration = `${number}${'s' | 'm' | 'h' | 'd'}`

/** A rule that tells somebody. */
export interface AlertingRule {
  /** Of the family `WhatsApp…`; its page is docs/alerts/ with this name in kebab-case. */
  readonly alert: string
  readonly severity: Severity
  /** One sentence, the same for every alert of the rule, so that it can head a group of them. */
  readonly summary: string
  /** What this one alert is about; a Go template over its labels and value. */
  readonly description: string
  readonly expr: string
  /** How long the expression must hold. Absent: the first evaluation is enough, since the health rules debounce. */
  readonly for?: RuleDuration
  /** How long the alert goes on after the expression ended, so that a fault that comes and goes is one alert. */
  readonly keepFiringFor?: RuleDuration
  /** Board that shows the fault, and the labels that become its variables. */
  readonly board: BoardLink
}

export interface BoardLink {
  readonly uid: BoardUid
  readonly variables: readonly ('account' | 'gateway' | 'tenant')[]
}

/** The stable names of the boards in Grafana. */
export type BoardUid = 'whatsapp-fleet' | 'whatsapp-account' | 'whatsapp-gateway' | 'whatsapp-slo' | 'whatsapp-exporter'

/** Rules that Prometheus evaluates in order, at one time. */
export interface RuleGroup {
  readonly name: string
  readonly interval: RuleDuration
  readonly rules: readonly (RecordingRule | AlertingRule)[]
}

export function isAlert(rule: RecordingRule | AlertingRule): rule is AlertingRule {
  return 'alert' in rule
}
