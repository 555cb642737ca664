import type { AccountKey } from './account.ts'

/**
 * Which of `total` exporters watches an account. When `total` grows by one, only one account in `total` moves.
 * Jump consistent hash (Lamping and Veach, https://arxiv.org/abs/1406.2294) of the 64-bit FNV-1a of the key.
 */
export function shardOf(key: AccountKey, total: number): number {
  if (total <= 1) return 0
  let state = fnv1a64(key)
  let bucket = -1n
  let next = 0n
  while (next < BigInt(total)) {
    bucket = next
    state = BigInt.asUintN(64, state * 2_862_933_555_777_941_757n + 1n)
    // The paper's floating-point step, in doubles as there: (b + 1) * (2^31 / ((key >> 33) + 1)).
    next = BigInt(Math.floor((Number(bucket) + 1) * (2 ** 31 / (Number(state >> 33n) + 1))))
  }
  return Number(bucket)
}

function fnv1a64(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n)
  }
  return hash
}
