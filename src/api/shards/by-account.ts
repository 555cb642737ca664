import type { AccountKey } from '../../accounts/account.ts'
import type { AccountView, Fleet } from '../../monitor/fleet.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import type { RawCall, Route } from '../route.ts'
import { replyOf, silentShard } from './answers.ts'
import { findEverywhere, nobodyKnows } from './find-keys.ts'
import { lastKnownOf, type Others, othersOf } from './shards.ts'

/** A restart waits for the gateway; its answer must come through whole. */
const ACT_LIMIT_MS = 60_000
const READ_LIMIT_MS = 15_000
const MAX_ID = 512
const MAX_CANDIDATES = 20

/**
 * Routes about one account (`{id}`), each answered by the shard that watches it. Where that one is silent, what only
 * reads is answered from the shared store, and says so; what acts is refused and names the shard.
 */
export function byAccount(parts: ApiParts, make: (parts: ApiParts) => readonly Route[]): Route[] {
  const { shards } = parts
  const routes = make(parts)
  if (shards === undefined || shards.peers === null) return [...routes]
  return routes.map((route, index) => ({
    ...route,
    async serve(raw) {
      const id = raw.params['id'] ?? ''
      const others = othersOf(shards, raw)
      if (others === null || id === '' || id.length > MAX_ID) return route.serve(raw)
      const isRead = route.method === 'get'
      const key = await keyOf(parts.monitor.fleet, others, id, isRead)
      const named = { ...raw, params: { ...raw.params, id: key } }
      const owner = shards.ownerOf(key)
      if (owner === shards.ordinal) return route.serve(named)
      const answer = await others.ask(owner, {
        method: route.method.toUpperCase(),
        path: addressOf(route.path, named),
        // A body that came with a question means nothing, and none can be sent along.
        body: isRead || raw.body.length === 0 ? undefined : raw.body,
        limitMs: isRead ? READ_LIMIT_MS : ACT_LIMIT_MS,
      })
      if (!('silent' in answer)) return replyOf(answer, owner)
      const known = isRead ? (await lastKnownOf(shards, owner))?.find(({ account }) => account.key === key) : undefined
      const instead = known === undefined ? undefined : make({ ...parts, ...lastKnownParts(parts, known) })[index]
      if (instead === undefined) throw silentShard(owner, answer.silent)
      return instead.serve(named)
    },
  }))
}

/** The one account that a name means. A name that a silent shard may have, too, is not good enough to act on. */
async function keyOf(fleet: Fleet, others: Others, id: string, isRead: boolean): Promise<AccountKey> {
  if (fleet.get(id) !== undefined) return id
  const { keysOf, silent } = await findEverywhere(fleet, others, [id])
  const [key, ...more] = keysOf.get(id) ?? []
  if (key === undefined) throw nobodyKnows(fleet, id, silent)
  if (more.length > 0) {
    throw new Problem(
      'ambiguous',
      `"${id}" names ${more.length + 1} accounts. Use the key of one, URL-encoded: ${encodeURIComponent(key)}`,
      { members: { candidates: [key, ...more].slice(0, MAX_CANDIDATES) } },
    )
  }
  if (!isRead && silent.length > 0) {
    throw new Problem(
      'unavailable',
      `Not every shard answers, so nobody can tell whether "${id}" names one account. Use its key, URL-encoded: ${encodeURIComponent(key)}`,
      { members: { silentShards: silent.map(({ ordinal }) => ordinal) } },
    )
  }
  return key
}

/** `/api/health/{id}` with its parts filled in, and the query. */
export function addressOf(path: string, { params, search }: Pick<RawCall, 'params' | 'search'>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const query = search.toString()
  return query === '' ? filled : `${filled}?${query}`
}

/** A fleet of the one account, as the store last knew it. */
function lastKnownParts({ monitor }: ApiParts, view: AccountView): Pick<ApiParts, 'monitor'> {
  const { fleet } = monitor
  const one: Fleet = {
    size: 1,
    *accounts() {
      yield view
    },
    get: (key) => (key === view.account.key ? view : undefined),
    find: (id) => (id === view.account.key ? [view] : []),
    gateways: () => fleet.gateways(),
    exporter: () => fleet.exporter(),
  }
  return { monitor: { ...monitor, fleet: one } }
}
