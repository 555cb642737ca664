import { z } from 'zod'
import type { AccountKey } from '../../accounts/account.ts'
import type { Fleet } from '../../monitor/fleet.ts'
import { findKeys, unknownAccount } from '../find-account.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import type { RawCall } from '../route.ts'
import { documentOf } from './answers.ts'
import { lastKnownOf, type Others, othersOf } from './shards.ts'

/** How many names one question to another shard holds: its address must not grow too long. */
const NAMES_AT_ONCE = 50

/** Which accounts some names mean, in one part of the fleet or in all of it. */
export const FoundAccountsDocument = z
  .object({
    accounts: z.array(
      z.object({
        id: z.string().describe('The name as it was asked.'),
        keys: z.array(z.string()).describe('The accounts that have it as key, id or phone number.'),
      }),
    ),
  })
  .meta({ id: 'FoundAccounts' })

/** What the shards know of some names. */
export interface Found {
  readonly keysOf: ReadonlyMap<string, readonly AccountKey[]>
  /** Shards that could not be asked, and why. */
  readonly silent: readonly { readonly ordinal: number; readonly why: string }[]
}

/** Looks names up in every part of the fleet; of a shard that is silent, in what the store last knew. */
export async function findEverywhere(fleet: Fleet, others: Others, ids: readonly string[]): Promise<Found> {
  const keysOf = new Map<string, Set<AccountKey>>(
    ids.map((id) => [id, new Set(fleet.find(id).map(({ account }) => account.key))]),
  )
  const silent = new Map<number, string>()
  // A key tells where its account is: only other names are asked for.
  const open = ids.filter((id) => !isKey(fleet, id))
  for (const id of ids) if (isKey(fleet, id)) keysOf.get(id)?.add(id)
  for (let start = 0; start < open.length; start += NAMES_AT_ONCE) {
    const asked = open.slice(start, start + NAMES_AT_ONCE)
    const query = new URLSearchParams(asked.map((id): [string, string] => ['id', id]))
    for (const { ordinal, answer } of await others.askAll({ method: 'GET', path: `/api/accounts?${query}` })) {
      const read = documentOf(answer, FoundAccountsDocument)
      if ('silent' in read) {
        silent.set(ordinal, read.silent)
        for (const id of asked) for (const key of await lastKeysOf(others, ordinal, id)) keysOf.get(id)?.add(key)
      } else {
        for (const { id, keys } of read.document.accounts) for (const key of keys) keysOf.get(id)?.add(key)
      }
    }
  }
  return {
    keysOf: new Map([...keysOf].map(([id, keys]) => [id, [...keys]])),
    silent: [...silent].map(([ordinal, why]) => ({ ordinal, why })),
  }
}

/** As findKeys, in the whole fleet. */
export async function fleetKeys(
  { monitor: { fleet }, shards }: Pick<ApiParts, 'monitor' | 'shards'>,
  ids: readonly string[],
  raw: RawCall,
): Promise<AccountKey[]> {
  const others = othersOf(shards, raw)
  if (others === null) return findKeys(fleet, ids)
  const { keysOf, silent } = await findEverywhere(fleet, others, ids)
  for (const [id, keys] of keysOf) if (keys.length === 0) throw nobodyKnows(fleet, id, silent)
  return [...new Set([...keysOf.values()].flat())]
}

/** The Problem of a name that no shard knows, as far as they answer. */
export function nobodyKnows(fleet: Fleet, id: string, silent: Found['silent']): Problem {
  const [first] = silent
  if (first === undefined) return unknownAccount(fleet, id)
  return new Problem(
    'unavailable',
    `No shard that answers has an account "${id.slice(0, 64)}"; shard ${first.ordinal} ${first.why}.`,
    { members: { silentShards: silent.map(({ ordinal }) => ordinal) }, headers: { 'retry-after': '15' } },
  )
}

/** Whether a name begins with the name of a gateway, as keys do and phone numbers do not. */
function isKey(fleet: Fleet, id: string): boolean {
  return fleet.gateways().some(({ name }) => id.startsWith(`${name}/`))
}

async function lastKeysOf(others: Others, ordinal: number, id: string): Promise<readonly AccountKey[]> {
  const digits = id.replace(/\D/g, '').replace(/^00/, '')
  const views = (await lastKnownOf(others.shards, ordinal)) ?? []
  return views
    .filter(
      ({ account: { account, phone } }) => account === id || (phone !== null && (phone === id || phone === digits)),
    )
    .map(({ account }) => account.key)
}
