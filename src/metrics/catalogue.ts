/** One metric family. `/metrics`, docs/metrics.md, the rules and the boards all derive from this list. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram' | 'stateset' | 'info'
  /** One sentence with a full stop. */
  readonly help: string
  /** Labels of the family itself; families with `account` also carry the account's operator labels. */
  readonly labels: readonly string[]
  readonly unit?: 'seconds' | 'bytes' | 'ratio'
  /** When the series exists, if not always. */
  readonly presence?: string
}

const ACCOUNT = ['account', 'gateway'] as const
const GATEWAY = ['gateway', 'driver'] as const

/** Per account. Written by src/metrics/exposition.ts from typed columns. */
export const ACCOUNT_FAMILIES = {
  info: {
    name: 'whatsapp_account_info',
    type: 'info',
    labels: [...ACCOUNT, 'driver', 'phone', 'name'],
    help: 'The account, its driver, phone number (see privacy) and display name.',
  },
  up: {
    name: 'whatsapp_account_up',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Whether the account can be used: 1 yes, 0 no.',
    presence: 'absent while the status is unknown or the session is stopped on purpose',
  },
  status: {
    name: 'whatsapp_account_status',
    type: 'stateset',
    labels: [...ACCOUNT, 'status'],
    help: 'Verdict after thresholds: 1 on the present status, 0 on the others.',
  },
  state: {
    name: 'whatsapp_account_state',
    type: 'stateset',
    labels: [...ACCOUNT, 'state'],
    help: 'What the gateway says, normalised: 1 on the present state, 0 on the others.',
  },
  reason: {
    name: 'whatsapp_account_reason',
    type: 'gauge',
    labels: [...ACCOUNT, 'reason'],
    help: 'Why the account is in its state.',
    presence: 'only the present reason',
  },
  checks: {
    name: 'whatsapp_account_checks_total',
    type: 'counter',
    labels: ACCOUNT,
    help: 'Checks made, of any result.',
  },
  checkFailures: {
    name: 'whatsapp_account_check_failures_total',
    type: 'counter',
    labels: ACCOUNT,
    help: 'Checks that found the account unusable.',
  },
  checkDuration: {
    name: 'whatsapp_account_check_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Duration of the last check that got an answer, without our own queueing.',
    presence: 'only after the first answer',
  },
  consecutiveFailures: {
    name: 'whatsapp_account_consecutive_failures',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Bad checks in a row.',
  },
  lastCheck: {
    name: 'whatsapp_account_last_check_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'When the account was last checked, 0 before the first check.',
  },
  lastSuccess: {
    name: 'whatsapp_account_last_success_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'When a check last found the account usable, 0 before the first time.',
  },
  stateSince: {
    name: 'whatsapp_account_state_since_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Since when the present state holds.',
  },
  observed: {
    name: 'whatsapp_account_observed_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Time that was really observed, maintenance and blind stretches left out.',
  },
  downtime: {
    name: 'whatsapp_account_downtime_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Confirmed downtime, accrued per check, maintenance and blind stretches left out.',
  },
  incidents: { name: 'whatsapp_account_incidents_total', type: 'counter', labels: ACCOUNT, help: 'Incidents opened.' },
  incidentsResolved: {
    name: 'whatsapp_account_incidents_resolved_total',
    type: 'counter',
    labels: ACCOUNT,
    help: 'Incidents that ended.',
  },
  detectionDelay: {
    name: 'whatsapp_account_detection_delay_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Time from the first bad check to the confirmation, summed over incidents.',
  },
  incidentStart: {
    name: 'whatsapp_account_incident_start_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'First bad check of the open incident.',
    presence: 'only while an incident is open',
  },
  recoveryAttempts: {
    name: 'whatsapp_account_recovery_attempts_total',
    type: 'counter',
    labels: ACCOUNT,
    help: 'Restarts asked of the gateway.',
  },
  recoveryFailures: {
    name: 'whatsapp_account_recovery_failures_total',
    type: 'counter',
    labels: ACCOUNT,
    help: 'Restarts that were refused, or that no good check verified in time.',
  },
  recoveryBudgetLeft: {
    name: 'whatsapp_account_recovery_budget_left',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Restarts left until the account has been healthy for five minutes.',
  },
  maintenance: {
    name: 'whatsapp_account_maintenance',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Whether a maintenance window is open: 1 yes, 0 no.',
  },
  objective: {
    name: 'whatsapp_account_slo_objective_ratio',
    type: 'gauge',
    unit: 'ratio',
    labels: ACCOUNT,
    help: 'Availability objective of the account.',
  },
  lastActivity: {
    name: 'whatsapp_account_last_activity_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ACCOUNT,
    help: 'Last message or engine activity that the gateway reports.',
    presence: 'only where the driver knows',
  },
  qualityRating: {
    name: 'whatsapp_account_quality_rating',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Quality rating by Meta: 3 green, 2 yellow, 1 red.',
    presence: 'only where the driver knows',
  },
  messagingLimit: {
    name: 'whatsapp_account_messaging_limit',
    type: 'gauge',
    labels: ACCOUNT,
    help: 'Conversations that may be started in 24 hours, +Inf where unlimited.',
    presence: 'only where the driver knows',
  },
} as const satisfies Record<string, MetricFamily>

