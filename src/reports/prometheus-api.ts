import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Secret } from '../option-types.ts'
import type { TimeRange } from '../store/store.ts'

/** Prometheus did not answer a query, or not so that it can be read. The message holds no credentials. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError'
  readonly code: 'unreachable' | 'timeout' | 'unauthorized' | 'bad_query' | 'too_large' | 'unavailable' | 'bad_reply'

  constructor(code: PrometheusError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** One series of a range query: values at the steps at which it had one. */
export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly (readonly [atMs: number, value: number])[]
}

export interface PrometheusApi {
  /**
   * Values from `range.fromMs` to `range.toMs`, both included, every `stepMs`, in pages of at most 11 000 points each.
   * Rejects with PrometheusError only, and with the signal's reason once it aborts.
   */
  queryRange(query: string, range: TimeRange, stepMs: number, signal: AbortSignal): Promise<readonly RangeSeries[]>
}

export interface PrometheusApiOptions {
  /** Base address, without a slash at its end. */
  readonly url: string
  readonly signIn?:
    | {
        readonly bearerToken?: Secret | undefined
        readonly bearerTokenFile?: string | undefined
        readonly username?: string | undefined
        readonly password?: Secret | undefined
        readonly passwordFile?: string | undefined
      }
    | undefined
  /** Limit of one page, milliseconds. @default 30 000 */
  readonly timeoutMs?: number
  /** @default 11 000, the limit of Prometheus itself */
  readonly maxPoints?: number
}

const MAX_POINTS = 11_000
const TIMEOUT_MS = 30_000
const MAX_BYTES = 64 * 1024 * 1024

const Reply = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
})
const Refusal = z.object({ error: z.string() })

/** Client of Prometheus' HTTP API; also speaks to Mimir, Thanos and VictoriaMetrics, whose range query is the same. */
export function prometheusApi(options: PrometheusApiOptions): PrometheusApi {
  const { url, timeoutMs = TIMEOUT_MS, maxPoints = MAX_POINTS } = options

  async function page(query: string, { fromMs, toMs }: TimeRange, stepMs: number, signal: AbortSignal) {
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await fetch(`${url}/api/v1/query_range`, {
        method: 'POST',
        // A redirect would carry the credentials elsewhere.
        redirect: 'error',
        headers: await headersOf(options),
        body: new URLSearchParams({
          query,
          start: String(fromMs / 1000),
          end: String(toMs / 1000),
          step: String(stepMs / 1000),
        }),
        signal: AbortSignal.any([signal, limit]),
      })
      const text = await bodyOf(answer, url)
      if (!answer.ok) throw refusal(answer.status, text, url)
      return seriesOf(text, url)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof PrometheusError) throw error
      if (limit.aborted) {
        throw new PrometheusError('timeout', `Prometheus at ${url} did not answer within ${timeoutMs / 1000} s.`)
      }
      throw new PrometheusError(
        'unreachable',
        `Prometheus at ${url} cannot be reached (${codeOf(error)}). Check prometheus.url.`,
        { cause: error },
      )
    }
  }

  return {
    async queryRange(query, range, stepMs, signal) {
      const found = new Map<string, { labels: Readonly<Record<string, string>>; points: [number, number][] }>()
      const pageMs = (maxPoints - 1) * stepMs
      for (let fromMs = range.fromMs; fromMs <= range.toMs; fromMs += pageMs + stepMs) {
        const piece = { fromMs, toMs: Math.min(fromMs + pageMs, range.toMs) }
        for (const { metric, values } of await page(query, piece, stepMs, signal)) {
          const id = JSON.stringify(Object.entries(metric).sort())
          const series = found.get(id) ?? { labels: metric, points: [] }
          found.set(id, series)
          for (const [at, value] of values) series.points.push([Math.round(at * 1000), Number(value)])
        }
      }
      return [...found.values()]
    },
  }
}

async function headersOf({ url, signIn }: PrometheusApiOptions): Promise<Record<string, string>> {
  if (signIn === undefined) return {}
  const fromFile = async (path: string) => {
    try {
      return (await readFile(path, 'utf8')).trim()
    } catch (error) {
      throw new PrometheusError(
        'unauthorized',
        `The credentials for Prometheus at ${url} cannot be read from ${path} (${codeOf(error)}). Check prometheus.signIn.`,
        { cause: error },
      )
    }
  }
  const { username, bearerToken, bearerTokenFile, password, passwordFile } = signIn
  if (username === undefined) {
    const token = bearerTokenFile === undefined ? (bearerToken?.reveal() ?? '') : await fromFile(bearerTokenFile)
    return { authorization: `Bearer ${token}` }
  }
  const secret = passwordFile === undefined ? (password?.reveal() ?? '') : await fromFile(passwordFile)
  return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` }
}

async function bodyOf(answer: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) {
      throw new PrometheusError(
        'too_large',
        `Prometheus at ${url} sent more than ${MAX_BYTES >> 20} MiB for one query.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refusal(status: number, text: string, url: string): PrometheusError {
  const said = Refusal.safeParse(jsonOf(text)).data?.error.slice(0, 200)
  const why = said === undefined ? `HTTP ${status}` : `HTTP ${status}: ${said}`
  if (status === 401 || status === 403) {
    return new PrometheusError(
      'unauthorized',
      `Prometheus at ${url} refuses the credentials (HTTP ${status}). Check prometheus.signIn.`,
    )
  }
  if (status === 400 || status === 422)
    return new PrometheusError('bad_query', `Prometheus at ${url} refuses the query (${why}).`)
  return new PrometheusError('unavailable', `Prometheus at ${url} cannot answer now (${why}).`)
}

function seriesOf(text: string, url: string) {
  const parsed = Reply.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data.data.result
  throw new PrometheusError('bad_reply', `What answers at ${url} is not Prometheus' API. Check prometheus.url.`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown error'
  return 'code' in cause ? String(cause.code) : cause.message
}
