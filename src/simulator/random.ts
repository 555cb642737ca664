/** A source of numbers in [0, 1) that is the same for the same seed. */
export type Random = () => number

/** 32-bit FNV-1a hash of a text: spreads names over periods, phases and tokens. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/** A text in the shape of a UUID, always the same for the same text. */
export function uuidOf(text: string): string {
  const digits = [0, 1, 2, 3].map((part) => hashOf(`${part} ${text}`).toString(16).padStart(8, '0')).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}

/** Mulberry32, seeded by a number and a purpose, so that two purposes never share a sequence. */
export function seededRandom(seed: number, purpose: string): Random {
  let state = (seed ^ hashOf(purpose)) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of the items, by chance. Throws on an empty list. */
export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('pick: the list is empty; give it at least one item')
  return item
}

/** A number between two limits, by chance. */
export function between(min: number, max: number, random: Random): number {
  return min + (max - min) * random()
}
