import { expect, test } from 'vitest'
import { lulls } from '../../src/monitor/lulls.ts'

const LONG_MS = 60_000

/** Whether it has settled by now. */
async function hasCome(lull: Promise<void>): Promise<boolean> {
  const later = Symbol('later')
  return (await Promise.race([lull, new Promise((resolve) => setImmediate(resolve, later))])) !== later
}

test('where no check is under way there is a lull at once', async () => {
  expect(await hasCome(lulls({ inFlight: 0 }).next(LONG_MS))).toBe(true)
})

test('a lull comes with the end of the last check, for all who wait', async () => {
  const figures = { inFlight: 2 }
  const quiet = lulls(figures)
  const waiting = [quiet.next(LONG_MS), quiet.next(LONG_MS)] as const
  figures.inFlight = 1
  quiet.noteEnd()
  expect(await hasCome(waiting[0])).toBe(false)
  figures.inFlight = 0
  quiet.noteEnd()
  expect(await hasCome(waiting[0])).toBe(true)
  expect(await hasCome(waiting[1])).toBe(true)
})

test('who waits in vain goes on when the limit is over', async () => {
  await expect(lulls({ inFlight: 1 }).next(1)).resolves.toBeUndefined()
})
