// Marks on the curves. Grafana joins samples that lie no further apart than the step to one region.
import type { AnnotationQuery } from '@grafana/grafana-foundation-sdk/dashboard'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../metrics/catalogue.ts'
import { aggregate } from '../metrics/promql.ts'
import { DATA_SOURCE } from './panels/panel.ts'
import { ofAccounts, ofGateways, perAccount } from './selection.ts'

const { incidentStart, recoveryAttempts, maintenance } = ACCOUNT_FAMILIES

/** A mark, with what Grafana's Prometheus data source reads of it. */
export type Mark = AnnotationQuery & { readonly expr: string; readonly step: string }

/** Whether a mark is shown until somebody switches it. */
export type Shown = 'at first' | 'on demand'

/** Stretches in which an account had an open incident. */
export function incidents(shown: Shown): Mark {
  return mark('Incidents', shown, {
    iconColor: 'red',
    expr: perAccount(incidentStart),
    titleFormat: 'Incident',
    textFormat: '{{account}} at {{gateway}}',
    tagKeys: 'account,gateway',
  })
}

/** Moments at which the exporter asked for a restart. */
export function recoveries(shown: Shown): Mark {
  return mark('Recoveries', shown, {
    iconColor: 'blue',
    // Wider than the step of any time range up to a month, so that none falls between two samples.
    expr: `ceil(${aggregate('max', ['account', 'gateway'], `increase(${ofAccounts(recoveryAttempts)}[5m])`)}) > 0`,
    titleFormat: 'Recovery attempt',
    textFormat: '{{account}} at {{gateway}}',
    tagKeys: 'account,gateway',
  })
}

/** Planned windows of accounts. */
export function maintenanceWindows(shown: Shown): Mark {
  return mark('Maintenance', shown, {
    iconColor: 'purple',
    expr: `${aggregate('max', ['gateway', 'account'], ofAccounts(maintenance))} == 1`,
    titleFormat: 'Maintenance',
    textFormat: '{{account}} at {{gateway}}',
    tagKeys: 'account,gateway',
  })
}

/** Planned windows in which every chosen account of a gateway is. */
export function gatewayMaintenance(shown: Shown): Mark {
  return mark('Maintenance', shown, {
    iconColor: 'purple',
    expr: `${aggregate('min', ['gateway'], ofGateways(maintenance))} == 1`,
    titleFormat: 'Maintenance',
    textFormat: 'All accounts behind {{gateway}}',
    tagKeys: 'gateway',
  })
}

/** Stretches in which a gateway gave no readings. */
export function gatewayOutages(shown: Shown): Mark {
  return mark('Gateway outages', shown, {
    iconColor: 'red',
    expr: `1 - ${aggregate('max', ['gateway'], ofGateways(GATEWAY_FAMILIES.up))} == 1`,
    titleFormat: 'Gateway down',
    textFormat: '{{gateway}}',
    tagKeys: 'gateway',
  })
}

/** Moments at which an exporter started: deployments and crashes. */
export function exporterStarts(shown: Shown): Mark {
  return mark('Exporter starts', shown, {
    iconColor: 'green',
    // The value is the moment, in milliseconds.
    expr: `1000 * process_start_time_seconds * on (instance, job) group_left (version) ${EXPORTER_FAMILIES.buildInfo.name}`,
    titleFormat: 'Exporter started',
    textFormat: '{{instance}}, version {{version}}',
    tagKeys: 'instance,version',
    useValueForTime: true,
  })
}

function mark(name: string, shown: Shown, own: Pick<Mark, 'iconColor' | 'expr'> & Partial<Mark>): Mark {
  return {
    name,
    datasource: { ...DATA_SOURCE },
    enable: shown === 'at first',
    hide: false,
    step: '60s',
    useValueForTime: false,
    ...own,
  }
}
