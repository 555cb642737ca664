// Colours and words that panels of all kinds share. Colours are names of Grafana's palette, which knows dark and light.
import { STATES, type STATUSES } from '../../accounts/vocabulary.ts'

export type Colour =
  | 'green'
  | 'yellow'
  | 'orange'
  | 'red'
  | 'dark-red'
  | 'blue'
  | 'light-blue'
  | 'purple'
  | 'semi-dark-purple'
  | 'text'
  | 'transparent'
  | '#8e8e8e'

/** The colour of what lies below the first bound, then bounds with the colour from there on. */
export type Steps = readonly [Colour, ...(readonly [from: number, Colour])[]]

/** A value, the word that is shown for it, and its colour. */
export interface ValueWord {
  readonly value: number
  readonly text: string
  readonly colour: Colour
}

const STATUS_COLOURS: Readonly<Record<(typeof STATUSES)[number], Colour>> = {
  healthy: 'green',
  warning: 'yellow',
  unhealthy: 'red',
  unknown: '#8e8e8e',
}

const STATE_COLOURS: Readonly<Record<(typeof STATES)[number], Colour>> = {
  connected: 'green',
  degraded: 'yellow',
  connecting: 'light-blue',
  disconnected: 'red',
  awaiting_auth: 'orange',
  stopped: 'text',
  blocked: 'dark-red',
  unknown: '#8e8e8e',
}

/** Statuses from the best to the worst, so that the largest of several values is the one that matters. */
export const STATUS_ORDER = [
  'healthy',
  'unknown',
  'warning',
  'unhealthy',
] as const satisfies readonly (typeof STATUSES)[number][]

/** Words of `whatsapp_account_status` by the numbers that `wordNumber` gives them. */
export const STATUS_WORDS: readonly ValueWord[] = STATUS_ORDER.map((status, index) => ({
  value: index + 1,
  text: status,
  colour: STATUS_COLOURS[status],
}))

/** Words of `whatsapp_account_state` by the numbers that `wordNumber` gives them. */
export const STATE_WORDS: readonly ValueWord[] = STATES.map((state, index) => ({
  value: index + 1,
  text: state.replaceAll('_', ' '),
  colour: STATE_COLOURS[state],
}))

/** Series named by a status, in its colour. */
export const STATUS_SERIES: Readonly<Record<string, Colour>> = STATUS_COLOURS

/** Series named by a state, in its colour. */
export const STATE_SERIES: Readonly<Record<string, Colour>> = STATE_COLOURS

export const UP_DOWN: readonly ValueWord[] = [
  { value: 0, text: 'down', colour: 'red' },
  { value: 1, text: 'up', colour: 'green' },
]

/** For what should not be: 1 is the bad news. */
export const CLOSED_OPEN: readonly ValueWord[] = [
  { value: 0, text: 'closed', colour: 'green' },
  { value: 1, text: 'open', colour: 'red' },
]

/** Availability: red below 99 %, which is more than seven hours a month. */
export const AVAILABILITY: Steps = ['red', [0.99, 'orange'], [0.995, 'yellow'], [0.999, 'green']]
/** Share of the error budget that is left. */
export const BUDGET: Steps = ['red', [0, 'orange'], [0.25, 'yellow'], [0.5, 'green']]
/** Burn rate, by the factors of the alerts (docs/slo.md). */
export const BURN: Steps = ['green', [1, 'yellow'], [6, 'orange'], [14.4, 'red']]
/** Reliability score, 0 to 100. */
export const SCORE: Steps = ['red', [60, 'orange'], [80, 'yellow'], [90, 'green']]
/** Response times in seconds; `health.slowAfter` is 2 s unless configured. */
export const RESPONSE: Steps = ['green', [1, 'yellow'], [2, 'red']]
/** Anything above 0 is bad news. */
export const NONE_IS_GOOD: Steps = ['green', [1, 'red']]
/** Anything above 0 wants a look. */
export const NONE_IS_BETTER: Steps = ['green', [1, 'yellow']]
/** Share of repairs that worked. */
export const REPAIRED: Steps = ['red', [0.5, 'orange'], [0.8, 'yellow'], [0.95, 'green']]
/** Share of the time that was observed. */
export const COVERAGE: Steps = ['red', [0.9, 'yellow'], [0.98, 'green']]
/** Mean time to repair, in seconds. */
export const REPAIR_TIME: Steps = ['green', [600, 'yellow'], [3600, 'red']]
/** No judgement. */
export const NEUTRAL: Steps = ['blue']
