import { expect, test } from 'vitest'
import { z } from 'zod'
import { changeFeed } from '../../src/api/change-feed.ts'
import { attempt, incident, NOW_MS, transition, withApi } from './fakes.ts'

const Change = z.object({
  at: z.string(),
  transitions: z.array(z.object({ key: z.string(), toState: z.string() })),
  incidents: z.array(z.object({ what: z.string(), incident: z.object({ id: z.string() }) })),
  recoveries: z.array(z.object({ id: z.string() })),
  omitted: z.int(),
})
type Changes = Parameters<ReturnType<typeof changeFeed>['publish']>[0]

const NOTHING: Changes = { atMs: NOW_MS, transitions: [], incidents: [], recoveries: [] }

/** What a client of a feed that began at `startedMs` hears of these changes. */
async function heard(changes: readonly Changes[], startedMs = 0): Promise<z.output<typeof Change>[]> {
  const sent: unknown[] = []
  const feed = changeFeed(startedMs, {
    publish: (_event, data) => sent.push(data),
    follow: () => {
      throw new Error('nobody follows')
    },
  })
  for (const one of changes) feed.publish(one)
  return z.array(Change).parse(sent)
}

test('what changes is told; nothing is told of nothing', async () => {
  const [change, ...more] = await heard([
    NOTHING,
    { ...NOTHING, transitions: [transition], incidents: [incident()], recoveries: [attempt()] },
  ])
  expect(more).toEqual([])
  expect(change).toEqual({
    at: '2026-03-01T03:12:00.000Z',
    transitions: [{ key: 'waha-1/sales-02', toState: 'disconnected' }],
    incidents: [{ what: 'opened', incident: { id: 'inc-1' } }],
    recoveries: [{ id: 'rec-1' }],
    omitted: 0,
  })
})

test('an incident is news when it begins and when it ends, not while it lasts', async () => {
  const whats = await heard([
    { ...NOTHING, incidents: [incident()] },
    { ...NOTHING, incidents: [incident({ attempts: 2 })] },
    { ...NOTHING, incidents: [incident({ endMs: NOW_MS, resolution: 'recovered' })] },
  ])
  expect(whats.map(({ incidents }) => incidents.map(({ what }) => what))).toEqual([['opened'], ['resolved']])
})

test('an incident of the time before a restart does not begin again, but its end is news', async () => {
  const news = await heard(
    [
      { ...NOTHING, incidents: [incident()] },
      { ...NOTHING, incidents: [incident({ endMs: NOW_MS, resolution: 'recovered' })] },
    ],
    NOW_MS,
  )
  expect(news.map(({ incidents }) => incidents.map(({ what }) => what))).toEqual([['resolved']])
})

test('of a gateway that takes a thousand accounts along, fifty are named and the rest is counted', async () => {
  const transitions = Array.from({ length: 1000 }, (_, index) => ({ ...transition, key: `waha-1/a${index}` }))
  const [change] = await heard([{ ...NOTHING, transitions }])
  expect(change?.transitions.length).toBe(50)
  expect(change?.omitted).toBe(950)
})

test('GET /api/events sends what is published, and ends when the service ends', async () => {
  const changes = changeFeed(0)
  const ending = new AbortController()
  await withApi({ changes, signal: ending.signal }, async ({ url }) => {
    const answer = await fetch(`${url}/api/events`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('event: hello')
    changes.publish({ ...NOTHING, transitions: [transition] })
    expect((await reader?.read())?.value).toMatch(/^id: .+\nevent: change\ndata: \{.*"waha-1\/sales-02"/)
    ending.abort()
    expect((await reader?.read())?.done).toBe(true)
  })
})
