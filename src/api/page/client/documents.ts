// The page's types are those of the API: both come from the schemas that check the answers in the tests.
import type { z } from 'zod'
import type { AccountDetailDocument, AccountDocument } from '../../documents/account.ts'
import type { FleetStatusDocument } from '../../documents/fleet-status.ts'
import type { GatewayDocument } from '../../documents/gateway.ts'
import type { IncidentDocument, TransitionDocument } from '../../documents/incident.ts'
import type { RecoveryDocument } from '../../documents/recovery.ts'
import type { ReportsDocument, SubscriptionDocument } from '../../documents/report.ts'
import type { BucketDocument, TrendsDocument } from '../../documents/trends.ts'
import type { FleetFigures } from '../../fleet-figures.ts'

export type Account = z.output<typeof AccountDocument>
export type AccountDetail = z.output<typeof AccountDetailDocument>
export type Gateway = z.output<typeof GatewayDocument>
export type Incident = z.output<typeof IncidentDocument>
export type Transition = z.output<typeof TransitionDocument>
export type Recovery = z.output<typeof RecoveryDocument>
export type FleetStatus = z.output<typeof FleetStatusDocument>
export type Figures = Pick<FleetFigures, 'availability' | 'meanResponseSeconds' | 'mttrSeconds' | 'recoverySuccess'>
export type Bucket = z.output<typeof BucketDocument>
export type Trends = z.output<typeof TrendsDocument>
export type Status = Account['status']

export type Reports = z.output<typeof ReportsDocument>
export type Subscription = z.output<typeof SubscriptionDocument>
/** GET /api/reports/subscriptions. */
export interface Subscriptions {
  readonly subscriptions: readonly Subscription[]
  readonly allowedDomains: readonly string[]
}

/** Data of the event `change` of GET /api/events. */
export interface Change {
  readonly at: string
  readonly transitions: readonly (Transition & { readonly key: string })[]
  readonly incidents: readonly { readonly what: 'opened' | 'resolved'; readonly incident: Incident }[]
  readonly recoveries: readonly Recovery[]
  readonly omitted: number
}
