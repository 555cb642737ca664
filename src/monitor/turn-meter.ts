/** Measures how long single turns of the event loop take while checks start and end: that is what we may add to a duration. */
export interface TurnMeter {
  /** Call it when a check starts or its reply is handled; cheap, and armed once per turn. */
  note(): void
  /** Longest turn since the last call, in milliseconds; resets. */
  takeMaxMs(): number
}

/** @param monotonicMs a clock that never jumps, in milliseconds */
export function turnMeter(monotonicMs: () => number): TurnMeter {
  let maxMs = 0
  let armedAtMs: number | null = null
  const close = () => {
    if (armedAtMs === null) return
    maxMs = Math.max(maxMs, monotonicMs() - armedAtMs)
    armedAtMs = null
  }
  return {
    note() {
      if (armedAtMs !== null) return
      armedAtMs = monotonicMs()
      setImmediate(close)
    },
    takeMaxMs() {
      const max = maxMs
      maxMs = 0
      return max
    },
  }
}
