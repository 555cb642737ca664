/** A share of an abort signal; `end` gives it back. */
export interface SignalShare {
  readonly signal: AbortSignal
  end(): void
}

/**
 * Hands out one signal as many: adding a listener to a signal walks all listeners that are there, which for 10 000
 * checks under way at once costs more than the checks themselves.
 * @param usersPerShare how many users one of the many has
 */
export function signalShares(source: AbortSignal, usersPerShare = 32): () => SignalShare {
  interface Group {
    readonly controller: AbortController
    given: number
    open: number
  }
  const groups = new Set<Group>()
  let current: Group | null = null
  source.addEventListener(
    'abort',
    () => {
      for (const { controller } of groups) controller.abort(source.reason)
    },
    { once: true },
  )

  return () => {
    if (current === null || current.given === usersPerShare) {
      current = { controller: new AbortController(), given: 0, open: 0 }
      if (source.aborted) current.controller.abort(source.reason)
      groups.add(current)
    }
    const group = current
    group.given += 1
    group.open += 1
    return {
      signal: group.controller.signal,
      end() {
        group.open -= 1
        if (group.open > 0) return
        groups.delete(group)
        if (current === group) current = null
      },
    }
  }
}
