import type { AccountState, Reason } from '../../accounts/vocabulary.ts'
import type { RecoveryOutcome } from '../../health/recovery.ts'
import type { AnalysisNote } from '../analysis.ts'

const count = (amount: number, text: string, one: string, many: string) => `${text} ${amount === 1 ? one : many}`

const CAUSES: Readonly<Record<Reason, string>> = {
  logged_out: 'Logged out',
  banned: 'Banned by WhatsApp',
  temp_banned: 'Banned for a time',
  conflict: 'Used in another place',
  outdated_client: 'Client too old',
  timelock: 'Limited for a time',
  capped: 'Message limit reached',
  quality: 'Quality rating too low',
  stale: 'No sign of life',
  qr_timeout: 'QR code not scanned',
  network: 'Network',
  bad_session: 'Session damaged',
  license: 'Gateway licence',
  gateway_down: 'Gateway down',
  rate_limited: 'Gateway limits requests',
  unauthorized: 'Gateway refuses access',
  slow: 'Too slow',
  other: 'Other',
}

const STATES: Readonly<Record<AccountState, string>> = {
  connected: 'connected',
  degraded: 'degraded',
  connecting: 'connecting',
  disconnected: 'disconnected',
  awaiting_auth: 'waiting to be linked',
  stopped: 'stopped',
  blocked: 'blocked',
  unknown: 'unknown',
}

const OUTCOMES: Readonly<Record<RecoveryOutcome, string>> = {
  pending: 'not known yet',
  verified: 'worked',
  failed: 'did not help',
  rejected: 'refused by the gateway',
  needs_human: 'needs a person',
  dry_run: 'dry run',
  interrupted: 'interrupted',
}

const NOTES: Readonly<Record<AnalysisNote['code'], (accounts: string) => string>> = {
  'period-unfinished': () => 'The period is not over yet; the figures reach to the moment given on the cover.',
  'low-coverage': (accounts) =>
    `Much of the period was not observed (${accounts}); their figures rest on what was seen.`,
  'prometheus-unavailable': () =>
    'Prometheus did not answer; availability and response times come from the exporter’s own store.',
  'store-used': () => 'Availability and response times come from the exporter’s own store.',
  'history-expired': () => 'Part of the period is older than what is kept in detail; daily sums were used there.',
  'response-times-sampled': () => 'Response times come from samples, not from every single check.',
  'accounts-gone': (accounts) => `${accounts} left the fleet since; what was seen of them counts.`,
  'accounts-omitted': (accounts) => `${accounts} are in the ranking and the CSV, but not described one by one.`,
  'nothing-selected': () => 'The selection matches no account.',
}

