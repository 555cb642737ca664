// What a description tells beyond the labels. It is asked for when the alert fires: as labels of the alert these facts
// would make a new alert of it whenever one of them changes.
import { ACCOUNT_FAMILIES, type MetricFamily } from '../metrics/catalogue.ts'

/** Account and gateway of the alert. */
export const WHO = '{{ $labels.account }} at {{ $labels.gateway }}'

/** For alerts whose value is a Unix time. */
export const SINCE_VALUE = 'since {{ $value | humanizeTimestamp }}'

/** The present reason. */
export const CAUSE = ofAccount(ACCOUNT_FAMILIES.reason, 'Cause: {{ . | first | label "reason" }}.', 'Cause: not known.')

/** Name and phone of the account where it has them. */
export const IDENTITY = ofAccount(
  ACCOUNT_FAMILIES.info,
  '{{ with . | first | label "name" }} ({{ . }}){{ end }}{{ with . | first | label "phone" }}, phone {{ . }}{{ end }}',
  '',
)

/** Repairs, over the life of the account: a counter, since the budget of one incident may span several. */
export const TRIED = [
  ofAccount(ACCOUNT_FAMILIES.recoveryAttempts, 'Restarts so far: {{ . | first | value }}', 'Restarts so far: 0'),
  ofAccount(ACCOUNT_FAMILIES.recoveryFailures, ', failed: {{ . | first | value }}', ''),
  ofAccount(ACCOUNT_FAMILIES.recoveryBudgetLeft, ', left in the budget: {{ . | first | value }}', ''),
  '.',
].join('')

function ofAccount({ name }: Pick<MetricFamily, 'name'>, found: string, missing: string): string {
  const asked = `printf "${name}{account=%q,gateway=%q}" $labels.account $labels.gateway | query`
  return `{{ with ${asked} }}${found}{{ else }}${missing}{{ end }}`
}
