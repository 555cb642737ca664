/** Moments in which no check is under way: what is worked on then is in nobody's response time. */
export interface Lulls {
  /** Call it when a check has ended. */
  noteEnd(): void
  /** Settles at once where no check is under way, else when the last one ends, at the latest after `limitMs`. */
  next(limitMs: number): Promise<void>
}

export function lulls(figures: { readonly inFlight: number }): Lulls {
  const waiting = new Set<() => void>()
  return {
    noteEnd() {
      if (waiting.size === 0 || figures.inFlight > 0) return
      for (const go of waiting) go()
    },
    next(limitMs) {
      if (figures.inFlight === 0) return Promise.resolve()
      return new Promise((resolve) => {
        const go = () => {
          clearTimeout(timer)
          waiting.delete(go)
          resolve()
        }
        const timer = setTimeout(go, limitMs)
        waiting.add(go)
      })
    },
  }
}