/** Per gateway. */
export const GATEWAY_FAMILIES = {
  info: { name: 'whatsapp_gateway_info', type: 'info', labels: [...GATEWAY], help: 'The gateway and its driver.' },
  up: {
    name: 'whatsapp_gateway_up',
    type: 'gauge',
    labels: GATEWAY,
    help: 'Whether the gateway answers with readings: 1 yes, 0 no, also while it refuses our credentials.',
    presence: 'absent while the exporter is blind and before the first check',
  },
  accounts: {
    name: 'whatsapp_gateway_accounts',
    type: 'gauge',
    labels: GATEWAY,
    help: 'Accounts known behind the gateway.',
  },
  breakerOpen: {
    name: 'whatsapp_gateway_breaker_open',
    type: 'gauge',
    labels: GATEWAY,
    help: 'Whether the circuit breaker holds back all repairs: 1 yes, 0 no.',
  },
  checkDuration: {
    name: 'whatsapp_gateway_check_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: GATEWAY,
    help: 'Duration of check requests that got an answer.',
  },
  checkErrors: {
    name: 'whatsapp_gateway_check_errors_total',
    type: 'counter',
    labels: [...GATEWAY, 'code'],
    help: 'Check requests that brought no reading, by cause.',
  },
  unmapped: {
    name: 'whatsapp_gateway_unmapped_values_total',
    type: 'counter',
    labels: GATEWAY,
    help: 'States and list items of the gateway that this version does not know.',
  },
} as const satisfies Record<string, MetricFamily>

/** Of the exporter itself; prom-client holds them. Process metrics of prom-client come on top. */
export const EXPORTER_FAMILIES = {
  buildInfo: {
    name: 'whatsapp_exporter_build_info',
    type: 'info',
    labels: ['version', 'node_version'],
    help: 'Version of the exporter.',
  },
  reloadSuccessful: {
    name: 'whatsapp_exporter_config_last_reload_successful',
    type: 'gauge',
    labels: [],
    help: 'Whether the last reload of the configuration worked.',
  },
  reloadTimestamp: {
    name: 'whatsapp_exporter_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'When the configuration was last loaded with success.',
  },
  blind: {
    name: 'whatsapp_exporter_blind',
    type: 'gauge',
    labels: [],
    help: 'Whether the exporter judges that it is itself cut off: 1 yes, 0 no.',
  },
  checkLag: {
    name: 'whatsapp_exporter_check_lag_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'How late the latest check of the last cycle started.',
  },
  checkDurationError: {
    name: 'whatsapp_exporter_check_duration_error_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Bound of what our own event loop added to a reported check duration in the last cycle.',
  },
  checksInFlight: {
    name: 'whatsapp_exporter_checks_in_flight',
    type: 'gauge',
    labels: [],
    help: 'Check requests under way.',
  },
  checkCycleDuration: {
    name: 'whatsapp_exporter_check_cycle_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Time from the start of the first to the end of the last check of the last cycle.',
  },
  checkInterval: {
    name: 'whatsapp_exporter_check_interval_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Configured check interval.',
  },
  recoveryMode: {
    name: 'whatsapp_exporter_recovery_mode',
    type: 'stateset',
    labels: ['mode'],
    help: 'Configured recovery mode.',
  },
  discoveryFailures: {
    name: 'whatsapp_exporter_discovery_failures_total',
    type: 'counter',
    labels: ['gateway'],
    help: 'List calls of discovery, and readings of its database, that failed.',
  },
  discoveryFaultyDocuments: {
    name: 'whatsapp_exporter_discovery_faulty_documents',
    type: 'gauge',
    labels: [],
    help: 'Documents of discovery.mongodb that could not be used, or not wholly, at the last reading.',
  },
  storeUp: {
    name: 'whatsapp_exporter_store_up',
    type: 'gauge',
    labels: [],
    help: 'Whether the last write to the store worked.',
  },
  storePendingWrites: {
    name: 'whatsapp_exporter_store_pending_writes',
    type: 'gauge',
    labels: [],
    help: 'Batches that wait in memory for the store.',
  },
  storeWriteFailures: {
    name: 'whatsapp_exporter_store_write_failures_total',
    type: 'counter',
    labels: [],
    help: 'Writes to the store that failed.',
  },
  storeDroppedSamples: {
    name: 'whatsapp_exporter_store_dropped_samples_total',
    type: 'counter',
    labels: [],
    help: 'Samples given up because the journal in memory was full; incidents and counters are never given up.',
  },
  notifications: {
    name: 'whatsapp_exporter_notifications_total',
    type: 'counter',
    labels: ['receiver', 'status'],
    help: 'Notifications that Alertmanager handed to the audit, or that a bridge of ours sent.',
  },
  reportRuns: { name: 'whatsapp_exporter_report_runs_total', type: 'counter', labels: [], help: 'Reports begun.' },
  reportFailures: {
    name: 'whatsapp_exporter_report_failures_total',
    type: 'counter',
    labels: [],
    help: 'Reports that were not made or not sent, are in doubt, or an hour late for the first time.',
  },
  reportMails: {
    name: 'whatsapp_exporter_report_mails_total',
    type: 'counter',
    labels: ['status'],
    help: 'Mails with reports that were sent, refused by the mail server for good, given up, or are in doubt (unsure).',
  },
  traceSpans: {
    name: 'whatsapp_exporter_trace_spans_total',
    type: 'counter',
    labels: [],
    help: 'Spans that the OpenTelemetry collector took.',
  },
  traceDroppedSpans: {
    name: 'whatsapp_exporter_trace_dropped_spans_total',
    type: 'counter',
    labels: [],
    help: 'Spans that the collector did not take, or that did not fit into the queue for it.',
  },
  shardOrdinal: {
    name: 'whatsapp_exporter_shard_ordinal',
    type: 'gauge',
    labels: [],
    help: 'Ordinal of this shard, from 0.',
  },
  shards: {
    name: 'whatsapp_exporter_shards',
    type: 'gauge',
    labels: [],
    help: 'Number of shards that this exporter was told of.',
  },
} as const satisfies Record<string, MetricFamily>
