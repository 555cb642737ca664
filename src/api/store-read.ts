import { type Fault, Problem } from './problem.ts'

/** Reads from the store; what the store cannot do becomes a Problem: `invalid` for a foreign cursor, else `unavailable`. */
export async function readStore<T>(read: Promise<T>): Promise<T> {
  try {
    return await read
  } catch (error) {
    const code = storeErrorCode(error)
    if (code === 'bad_cursor') {
      const fault: Fault = { path: 'query.cursor', rule: 'is not from a page of this list. Start without it' }
      throw new Problem('invalid', `${fault.path}: ${fault.rule}`, { faults: [fault] })
    }
    if (code === undefined) throw error
    throw new Problem(
      'unavailable',
      `The store cannot be read (${code}). Checks go on; GET /api/health/status does not need the store.`,
      { cause: error, headers: { 'retry-after': '15' } },
    )
  }
}

/** Code of a StoreError, known by its name: the api imports the store's types only. */
function storeErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'StoreError' || !('code' in error)) return undefined
  return String(error.code)
}
