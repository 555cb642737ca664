import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { apiClient } from './api-client.ts'
import { until } from './until.ts'
import { checkedTimes, startIn, startWorld } from './world.ts'

const Answer = z.object({
  report: z.object({
    id: z.string(),
    state: z.string(),
    files: z.array(z.object({ name: z.string(), href: z.string() })),
  }),
})
const Document = z.object({ ranking: z.array(z.object({ account: z.string() })) })
const Listed = z.object({
  subscriptions: z.array(z.object({ id: z.string(), recipient: z.string(), endedAt: z.string().nullable() })),
  allowedDomains: z.array(z.string()),
})

test('a report on request and a subscription outlive the exporter that took them', async (context) => {
  const world = await startWorld(context, {
    simulator: { gateways: [{ name: 'one', dialect: 'http', accounts: ['a', 'b'] }] },
  })
  const reports = {
    directory: join(world.folder, 'reports'),
    smtp: { host: '127.0.0.1', port: 1, from: 'reports@example.org' },
    schedules: [{ name: 'acme', period: 'monthly', recipients: ['sla@example.org'] }],
  }
  await world.configure({ reports, api: { externalUrl: 'https://exporter.example' } })
  await world.service.reload()
  await checkedTimes(world, 2)

  const asked = Answer.parse(
    await world.json('POST', '/api/reports', { period: 'this-day', formats: ['json', 'html', 'csv'] }),
  )
  const ready = await until('the report to be ready', async () => {
    const answer = Answer.parse(await world.json('GET', `/api/reports/${asked.report.id}`))
    return answer.report.state === 'ready' ? answer.report : undefined
  })
  expect(ready.files.map(({ name }) => name)).toContain('accounts.csv')
  const subscribed = await world.json('POST', '/api/reports/subscriptions', {
    recipient: 'anna@example.org',
    schedule: 'weekly',
  })
  expect(subscribed).toMatchObject({ subscription: { recipient: 'anna@example.org', createdBy: 'anonymous' } })
  await world.service.stop()

  const { service, lines } = await startIn(context, world)
  await service.ready
  const next = apiClient(service.url)
  const { ranking } = Document.parse(await next.json('GET', `/api/reports/${asked.report.id}.json`))
  expect(ranking.map(({ account }) => account).toSorted()).toEqual(['a', 'b'])
  const { subscriptions, allowedDomains } = Listed.parse(await next.json('GET', '/api/reports/subscriptions'))
  expect(allowedDomains).toEqual(['example.org'])
  expect(subscriptions.map(({ recipient }) => recipient)).toEqual(['anna@example.org'])
  await next.json('DELETE', `/api/reports/subscriptions/${subscriptions[0]?.id}`)
  expect(Listed.parse(await next.json('GET', '/api/reports/subscriptions')).subscriptions).toEqual([])
  const kept = Listed.parse(await next.json('GET', '/api/reports/subscriptions?ended=true')).subscriptions
  expect(kept).toMatchObject([{ recipient: 'anna@example.org', endedAt: expect.any(String) }])
  expect([...world.lines, ...lines].filter((line) => line.includes('anna@'))).toEqual([])
})
