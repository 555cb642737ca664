import { z } from 'zod'

/** A matcher of a silence. */
export interface Matcher {
  readonly name: string
  readonly value: string
  readonly isRegex: boolean
  readonly isEqual: boolean
}

export interface SilenceDraft {
  readonly matchers: readonly Matcher[]
  readonly startsMs: number
  readonly endsMs: number
  readonly createdBy: string
  readonly comment: string
}

export interface Silence extends SilenceDraft {
  readonly id: string
  readonly state: 'pending' | 'active' | 'expired'
}

/** An alert with its labels as Alertmanager knows them, and its end. */
export interface EndedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsMs: number
  readonly endsMs: number
}

/** The few calls of Alertmanager's API v2 that we need. Each rejects with AlertmanagerError. */
export interface AlertmanagerClient {
  silences(signal: AbortSignal): Promise<readonly Silence[]>
  /** Returns the id. */
  createSilence(draft: SilenceDraft, signal: AbortSignal): Promise<string>
  expireSilence(id: string, signal: AbortSignal): Promise<void>
  /** Tells it that alerts are over. It passes that on to whoever it told of them, unless they are muted. */
  endAlerts(ended: readonly EndedAlert[], signal: AbortSignal): Promise<void>
  /** Fingerprints of all alerts that it holds, muted ones too. */
  alertFingerprints(signal: AbortSignal): Promise<ReadonlySet<string>>
  /** When it was started. */
  startedMs(signal: AbortSignal): Promise<number>
}

class AlertmanagerError extends Error {
  override readonly name = 'AlertmanagerError'
}

const REQUEST_LIMIT_MS = 10_000
const LONGEST_ANSWER = 500

const matcher = z.object({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
})
const silence = z.object({
  id: z.string(),
  status: z.object({ state: z.enum(['pending', 'active', 'expired']) }),
  matchers: z.array(matcher),
  startsAt: z.string(),
  endsAt: z.string(),
  createdBy: z.string(),
  comment: z.string(),
})
const Silences = z.array(silence)
const Created = z.object({ silenceID: z.string() })
const Alerts = z.array(z.object({ fingerprint: z.string() }))
const Status = z.object({ uptime: z.string() })

/**
 * Speaks to the Alertmanager at `url` (API v2, Alertmanager 0.25 and later).
 * Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function alertmanagerClient(url: string): AlertmanagerClient {
  const base = url.replace(/\/$/, '')

  async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, signal: AbortSignal, body?: object) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)])
    const what = `Alertmanager at ${base} (${method} ${path.replace(/\?.*/, '')})`
    let response: Response
    let text: string
    try {
      response = await fetch(`${base}/api/v2${path}`, {
        method,
        signal: limit,
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      text = await response.text()
    } catch (error) {
      throw new AlertmanagerError(`${what} does not answer. Check alerting.url.`, { cause: error })
    }
    if (response.ok) return text
    throw new AlertmanagerError(`${what} answers ${response.status}: ${text.trim().slice(0, LONGEST_ANSWER)}`)
  }

  async function read<S extends z.ZodType>(
    schema: S,
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<z.output<S>> {
    const text = await ask(method, path, signal, body)
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      throw new AlertmanagerError(
        `${base} (${method} ${path}) answers with something that is not Alertmanager's. Check alerting.url.`,
        { cause: error },
      )
    }
  }

  return {
    async silences(signal) {
      const found = await read(Silences, 'GET', '/silences', signal)
      return found.map(({ status, startsAt, endsAt, ...rest }) => ({
        ...rest,
        state: status.state,
        startsMs: Date.parse(startsAt),
        endsMs: Date.parse(endsAt),
      }))
    },
    async createSilence({ startsMs, endsMs, ...rest }, signal) {
      const startsAt = new Date(startsMs).toISOString()
      const endsAt = new Date(endsMs).toISOString()
      return (await read(Created, 'POST', '/silences', signal, { ...rest, startsAt, endsAt })).silenceID
    },
    async expireSilence(id, signal) {
      await ask('DELETE', `/silence/${encodeURIComponent(id)}`, signal)
    },
    async endAlerts(ended, signal) {
      const body = ended.map(({ labels, annotations, startsMs, endsMs }) => ({
        labels,
        annotations,
        startsAt: new Date(startsMs).toISOString(),
        endsAt: new Date(endsMs).toISOString(),
      }))
      await ask('POST', '/alerts', signal, body)
    },
    async alertFingerprints(signal) {
      const found = await read(Alerts, 'GET', '/alerts', signal)
      return new Set(found.map(({ fingerprint }) => fingerprint))
    },
    async startedMs(signal) {
      return Date.parse((await read(Status, 'GET', '/status', signal)).uptime)
    },
  }
}
