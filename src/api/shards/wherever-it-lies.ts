import { Problem } from '../problem.ts'
import type { Route } from '../route.ts'
import { isSuccess, replyOf } from './answers.ts'
import { addressOf } from './by-account.ts'
import { othersOf, type Shards } from './shards.ts'

/** A long report is tens of megabytes. */
const FILE_LIMIT_MS = 60_000

/** Routes of files that lie with the exporter that made them: one that has no such file asks the others. */
export function whereverItLies(shards: Shards | undefined, routes: readonly Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    async serve(raw) {
      try {
        return await route.serve(raw)
      } catch (error) {
        const others = othersOf(shards, raw)
        const isMissing = error instanceof Problem && error.code === 'not-found'
        if (others === null || !isMissing || route.method !== 'get' || !route.path.includes('{')) throw error
        const path = addressOf(route.path, raw)
        const answers = await others.askAll({ method: 'GET', path, limitMs: FILE_LIMIT_MS })
        const known = answers.flatMap(({ ordinal, answer }) =>
          'silent' in answer || answer.status === 404 ? [] : [{ ordinal, answer }],
        )
        const best = known.find(({ answer }) => isSuccess(answer)) ?? known[0]
        if (best === undefined) throw error
        return replyOf(best.answer, best.ordinal)
      }
    },
  }))
}
