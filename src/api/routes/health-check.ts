import { z } from 'zod'
import type { CheckResult } from '../../monitor/fleet.ts'
import { AccountDocument, accountDocument } from '../documents/account.ts'
import { ErrorField, Seconds, seconds } from '../documents/fields.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { type CheckedElsewhere, checkElsewhere, RESULTS } from '../shards/check-everywhere.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { othersOf } from '../shards/shards.ts'

const LIMIT_MS = 60_000
/** Of the limit: what others may take, so that one of them that hangs does not cost the results of all. */
const SHARE_OF_OTHERS = 0.75
const MAX_NAMED = 10_000
const RESULTS_AT_ONCE = 100
const ALONE: CheckedElsewhere = { texts: [], silentShards: [] }

const CheckResultDocument = z
  .object({
    account: AccountDocument,
    outcome: z.enum(['reading', 'error']).describe('Whether the gateway answered with a reading.'),
    durationSeconds: Seconds.nullable(),
    error: ErrorField.nullable(),
  })
  .meta({ id: 'CheckResult' })

/** POST /api/health/check; `limitMs` is how long the checks may take together. */
export function healthCheckRoute(parts: ApiParts, limitMs = LIMIT_MS): Route {
  const { monitor, shards, signal: lifetime } = parts
  return route({
    method: 'post',
    path: '/api/health/check',
    access: 'operate',
    id: 'checkNow',
    summary: 'Check now and return the results',
    description: 'Checks every account, or those named by key, id or phone. Takes 60 seconds at most.',
    body: z.strictObject({
      accounts: z.array(z.string().min(1).max(512)).min(1).max(MAX_NAMED).optional().describe('Absent: all.'),
    }),
    success: {
      status: 200,
      description: 'What each check brought, the verdict and why.',
      schema: z.object({
        results: z.array(CheckResultDocument),
        silentShards: z.array(z.int()).optional().describe('Shards that did not answer: their accounts are missing.'),
      }),
    },
    problems: ['not-found', 'timeout'],
    async handle({ body, raw }) {
      const others = othersOf(shards, raw)
      const keys = body.accounts === undefined ? 'all' : await fleetKeys(parts, body.accounts, raw)
      const isOurs = (key: string) => others === null || others.shards.ownerOf(key) === others.shards.ordinal
      const ours = keys === 'all' ? keys : presentKeys(keys.filter(isOurs))
      const theirs = keys === 'all' ? keys : keys.filter((key) => !isOurs(key))
      const [results, elsewhere] = await within(limitMs, [raw.signal, lifetime], (signal) =>
        Promise.all([
          ours.length === 0 ? [] : monitor.checkNow(ours, signal),
          others === null || theirs.length === 0 ? ALONE : checkElsewhere(others, theirs, limitMs * SHARE_OF_OTHERS),
        ]),
      )
      return { contentType: 'application/json', pieces: resultPieces(results, elsewhere) }
    },
  })

  function presentKeys(keys: readonly string[]): readonly string[] {
    const gone = keys.find((key) => monitor.fleet.get(key) === undefined)
    if (gone !== undefined) throw new Problem('not-found', `No account has the key "${gone.slice(0, 128)}".`)
    return keys
  }
}

function resultDocument({ view, durationMs, error }: CheckResult): z.output<typeof CheckResultDocument> {
  return {
    account: accountDocument(view),
    outcome: error === null ? 'reading' : 'error',
    durationSeconds: durationMs === null ? null : seconds(durationMs),
    error,
  }
}

/** `{"results":[…]}`, some results at a time: ten thousand at once would hold up the checks for a tenth of a second. */
function* resultPieces(results: readonly CheckResult[], { texts, silentShards }: CheckedElsewhere): Generator<string> {
  yield RESULTS.start
  for (let start = 0; start < results.length; start += RESULTS_AT_ONCE) {
    const documents = results
      .slice(start, start + RESULTS_AT_ONCE)
      .map((result) => JSON.stringify(resultDocument(result)))
    yield (start === 0 ? '' : ',') + documents.join(',')
  }
  for (const [index, text] of texts.entries()) yield (index === 0 && results.length === 0 ? '' : ',') + text
  yield silentShards.length === 0 ? RESULTS.end : `],"silentShards":${JSON.stringify(silentShards)}}`
}

/** Runs work that ends with the first of: its own end, the limit (Problem `timeout`), one of the signals. */
async function within<T>(
  limitMs: number,
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const end = () => stop.abort()
  const timer = setTimeout(() => {
    stop.abort(new Problem('timeout', `The checks took longer than ${limitMs / 1000} s. Name fewer accounts.`))
  }, limitMs)
  for (const signal of signals) {
    if (signal.aborted) stop.abort()
    else signal.addEventListener('abort', end, { once: true })
  }
  const cut = new Promise<never>((_resolve, reject) => {
    if (stop.signal.aborted) reject(stop.signal.reason)
    else stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  try {
    return await Promise.race([work(stop.signal), cut])
  } catch (error) {
    if (!stop.signal.aborted) throw error
    if (stop.signal.reason instanceof Problem) throw stop.signal.reason
    throw new Problem('unavailable', 'The exporter is stopping, or the client has gone.', { cause: error })
  } finally {
    clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener('abort', end)
  }
}
