import { describe, expect, test } from 'vitest'
import { type EventFeed, eventFeed } from '../../src/api/event-feed.ts'

/** Reads so many frames and ends the stream. */
async function take(feed: EventFeed, count: number, lastEventId?: string): Promise<string[]> {
  const end = new AbortController()
  const frames: string[] = []
  for await (const frame of feed.follow(lastEventId, end.signal)) {
    frames.push(frame)
    if (frames.length === count) break
  }
  end.abort()
  return frames
}

/** Event names and data of frames; what has no event name is a comment. */
const told = (frames: readonly string[]) =>
  frames.map((frame) => {
    const [, name] = /^event: (.+)$/m.exec(frame) ?? []
    const [, data] = /^data: (.+)$/m.exec(frame) ?? []
    return name === undefined ? 'comment' : `${name} ${data}`
  })

const idOf = (frame: string | undefined) => /^id: (.+)$/m.exec(frame ?? '')?.[1]

describe('a feed of events', () => {
  test('tells a new client nothing of the past, and what comes next', async () => {
    const feed = eventFeed('e')
    feed.publish('change', { n: 1 })
    const reading = take(feed, 2)
    await Promise.resolve()
    feed.publish('change', { n: 2 })
    expect(told(await reading)).toEqual(['hello {}', 'change {"n":2}'])
  })

  test('gives a client that comes back what it missed, once', async () => {
    const feed = eventFeed('e')
    const [hello] = await take(feed, 1)
    feed.publish('change', { n: 1 })
    feed.publish('change', { n: 2 })
    const back = await take(feed, 3, idOf(hello))
    expect(told(back)).toEqual(['hello {}', 'change {"n":1}', 'change {"n":2}'])
    feed.publish('change', { n: 3 })
    expect(told(await take(feed, 2, idOf(back.at(-1))))).toEqual(['hello {}', 'change {"n":3}'])
  })

  test('keeps the place of a client that is cut off before the first event', async () => {
    const feed = eventFeed('e')
    feed.publish('change', { n: 1 })
    const [hello] = await take(feed, 1)
    const [again] = await take(feed, 1, idOf(hello))
    feed.publish('change', { n: 2 })
    expect(told(await take(feed, 2, idOf(again)))).toEqual(['hello {}', 'change {"n":2}'])
  })

  test.each([
    ['is of the time before a restart', 'before-3'],
    ['was never given', 'e-999'],
    ['is no id', 'nonsense\u0000'],
  ])('tells a client to start anew whose last event %s', async (_why, lastEventId) => {
    const feed = eventFeed('e')
    feed.publish('change', { n: 1 })
    expect(told(await take(feed, 2, lastEventId))).toEqual(['hello {}', 'reset {}'])
  })

  test('tells a client to start anew that was away for longer than the feed remembers', async () => {
    const feed = eventFeed('e', { kept: 5 })
    const [hello] = await take(feed, 1)
    for (let n = 0; n < 50; n++) feed.publish('change', { n })
    expect(told(await take(feed, 2, idOf(hello)))).toEqual(['hello {}', 'reset {}'])
  })

  test('tells a client to start anew that reads too slowly, and goes on from there', async () => {
    const feed = eventFeed('e', { kept: 5 })
    const end = new AbortController()
    const frames = feed.follow(undefined, end.signal)[Symbol.asyncIterator]()
    await frames.next()
    for (let n = 0; n < 50; n++) feed.publish('change', { n })
    const next = async () => told([String((await frames.next()).value)])[0]
    expect(await next()).toBe('reset {}')
    feed.publish('change', { n: 'after' })
    expect(await next()).toBe('change {"n":"after"}')
    end.abort()
    expect((await frames.next()).done).toBe(true)
  })

  test('keeps a quiet connection alive', async () => {
    const feed = eventFeed('e', { heartbeatMs: 5 })
    expect(told(await take(feed, 3))).toEqual(['hello {}', 'comment', 'comment'])
  })

  test('ends at once when the client goes, also while nothing happens', async () => {
    const feed = eventFeed('e', { clients: 1 })
    const end = new AbortController()
    const frames = feed.follow(undefined, end.signal)[Symbol.asyncIterator]()
    await frames.next()
    const waiting = frames.next()
    end.abort()
    expect((await waiting).done).toBe(true)
    expect(told(await take(feed, 1))).toEqual(['hello {}'])
  })

  test('turns away more clients than it serves, with a word on what to do', async () => {
    const feed = eventFeed('e', { clients: 1 })
    const end = new AbortController()
    await feed.follow(undefined, end.signal)[Symbol.asyncIterator]().next()
    expect(() => feed.follow(undefined, end.signal)).toThrow(/1 clients follow the events already/)
  })
})
