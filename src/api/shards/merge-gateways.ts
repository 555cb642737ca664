import type { z } from 'zod'
import type { GatewayDocument } from '../documents/gateway.ts'

type Gateway = z.output<typeof GatewayDocument>

/**
 * Gateways as all shards together see them. A gateway that answers one of them is up; what is newest is shown; a circuit
 * breaker that is open anywhere is open.
 */
export function mergeGateways(parts: readonly (readonly Gateway[])[]): Gateway[] {
  const byName = Map.groupBy(parts.flat(), ({ name }) => name)
  return [...byName.values()].flatMap((views) => {
    const [first, ...others] = views
    return first === undefined ? [] : [others.reduce(together, first)]
  })
}

function together(a: Gateway, b: Gateway): Gateway {
  const verdict = rank(b) > rank(a) ? b : a
  return {
    ...a,
    up: verdict.up,
    upSince: verdict.upSince,
    lastAnswerAt: later(a.lastAnswerAt, b.lastAnswerAt),
    lastError: (b.lastError?.at ?? '') > (a.lastError?.at ?? '') ? b.lastError : a.lastError,
    accounts: a.accounts + b.accounts,
    breakerOpen: a.breakerOpen || b.breakerOpen,
  }
}

/** Who sees it up knows more than who sees it down, and both more than who cannot tell. */
function rank({ up }: Gateway): number {
  if (up === null) return 0
  return up ? 2 : 1
}

/** RFC 3339 in UTC compares as text. */
function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return a > b ? a : b
}