/** English: the catalogue from which the type of every other language is taken. */
export const ENGLISH = {
  language: 'en',
  /** Used where no locale is configured. */
  locale: 'en-GB',
  titles: {
    weekly: 'Weekly service report',
    monthly: 'Service level report',
    executive: 'Executive summary',
    incident: 'Incident report',
  },
  period: {
    day: (from: string) => from,
    range: (from: string, to: string) => `${from} – ${to}`,
    zone: (zone: string) => `Times in ${zone}`,
    asOf: (moment: string) => `Figures up to ${moment}`,
    before: 'Period before',
  },
  selection: {
    all: 'All accounts',
    accounts: (names: string) => `Accounts ${names}`,
    gateways: (names: string) => `Gateways ${names}`,
    labels: (names: string) => `Labels ${names}`,
    more: (amount: string) => `${amount} more`,
  },
  accounts: (amount: number, text: string) => count(amount, text, 'account', 'accounts'),
  incidents: (amount: number, text: string) => count(amount, text, 'incident', 'incidents'),
  verdict: {
    nothing: 'Nothing was observed in this period, so nothing can be said about the service level.',
    none: 'No account matches the selection of this report.',
    oneMet: (availability: string, objective: string) =>
      `The service level was met: ${availability} available, ${objective} promised.`,
    oneMissed: (availability: string, objective: string) =>
      `The service level was missed: ${availability} available, ${objective} promised.`,
    allMet: (amount: string, availability: string) =>
      `All ${amount} accounts met their objective; together they were available ${availability} of the time.`,
    missed: (missed: string, amount: string, availability: string) =>
      `${missed} of ${amount} accounts missed their objective; together they were available ${availability} of the time.`,
    unseen: (amount: number, text: string) => `Nothing was seen of ${count(amount, text, 'account', 'accounts')}.`,
    unfinished: 'This is how it stands so far; the period is not over.',
  },
  slo: { met: 'met', missed: 'missed', unknown: 'not observed' },
  figures: {
    availability: 'Availability',
    objective: 'Objective',
    coverage: 'Coverage',
    downtime: 'Downtime',
    incidents: 'Incidents',
    mttr: 'Time to repair (MTTR)',
    mttd: 'Time to detect (MTTD)',
    mtbf: 'Time between failures (MTBF)',
    recovery: 'Repairs that worked',
    reliability: 'Reliability score',
    budgetUsed: 'Error budget used',
    budgetLeft: 'Error budget left',
    planned: 'Planned maintenance',
    accountsMet: 'Accounts that met their objective',
    of: (part: string, whole: string) => `${part} of ${whole}`,
  },
  columns: {
    figure: 'Figure',
    now: 'This period',
    before: 'Period before',
    change: 'Change',
    rank: 'Rank',
    account: 'Account',
    gateway: 'Gateway',
    verdict: 'Verdict',
    budget: 'Budget used',
    score: 'Score',
    begin: 'Begin',
    end: 'End',
    length: 'Downtime',
    cause: 'Cause',
    tried: 'What was tried',
    author: 'Planned by',
    reason: 'Reason',
    about: 'About',
    days: 'Days',
    chance: 'Chance of a miss',
    range: 'Likely availability',
    moment: 'Moment',
    what: 'What happened',
    p50: 'p50',
    p95: 'p95',
    p99: 'p99',
    slowest: 'Slowest',
    detected: 'Noticed after',
    resolution: 'How it ended',
  },
  units: { points: (text: string) => `${text} pp` },
  sections: {
    contents: 'Contents',
    summary: 'Summary',
    availability: 'Availability',
    accounts: 'Accounts',
    incidents: 'Incidents',
    response: 'Response time',
    pattern: 'When it fails',
    outlook: 'Outlook',
    maintenance: 'Planned maintenance',
    details: 'Accounts in detail',
    method: 'Method',
    effect: 'Effect',
    timeline: 'Timeline',
    causes: 'Downtime by cause',
    notes: 'Before you trust these figures',
    burnDown: 'Error budget',
    compared: 'Compared with the period before',
    worst: 'Most trouble',
  },
  calendar: {
    title: 'Availability by day',
    description: (days: string, perfect: string) => `${days} days, ${perfect} of them without downtime`,
    shades: ['no downtime', 'within the objective', 'beyond it', 'far beyond it', 'not observed'],
    tip: (date: string, availability: string, downtime: string) => `${date}: ${availability}, ${downtime} of downtime`,
    blind: (date: string) => `${date}: not observed`,
    strip: (perfect: string, days: string) => `${perfect} of ${days} days without downtime`,
  },
  burn: {
    title: 'Error budget left, by day',
    description: (left: string) => `${left} at the end`,
    even: 'even use',
    left: (ratio: string) => `${ratio} left`,
    over: (ratio: string) => `${ratio} too much`,
  },
  timeline: {
    title: 'Incidents over time',
    description: (incidents: string, accounts: string) => `${incidents} at ${accounts}`,
    planned: 'planned maintenance',
    link: 'connection or gateway',
    session: 'session or pairing',
    blocked: 'blocked or limited by WhatsApp',
    other: 'other',
    bar: (from: string, to: string, cause: string) => `${from} – ${to}: ${cause}`,
    open: 'still open',
    shown: (shown: string, all: string) => `The ${shown} accounts with the most downtime of ${all} that had incidents.`,
  },
  response: {
    title: 'Response time by day',
    description: 'Mean per day, and the median, 95th and 99th percentile of the period; logarithmic scale',
    none: 'No check brought an answer in this period, so there are no response times.',
    text: (p50: string, p95: string, p99: string) =>
      `Half of the answers came within ${p50}, 95 of 100 within ${p95}, 99 of 100 within ${p99}.`,
  },
  heatmap: {
    title: 'Share of downtime by hour of the week',
    description: (peak: string) => (peak === '' ? 'No downtime' : `Most downtime: ${peak}`),
    none: 'There was no downtime, so there is no pattern.',
    noPeaks: 'No hour of the week fails again and again.',
    peak: (weekday: string, hour: string, times: string, weeks: string) =>
      `${weekday}, ${hour}: ${times} times the usual downtime, in ${weeks} weeks.`,
    tip: (weekday: string, hour: string, share: string) => `${weekday} ${hour}: ${share}`,
    step: { zero: 'no downtime', upTo: (ratio: string) => `up to ${ratio}`, more: 'more', blind: 'not observed' },
  },
  causesText: (incidents: string, downtime: string) => `${downtime}, ${incidents}`,
  ranking: {
    shown: (shown: string, all: string) =>
      `The ${shown} accounts with the most trouble of ${all}; the CSV has them all.`,
    order: 'Worst first: by the share of the error budget that was used, then by downtime.',
  },
  incident: {
    none: 'There was no incident in this period.',
    shown: (shown: string, all: string) =>
      `The ${shown} incidents with the most downtime of ${all}; the CSV has them all.`,
    carriedOver: 'began before the period',
    attempts: (amount: number, text: string) => count(amount, text, 'attempt', 'attempts'),
    nothingTried: 'nothing',
    resolutions: { recovered: 'recovered on its own', repaired: 'repaired', removed: 'account removed' },
    open: 'still open',
    verdictClosed: (account: string, downtime: string, cause: string) =>
      `${account} could not be used for ${downtime}. Cause: ${cause}.`,
    verdictOpen: (account: string, downtime: string, cause: string) =>
      `${account} cannot be used, for ${downtime} so far. Cause: ${cause}.`,
    began: 'First bad check',
    detected: 'Incident confirmed',
    ended: 'First good check',
    state: (from: string, to: string) => `State went from ${from} to ${to}`,
    requested: (attempt: string, by: string) => `Repair ${attempt} asked for by ${by}`,
    accepted: 'The gateway accepted the repair',
    attemptEnded: (outcome: string) => `Repair: ${outcome}`,
    sameTime: 'At the same time, behind the same gateway',
    alone: 'No other account behind this gateway had an incident at the same time.',
    elsewhere: (amount: number, text: string) =>
      `${count(amount, text, 'incident', 'incidents')} of other tenants behind this gateway at the same time.`,
    recent: (amount: number, text: string) =>
      `${count(amount, text, 'incident', 'incidents')} of this account in the 30 days before.`,
    more: (amount: string) => `${amount} more.`,
  },
  maintenance: {
    none: 'No maintenance was planned in this period.',
    text: 'These windows are left out of availability, downtime and error budget.',
    more: (amount: string) => `${amount} more windows are in the CSV.`,
  },
  trend: {
    better: (points: string) => `Availability is getting better, by ${points} per day.`,
    worse: (points: string) => `Availability is getting worse, by ${points} per day.`,
    steady: 'Availability shows no trend.',
    tested: (p: string, days: string) => `Mann–Kendall test over ${days} days, p = ${p}.`,
  },
  outlook: {
    none: 'No account is likely to miss its objective in the next period, as far as the past tells.',
    text: 'If the next period is like the past, these accounts may miss their objective.',
    likelihood: { likely: 'likely', possible: 'possible', unlikely: 'unlikely' },
    chance: (chance: string, error: string) => `${chance} ± ${error}`,
    range: (low: string, high: string) => `${low} to ${high}`,
    method:
      'Computed by drawing blocks of observed days at random, many times over. The ± is the error of the drawing alone: that the past repeats is an assumption.',
  },
  details: {
    watchedFrom: (moment: string) => `Watched since ${moment}.`,
    gone: 'No longer in the fleet.',
    steady: 'No incident, no downtime.',
    lastIncidents: 'Latest incidents',
    fine: (amount: number, text: string) =>
      `${count(amount, text, 'account', 'accounts')} without downtime ${amount === 1 ? 'is' : 'are'} not described one by one.`,
  },
  causes: CAUSES,
  states: STATES,
  outcomes: OUTCOMES,
  notes: NOTES,
  method: {
    source: [
      'Source',
      'Every account is checked at short intervals. Incidents, repairs and transitions come from the exporter’s ledger, availability and response times from Prometheus or, where it is missing, from the same ledger.',
    ],
    availability: [
      'Availability',
      '1 − downtime ÷ observed time. Downtime runs from the first bad check of a confirmed outage to the first good one. It is rounded down, never up.',
    ],
    coverage: [
      'Coverage',
      'Observed time ÷ (period − planned maintenance). Time in which nobody could see the account, because the exporter was off, blind or refused, counts neither as up nor as down: it lowers the coverage.',
    ],
    maintenance: [
      'Maintenance',
      'Planned windows are left out of observed time and of downtime. Each is listed with its author and reason; overlapping windows count once.',
    ],
    budget: [
      'Error budget',
      '(1 − objective) × observed time. An objective is met while the downtime is within the budget.',
    ],
    incidents: [
      'Incidents',
      'An incident counts in the period in which it begins. One that began earlier is listed, and its downtime counts from the period’s begin.',
    ],
    means: [
      'MTTR, MTTD, MTBF',
      'MTTR: mean downtime of incidents that ended in the period. MTTD: mean time from the first bad check to the confirmation. MTBF: (observed − downtime) ÷ incidents.',
    ],
    repairs: [
      'Repairs that worked',
      'Repairs after which a later check found the account usable ÷ repairs with a known outcome. That a gateway accepted a repair is no proof.',
    ],
    score: [
      'Reliability score',
      '60 × (1 − budget used ÷ 10) + 20 × (1 − downtime per ended incident ÷ 1 h) + 20 × (1 − incidents per observed day), each bracket held between 0 and 1.',
    ],
    response: [
      'Response time',
      'Time from the first byte of a check’s request to the last byte of its answer, of checks that were answered.',
    ],
    days: [
      'Days',
      'Days begin at midnight of the report’s time zone; where the clocks change, a day has 23 or 25 hours.',
    ],
  },
  mail: {
    subject: (title: string, period: string, brand: string) => `${title}, ${period} – ${brand}`,
    hello: 'The report is attached.',
    late: (due: string) =>
      `It was due on ${due} and comes late: the exporter was not running, or could not send it, at that time.`,
    tooLarge:
      'The files are too large to be mailed. You find them in the exporter’s report folder and on its status page.',
    reason: (schedule: string) => `You receive this because you are a recipient of the schedule “${schedule}”.`,
    subscribed: (endUrl: string | null) =>
      endUrl === null
        ? 'You receive this because somebody subscribed you to it. To end that, ask those who run the exporter.'
        : `You receive this because somebody subscribed you to it. To end that, open ${endUrl}`,
  },
}

/** A complete catalogue of one language. */
export type Words = typeof ENGLISH
