import { expect, test } from 'vitest'
import { startWorld } from './world.ts'

const KEY = 'bots/sales-01'
const LABELS = { account: 'sales-01', gateway: 'bots' }
/** The monitor looks at the calendar every ten seconds. */
const LIMIT_MS = 40_000

test('maintenance over the API holds repairs back and leaves its time out; ended early, the repair comes', async (context) => {
  const world = await startWorld(context, {
    simulator: { gateways: [{ name: 'bots', dialect: 'http', accounts: ['sales-01', 'sales-02'] }] },
  })
  await world.accountWhere(KEY, 'healthy', ({ status }) => status === 'healthy')
  const planned = await world.json('POST', '/api/maintenance', {
    accounts: ['sales-01'],
    duration: '1h',
    author: 'alice',
    reason: 'Upgrade',
  })
  const { id } = (planned as { plan: { id: string } }).plan
  const account = await world.accountWhere(KEY, 'in maintenance', ({ maintenance }) => maintenance !== null, LIMIT_MS)
  expect(account.maintenance).toMatchObject({ author: 'alice', reason: 'Upgrade' })
  expect((await world.account('bots/sales-02')).maintenance).toBeNull()

  world.fault(KEY, 'disconnected')
  const down = await world.accountWhere(KEY, 'down for some checks', (now) => now.consecutiveFailures >= 5, LIMIT_MS)
  expect([down.status, down.recovery]).toMatchObject(['unhealthy', { act: false, refusal: 'maintenance' }])
  expect(await world.recoveries(KEY)).toEqual([])
  expect((await world.scrape()).value('whatsapp_account_downtime_seconds_total', LABELS)).toBe(0)
  expect((await world.scrape()).value('whatsapp_account_maintenance', LABELS)).toBe(1)

  const ended = await fetch(`${world.url}/api/maintenance/${id}`, { method: 'DELETE' })
  expect(ended.status).toBe(200)
  await world.accountWhere(KEY, 'repaired', ({ status }) => status === 'healthy', LIMIT_MS)
  expect(await world.recoveries(KEY)).toMatchObject([{ outcome: 'verified', by: 'policy' }])
}, 120_000)
