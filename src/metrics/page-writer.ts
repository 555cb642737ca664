import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AccountSection } from './account-lines.ts'
import type { AccountSnapshot } from './account-metrics.ts'

/** Lets the event loop turn whenever a slice of work is used up. */
export interface Slices {
  /** Whether the present slice is used up. */
  spent(): boolean
  /** Ends the slice; the next begins after one turn of the event loop. */
  pause(): Promise<void>
}

/**
 * @param sliceMs longest stretch of work without a pause
 * @param monotonicMs a clock that only goes forward, milliseconds
 */
export function createSlices(sliceMs: number, monotonicMs: () => number): Slices {
  let startMs = monotonicMs()
  return {
    spent: () => monotonicMs() - startMs >= sliceMs,
    async pause() {
      await nextTurn()
      startMs = monotonicMs()
    },
  }
}

/** Accounts between two looks at the clock: about 0.05 ms of work. */
const BATCH = 32

/** Most bytes that the accounts' part of a page can take. */
export function accountBytes(sections: readonly AccountSection[], snapshot: AccountSnapshot): number {
  return sections.reduce((sum, section) => sum + section.bound(snapshot), 0)
}

/**
 * Writes the accounts' part of a page in slices, families outside, accounts inside, and returns the offset after it.
 * A family without a line gets no header.
 */
export async function writeAccounts(
  page: Buffer,
  at: number,
  sections: readonly AccountSection[],
  snapshot: AccountSnapshot,
  slices: Slices,
): Promise<number> {
  let offset = at
  const height = snapshot.rows.length
  for (const { header, writeRow } of sections) {
    page.set(header, offset)
    const start = offset + header.length
    let end = start
    for (let batch = 0; batch < height; batch += BATCH) {
      const until = Math.min(batch + BATCH, height)
      for (let row = batch; row < until; row++) end = writeRow(page, end, snapshot, row)
      if (slices.spent()) await slices.pause()
    }
    if (end > start) offset = end
  }
  return offset
}
