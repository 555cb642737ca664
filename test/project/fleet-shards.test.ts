import { expect, test } from 'vitest'
import { ApiOptions } from '../../src/api/options.ts'
import { ShardingOptions } from '../../src/discovery/options.ts'
import { fleetShards } from '../../src/fleet-shards.ts'
import { until } from '../service/until.ts'

const api = () => ApiOptions.parse({})

function shardsOver(ledgersOf: () => Promise<[]>, rememberedMs?: number) {
  const shards = fleetShards(
    { sharding: ShardingOptions.parse({ total: 2 }) },
    {
      shard: { ordinal: 0, total: 2, store: { ledgersOf } },
      monotonicMs: () => 0,
      api,
      signal: new AbortController().signal,
      ...(rememberedMs === undefined ? {} : { rememberedMs }),
    },
  )
  if (shards === undefined) throw new Error('there are two shards')
  return shards
}

test('what the store knows of a silent shard is read once for all who ask, and not kept', async () => {
  let reads = 0
  const shards = shardsOver(async () => {
    reads += 1
    return []
  }, 20)
  await Promise.all([shards.lastKnown(1), shards.lastKnown(1)])
  expect(reads).toBe(1)
  await until('another reading', async () => {
    await shards.lastKnown(1)
    return reads > 1
  })
})

test('a store that could not be read is asked again', async () => {
  let isAway = true
  const shards = shardsOver(async () => {
    if (isAway) throw new Error('away')
    return []
  })
  await expect(shards.lastKnown(1)).rejects.toThrow('away')
  isAway = false
  expect(await shards.lastKnown(1)).toEqual([])
})

test('an exporter that watches the whole fleet has no others', () => {
  const parts = { shard: { ordinal: 0, total: 1, store: {} }, monotonicMs: () => 0, api, signal: AbortSignal.abort() }
  expect(fleetShards({ sharding: ShardingOptions.parse({}) }, parts)).toBeUndefined()
})
