import { silentLog } from '../src/log.ts'
import { openStore } from '../src/store/open.ts'
import { accountIds } from './fleet-config.ts'

/** What we reported minus what the target took, for every check of the run, in milliseconds. */
export async function durationErrors(
  storePath: string,
  accounts: number,
  sinceMs: number,
  served: Record<string, number[]>,
): Promise<number[]> {
  const store = openStore(
    {
      kind: 'sqlite',
      path: storePath,
      retention: { history: 864e5, summaries: 864e5 },
      journal: { maxSamples: 1_000, retryMax: 1_000 },
    },
    { log: silentLog, now: Date.now },
  )
  const errors: number[] = []
  try {
    await store.load()
    for (const id of accountIds(accounts)) {
      const samples = await store.samples(`target/${id}`, { fromMs: sinceMs, toMs: Date.now() })
      for (const [index, { durationMs }] of samples.entries()) {
        const tookMs = served[id]?.[index]
        if (tookMs !== undefined) errors.push(Math.abs(durationMs - tookMs))
      }
    }
  } finally {
    await store.close()
  }
  if (errors.length < accounts) throw new Error(`only ${errors.length} checks could be compared`)
  return errors
}
