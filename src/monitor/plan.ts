import type { Gateway } from '../gateways/gateway.ts'
import type { HealthPolicy } from '../health/health.ts'
import type { MaintenanceWindow } from '../health/maintenance.ts'
import type { RecoveryPolicy } from '../health/recovery.ts'

/** One gateway as the monitor uses it. */
export interface WatchedGateway {
  readonly gateway: Gateway
  /** Base address without credentials, query and fragment. */
  readonly url: string
  readonly labels: Readonly<Record<string, string>>
  /** Requests to it under way at once. */
  readonly connections: number
  /** Limit of one request. */
  readonly timeoutMs: number
  /** Check it with its list call, one request per cycle. */
  readonly whole: boolean
  readonly health: HealthPolicy
}

/** What the configuration asks of the monitor; a reload brings a new one. */
export interface MonitorPlan {
  readonly gateways: readonly WatchedGateway[]
  readonly intervalMs: number
  readonly concurrency: number
  /** Checks that start together. */
  readonly startGroup: number
  readonly uplink: readonly string[]
  readonly uplinkTimeoutMs: number
  readonly unhealthyAfter: number
  readonly recovery: RecoveryPolicy
  /** How long an account that its gateway no longer lists is kept. */
  readonly missingForMs: number
  /** Windows that touch `[fromMs, toMs)`. */
  windows(fromMs: number, toMs: number): readonly MaintenanceWindow[]
}
