import { SCRAPED } from './fleet.ts'
import type { RuleTest } from './promtool.ts'

const of = (account: string, tenant = ',tenant="acme"', process = SCRAPED) =>
  `{account="${account}",gateway="waha-1"${tenant},${process}`

/** Three accounts of a gateway: two of a tenant, of which two exporters show one at once, and one of none. */
export const STATUS_CASES: readonly (RuleTest & { readonly name: string })[] = [
  {
    name: 'accounts are counted by status and state, also where none has it, and once where two exporters show them',
    groups: ['whatsapp-gateway-statuses'],
    step: '1m',
    every: '1m',
    series: {
      ...stateset('whatsapp_account_status', 'status', of('sales'), { healthy: '1x10', unhealthy: '0x10' }),
      ...stateset('whatsapp_account_status', 'status', of('peer'), { healthy: '1x4 0x5', unhealthy: '0x4 1x5' }),
      ...stateset('whatsapp_account_status', 'status', of('spare', ''), { healthy: '1x10', unhealthy: '0x10' }),
      ...stateset(
        'whatsapp_account_status',
        'status',
        of('sales', undefined, 'instance="other:19292",job="whatsapp-exporter"'),
        {
          healthy: '1x10',
          unhealthy: '0x10',
        },
      ),
      ...stateset('whatsapp_account_state', 'state', of('sales'), { connected: '1x10', blocked: '0x10' }),
      ...stateset('whatsapp_account_state', 'state', of('peer'), { connected: '0x10', blocked: '1x10' }),
    },
    expected: [
      {
        at: '2m',
        expr: 'gateway:whatsapp_account_status:sum{tenant="acme"}',
        samples: {
          'gateway:whatsapp_account_status:sum{gateway="waha-1",tenant="acme",status="healthy"}': 2,
          'gateway:whatsapp_account_status:sum{gateway="waha-1",tenant="acme",status="unhealthy"}': 0,
        },
      },
      {
        at: '8m',
        expr: 'gateway:whatsapp_account_status:sum',
        samples: {
          'gateway:whatsapp_account_status:sum{gateway="waha-1",tenant="acme",status="healthy"}': 1,
          'gateway:whatsapp_account_status:sum{gateway="waha-1",tenant="acme",status="unhealthy"}': 1,
          'gateway:whatsapp_account_status:sum{gateway="waha-1",status="healthy"}': 1,
          'gateway:whatsapp_account_status:sum{gateway="waha-1",status="unhealthy"}': 0,
        },
      },
      {
        at: '8m',
        expr: 'gateway:whatsapp_account_state:sum',
        samples: {
          'gateway:whatsapp_account_state:sum{gateway="waha-1",tenant="acme",state="connected"}': 1,
          'gateway:whatsapp_account_state:sum{gateway="waha-1",tenant="acme",state="blocked"}': 1,
        },
      },
    ],
  },
]

function stateset(
  family: string,
  label: string,
  labels: string,
  words: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words).map(([word, text]) => [`${family}${labels},${label}="${word}"}`, text]),
  )
}
