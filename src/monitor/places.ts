/**
 * A bounded number of places for work under way. Whoever finds one free goes on at once, without a promise: p-limit makes
 * six per task, which for a check within two limits was a fifth of its whole cost
 * (docs/decisions/0011-places-for-checks.md).
 */
export interface Places {
  /** How many there are; may change at any time. Fewer than are taken: nobody is sent away, the next ones wait. */
  size: number
  readonly taken: number
  /** Takes a place if one is free and nobody waits; true if so. Give it back with `leave`. */
  take(): boolean
  /** Takes a place as soon as one is free, in the order of asking. Give it back with `leave`. */
  wait(): Promise<void>
  leave(): void
}

export function places(size: number): Places {
  const waiting = new Set<() => void>()
  let taken = 0

  function letIn(): void {
    for (const enter of waiting) {
      if (taken >= size) return
      waiting.delete(enter)
      taken += 1
      enter()
    }
  }

  return {
    get size() {
      return size
    },
    set size(next) {
      size = next
      letIn()
    },
    get taken() {
      return taken
    },
    take() {
      if (taken >= size || waiting.size > 0) return false
      taken += 1
      return true
    },
    wait() {
      return new Promise((resolve) => {
        waiting.add(resolve)
        letIn()
      })
    },
    leave() {
      taken -= 1
      letIn()
    },
  }
}
