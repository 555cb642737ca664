import type { ApiParts } from './parts.ts'
import type { Route } from './route.ts'
import { accountHealthRoute } from './routes/account-health.ts'
import { accountsRoute } from './routes/accounts.ts'
import { alertRoutes } from './routes/alerts.ts'
import { analyticsAccountRoute, analyticsRoutes } from './routes/analytics.ts'
import { badgeRoutes } from './routes/badges.ts'
import { eventsRoute } from './routes/events.ts'
import { gatewayEventRoutes } from './routes/gateway-events.ts'
import { gatewaysRoute } from './routes/gateways.ts'
import { healthCheckRoute } from './routes/health-check.ts'
import { healthMetricsRoute } from './routes/health-metrics.ts'
import { healthStatusRoute } from './routes/health-status.ts'
import { incidentRoute, incidentsRoute } from './routes/incidents.ts'
import { lifecycleRoutes } from './routes/lifecycle.ts'
import { maintenanceRoutes } from './routes/maintenance.ts'
import { manualRoutes } from './routes/manual.ts'
import { metricsPageRoute } from './routes/metrics-page.ts'
import { openApiRoute } from './routes/openapi.ts'
import { recoveriesRoute, recoverRoute } from './routes/recoveries.ts'
import { reportRoutes } from './routes/reports.ts'
import { smsRoutes } from './routes/sms.ts'
import { statusPageRoutes } from './routes/status-page.ts'
import { subscriptionRoutes } from './routes/subscriptions.ts'
import { transitionsRoute } from './routes/transitions.ts'
import { trendsRoute } from './routes/trends.ts'
import { unsubscribeRoutes } from './routes/unsubscribe.ts'
import { byAccount } from './shards/by-account.ts'
import { whereverItLies } from './shards/wherever-it-lies.ts'

/** Every route of the API. Of two that match a path, the earlier one serves it. */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const routes: readonly Route[] = [
    ...statusPageRoutes(() => routes, parts),
    metricsPageRoute(parts),
    ...lifecycleRoutes(parts),
    healthCheckRoute(parts),
    healthStatusRoute(parts),
    healthMetricsRoute(parts),
    accountsRoute(parts),
    ...byAccount(parts, routesOfOneAccount),
    incidentsRoute(parts),
    incidentRoute(parts),
    recoveriesRoute(parts),
    ...analyticsRoutes(parts),
    ...subscriptionRoutes(parts),
    ...unsubscribeRoutes(parts),
    ...whereverItLies(parts.shards, reportRoutes(parts)),
    gatewaysRoute(parts),
    ...gatewayEventRoutes(parts),
    ...alertRoutes(parts),
    ...maintenanceRoutes(parts),
    ...smsRoutes(parts),
    eventsRoute(parts),
    ...manualRoutes(),
    openApiRoute(() => routes, parts.version),
  ]
  return routes
}

/** Routes whose `{id}` is an account. */
function routesOfOneAccount(parts: ApiParts): readonly Route[] {
  return [
    trendsRoute(parts),
    accountHealthRoute(parts),
    recoverRoute(parts),
    transitionsRoute(parts),
    analyticsAccountRoute(parts),
    ...badgeRoutes(parts),
  ]
}
