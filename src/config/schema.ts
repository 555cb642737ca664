import { z } from 'zod'
import { ApiOptions } from '../api/options.ts'
import { DiscoveryOptions, PrivacyOptions, ShardingOptions } from '../discovery/options.ts'
import { GatewaysOptions } from '../gateways/options.ts'
import { healthOptions, maintenanceOptions, recoveryOptions, sloOptions } from '../health/options.ts'
import { ChecksOptions } from '../monitor/options.ts'
import { AlertingOptions } from '../notifications/options.ts'
import { GrafanaOptions, PrometheusOptions, ReportsOptions } from '../reports/options.ts'
import { StoreOptions } from '../store/options.ts'
import { TracingOptions } from '../tracing/options.ts'

/** The whole file. Every section belongs to the part whose options.ts describes it. */
export const ConfigSchema = z.strictObject({
  gateways: GatewaysOptions.min(1, 'names no gateway. Add at least one').describe(
    'The gateways to watch, at least one.',
  ),
  checks: ChecksOptions,
  health: healthOptions,
  recovery: recoveryOptions,
  slo: sloOptions,
  maintenance: maintenanceOptions,
  discovery: DiscoveryOptions,
  store: StoreOptions,
  api: ApiOptions,
  prometheus: PrometheusOptions,
  alerting: AlertingOptions,
  grafana: GrafanaOptions,
  reports: ReportsOptions,
  privacy: PrivacyOptions,
  tracing: TracingOptions,
  sharding: ShardingOptions,
})

/** The parsed configuration: durations in milliseconds, defaults filled in, secrets wrapped. */
export type Config = z.output<typeof ConfigSchema>
export type SectionName = keyof Config
