/** Something that is checked once per interval: an account, or a gateway whose list call carries all its accounts. */
export interface Unit {
  readonly id: string
}

/**
 * Spreads units over the interval in small bursts. Each unit has a fixed place on the interval (a hash of its id), so
 * that units may come and go without moving the others; a turn hands out all whose place has passed since the last turn.
 */
export interface Wheel<T extends Unit> {
  set(units: readonly T[]): void
  /** Units due in `(fromMs, toMs]` of monotonic time; each at most once, however long the stretch. */
  due(fromMs: number, toMs: number): readonly T[]
  /** Pause between two turns that gives bursts of about `burst` units, in milliseconds. */
  readonly turnMs: number
  readonly size: number
}

const SHORTEST_TURN_MS = 20

/**
 * @param intervalMs time in which every unit comes up once
 * @param burst units per turn aimed at; small bursts keep reported durations true, larger ones save CPU
 */
export function wheel<T extends Unit>(intervalMs: number, burst: number): Wheel<T> {
  let places: { readonly atMs: number; readonly unit: T }[] = []
  let turnMs = intervalMs

  return {
    set(units) {
      places = units.map((unit) => ({ atMs: placeMs(unit.id, intervalMs), unit })).sort((a, b) => a.atMs - b.atMs)
      const turns = Math.max(1, Math.ceil(units.length / burst))
      turnMs = Math.min(intervalMs, Math.max(SHORTEST_TURN_MS, intervalMs / turns))
    },
    due(fromMs, toMs) {
      if (toMs <= fromMs) return []
      if (toMs - fromMs >= intervalMs) return places.map((place) => place.unit)
      const from = fromMs % intervalMs
      const to = toMs % intervalMs
      const first = firstAfter(places, from)
      const last = firstAfter(places, to)
      const due = from < to ? places.slice(first, last) : [...places.slice(first), ...places.slice(0, last)]
      return due.map((place) => place.unit)
    },
    get turnMs() {
      return turnMs
    },
    get size() {
      return places.length
    },
  }
}

function firstAfter(places: readonly { readonly atMs: number }[], atMs: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle]?.atMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return low
}

/** FNV-1a of the id with a final mix, as a place in [0, intervalMs). */
function placeMs(id: string, intervalMs: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * intervalMs
}
