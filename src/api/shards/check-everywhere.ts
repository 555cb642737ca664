import type { AccountKey } from '../../accounts/account.ts'
import { Problem } from '../problem.ts'
import { isSuccess, problemOf, silentShard } from './answers.ts'
import type { Others } from './shards.ts'

/** The answer of POST /api/health/check, around its results. */
export const RESULTS = { start: '{"results":[', end: ']}' } as const

/** Results of other shards as the text that stands between the brackets, and who did not answer. */
export interface CheckedElsewhere {
  readonly texts: readonly string[]
  readonly silentShards: readonly number[]
}

/**
 * Has the other shards check their accounts now: those named, or all.
 * @throws Problem where accounts were named and their shard is silent or refuses: the caller wants these, not others
 */
export async function checkElsewhere(
  others: Others,
  keys: readonly AccountKey[] | 'all',
  limitMs: number,
): Promise<CheckedElsewhere> {
  const path = '/api/health/check'
  const asked =
    keys === 'all'
      ? await others.askAll({ method: 'POST', path, limitMs })
      : await Promise.all(
          [...Map.groupBy(keys, (key) => others.shards.ownerOf(key))].map(async ([ordinal, accounts]) => ({
            ordinal,
            answer: await others.ask(ordinal, { method: 'POST', path, body: JSON.stringify({ accounts }), limitMs }),
          })),
        )
  const texts: string[] = []
  const silentShards: number[] = []
  for (const { ordinal, answer } of asked) {
    if (!('silent' in answer) && isSuccess(answer)) {
      const results = between(answer.body.toString('utf8'))
      if (results === null)
        throw new Problem('unavailable', `Shard ${ordinal} answers in a form that is not known here.`)
      if (results !== '') texts.push(results)
    } else if (keys !== 'all') {
      throw 'silent' in answer ? silentShard(ordinal, answer.silent) : problemOf(answer, ordinal)
    } else silentShards.push(ordinal)
  }
  return { texts, silentShards }
}

/** The results themselves: they may be many megabytes, and are passed on as they came. */
function between(text: string): string | null {
  if (!text.startsWith(RESULTS.start) || !text.endsWith(RESULTS.end)) return null
  return text.slice(RESULTS.start.length, -RESULTS.end.length)
}
