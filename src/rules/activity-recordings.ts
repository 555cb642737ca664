import { ACCOUNT_FAMILIES } from '../metrics/catalogue.ts'
import { over } from '../metrics/promql.ts'
import { lines, merged } from './expressions.ts'
import type { RecordingRule, RuleGroup } from './rule.ts'

const { lastActivity, checkDuration } = ACCOUNT_FAMILIES

/** How often the time of the last activity moved within an hour; 0 is a sample, so that silence can be seen. */
export const ACTIVITY = 'account:whatsapp_activity:changes1h'
/** What is usual at this hour of the week, or of the day while there is less than a week of history. */
export const EXPECTED_ACTIVITY = 'account:whatsapp_activity:expected1h'
/** Under this, an hour is unusually silent. */
export const ACTIVITY_LOWER = 'account:whatsapp_activity:lower1h'

export const RESPONSE = 'account:whatsapp_response_seconds:mean5m'
/** Mean response time of the day before the last hour. */
const USUAL_RESPONSE = 'account:whatsapp_response_seconds:mean1d'
/** Over this, answers are unusually slow. */
export const RESPONSE_UPPER = 'account:whatsapp_response_seconds:upper'

/** Standard deviations that a band is wide. */
const DEVIATIONS = { activity: 3, response: 4 }
/** A band of response times is never narrower, in seconds and as a multiple: milliseconds more are no fault. */
const RESPONSE_MARGIN = { seconds: 0.25, factor: 2 }

const PER_DAY = `[23h59m59s999ms:5m]`

const activity: readonly RecordingRule[] = [
  { record: ACTIVITY, expr: merged(over('changes', lastActivity.name, '1h')) },
  { record: EXPECTED_ACTIVITY, expr: lines(sameHourOfWeek(ACTIVITY), `or ${ACTIVITY} offset 1d`) },
  {
    // Counts of independent messages vary by the square root of their mean (Poisson).
    record: ACTIVITY_LOWER,
    expr: `clamp_min(${EXPECTED_ACTIVITY} - ${DEVIATIONS.activity} * sqrt(${EXPECTED_ACTIVITY}), 0)`,
  },
]

const response: readonly RecordingRule[] = [
  {
    record: USUAL_RESPONSE,
    // Without the last hour: an anomaly must not become its own measure. Less than six hours of history is none.
    expr: lines(
      `avg_over_time(${RESPONSE}${PER_DAY} offset 1h)`,
      `and count_over_time(${RESPONSE}${PER_DAY} offset 1h) >= 72`,
    ),
  },
  { record: RESPONSE_UPPER, expr: widest() },
]

/** What is usual for an account, so that a departure can be seen. */
export const activityRecordings: readonly RuleGroup[] = [
  { name: 'whatsapp-account-activity', interval: '2m', rules: activity },
  {
    name: 'whatsapp-account-response',
    interval: '1m',
    rules: [{ record: RESPONSE, expr: merged(over('avg_over_time', checkDuration.name, '5m')) }],
  },
  { name: 'whatsapp-account-response-band', interval: '4m', rules: response },
]

/** Mean over the last three weeks; weeks that are not there yet count as the last one. */
function sameHourOfWeek(series: string): string {
  const lastWeek = `${series} offset 7d`
  return `(${lastWeek} + (${series} offset 14d or ${lastWeek}) + (${series} offset 21d or ${lastWeek})) / 3`
}

/** The largest of the bands: by deviation, by margin, and around the same hour of the last week. */
function widest(): string {
  const byDeviation = `(${USUAL_RESPONSE} + ${DEVIATIONS.response} * stddev_over_time(${RESPONSE}${PER_DAY} offset 1h))`
  const byMargin = `(${RESPONSE_MARGIN.factor} * ${USUAL_RESPONSE} + ${RESPONSE_MARGIN.seconds})`
  const byWeek = `(${RESPONSE_MARGIN.factor} * max_over_time(${RESPONSE}[1h:5m] offset 6d23h30m) + ${RESPONSE_MARGIN.seconds})`
  const byDay = `((${byDeviation} > ${byMargin}) or ${byMargin})`
  return lines(`(${byWeek} > ${byDay})`, `or ${byDay}`)
}
