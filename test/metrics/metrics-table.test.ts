import { expect, test } from 'vitest'
import { REASONS } from '../../src/accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../../src/metrics/catalogue.ts'
import { createExposition } from '../../src/metrics/exposition.ts'
import { metricsTable, seriesCounts } from '../../src/metrics/metrics-table.ts'
import { aHealth, anAccount } from './fleet.ts'
import { parsePage } from './parse-page.ts'
import { fleetText } from './scrape.ts'

test('the table names every family once', () => {
  const rows = [...metricsTable().matchAll(/^\| `(whatsapp_\w+)`/gm)].map(([, name]) => name)
  const families = [ACCOUNT_FAMILIES, GATEWAY_FAMILIES, EXPORTER_FAMILIES].flatMap((part) => Object.values(part))
  expect(rows).toEqual(families.map(({ name }) => name))
})

test('the series counts are those of a page where every series is present', async () => {
  const fleet = createExposition({ now: () => 0 })
  fleet.gateways.set({ name: 'g', driver: 'http', up: true, accounts: 1, breakerOpen: false })
  const evidence = { lastActivityAtMs: 1, qualityRating: 3, messagingLimit: 250 }
  const incident = {
    id: 'x',
    key: 'waha-1/sales-01',
    account: 'sales-01',
    gateway: 'waha-1',
    startMs: 1,
    detectedMs: 2,
    endMs: null,
    cause: 'network',
    state: 'disconnected',
    downtimeMs: 0,
    attempts: 0,
    resolution: null,
  } as const
  fleet.accounts.set(anAccount(), 'waha', aHealth({ reason: REASONS[0], evidence, incident }), {
    inMaintenance: true,
    budgetLeft: 0,
  })
  const samples = [...parsePage(await fleetText(fleet), 'text').values()].flatMap((family) => family.samples)
  expect(seriesCounts()).toEqual({
    perAccount: samples.filter(({ name }) => name.startsWith('whatsapp_account_')).length,
    perGateway: samples.filter(({ name }) => name.startsWith('whatsapp_gateway_')).length,
  })
})
