import { request } from 'undici'
import { silentLog } from '../src/log.ts'
import { openStore } from '../src/store/open.ts'
import { accountIds } from './fleet-config.ts'

/** A stretch of a run, and what the target took for each reply in it: milliseconds by account, in order. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly served: Readonly<Record<string, readonly number[]>>
}

/** Forgets what the target served until now; the answer tells what it has served since. */
export async function beginStretch(targetUrl: string): Promise<() => Promise<Stretch>> {
  await request(`${targetUrl}/log`, { method: 'DELETE' }).then(({ body }) => body.dump())
  const fromMs = Date.now()
  return async () => {
    const { body } = await request(`${targetUrl}/log`)
    // The target is ours: it answers with its log.
    const served = (await body.json()) as Stretch['served']
    return { fromMs, toMs: Date.now(), served }
  }
}

/** How far what we reported is from what the target took, for every check of the stretch, in milliseconds. */
export async function durationErrors(
  storePath: string,
  accounts: number,
  { fromMs, toMs, served }: Stretch,
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
      const samples = await store.samples(`target/${id}`, { fromMs, toMs })
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
