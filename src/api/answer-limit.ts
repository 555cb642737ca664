import { Problem } from './problem.ts'

/** A connection on which nothing moves for so long is dead, in the middle of an answer too. */
export const SILENT_CONNECTION_MS = 90_000
/** What is not ready by then is refused while the client can still be told. */
const LONGEST_WORK_MS = SILENT_CONNECTION_MS - 10_000

/**
 * Work whose answer begins when it is done, and which must be done before the silent connection is cut: whatever limits
 * it has of its own, it is given up in time.
 * @param gone aborts when nobody waits for the answer
 * @param instead what a client can do that needs it, for people
 * @throws Problem `timeout`
 */
export async function beforeTheCut<T>(
  gone: AbortSignal,
  instead: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const { promise: cut, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new Problem('timeout', `It was not ready within ${LONGEST_WORK_MS / 1_000} s. ${instead}`))
    limit.abort()
  }, LONGEST_WORK_MS)
  try {
    return await Promise.race([work(AbortSignal.any([gone, limit.signal])), cut])
  } finally {
    clearTimeout(timer)
  }
}
