/** Edits (insert, delete, replace, swap of neighbours) between two words: the restricted Damerau-Levenshtein distance. */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}

/** Longer words are cut: they are no typing mistakes, and comparing them would hold up the event loop. */
const COMPARED_LETTERS = 64

/**
 * The word that was probably meant, in any case of its letters; null where none is close.
 * Close is at most one edit per three letters, and one edit for shorter words.
 */
export function nearestWord(word: string, candidates: readonly string[]): string | null {
  const wanted = word.slice(0, COMPARED_LETTERS).toLowerCase()
  let best: { candidate: string; distance: number } | null = null
  for (const candidate of candidates) {
    const compared = candidate.slice(0, COMPARED_LETTERS).toLowerCase()
    const distance = editDistance(wanted, compared)
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, compared.length) / 3))
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance }
  }
  return best?.candidate ?? null
}
