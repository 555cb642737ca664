/** One series of an answer: its labels, and its values at their times. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly points: readonly (readonly [atMs: number, value: number])[]
}

/** What Prometheus says to a query of the kind that Grafana sends. Rejects with Prometheus' own words. */
export interface PrometheusAsker {
  instant(query: string, atMs: number): Promise<readonly Series[]>
  range(query: string, fromMs: number, toMs: number, stepMs: number): Promise<readonly Series[]>
  /** Values of a label, of the series that match or of all. */
  labelValues(label: string, match: string | null, fromMs: number, toMs: number): Promise<readonly string[]>
}

interface Answer {
  readonly status: 'success' | 'error'
  readonly error?: string
  readonly data: unknown
}

type Sample = readonly [number, string]
interface Found {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: Sample
  readonly values?: readonly Sample[]
}

/** @param url base address, without a slash at its end */
export function prometheusAsker(url: string): PrometheusAsker {
  async function ask(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    // The answer of Prometheus' API, as it documents it.
    const { status, error, data } = (await answer.json()) as Answer
    if (status === 'success') return data
    throw new Error(`${error}: ${parameters['query'] ?? path}`)
  }
  async function series(path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    // As above: vectors and matrices differ by `value` and `values`, a scalar has no labels.
    const { resultType, result } = (await ask(path, parameters)) as { resultType: string; result: unknown }
    if (resultType === 'scalar') return [{ labels: {}, points: [point(result as Sample)] }]
    return (result as readonly Found[]).map(({ metric, value, values }) => ({
      labels: metric,
      points: (values ?? (value === undefined ? [] : [value])).map(point),
    }))
  }
  return {
    instant: (query, atMs) => series('query', { query, time: String(atMs / 1000) }),
    range: (query, fromMs, toMs, stepMs) =>
      series('query_range', {
        query,
        start: String(fromMs / 1000),
        end: String(toMs / 1000),
        step: String(stepMs / 1000),
      }),
    async labelValues(label, match, fromMs, toMs) {
      const span = { start: String(fromMs / 1000), end: String(toMs / 1000) }
      const asked = match === null ? span : { ...span, 'match[]': match }
      return (await ask(`label/${label}/values`, asked)) as readonly string[] // as Prometheus documents it
    },
  }
}

function point([seconds, value]: Sample): readonly [number, number] {
  return [seconds * 1000, value === '+Inf' ? Number.POSITIVE_INFINITY : value === '-Inf' ? -Infinity : Number(value)]
}
