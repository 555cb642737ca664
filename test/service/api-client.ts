import type { z } from 'zod'
import type { AccountDetailDocument } from '../../src/api/documents/account.ts'
import type { GatewayDocument } from '../../src/api/documents/gateway.ts'
import type { IncidentDocument } from '../../src/api/documents/incident.ts'
import type { RecoveryDocument } from '../../src/api/documents/recovery.ts'
import { type Family, parsePage } from '../metrics/parse-page.ts'
import { until } from './until.ts'

export type AccountDetail = z.output<typeof AccountDetailDocument>
export type GatewayDetail = z.output<typeof GatewayDocument>
export type IncidentDetail = z.output<typeof IncidentDocument>
export type RecoveryDetail = z.output<typeof RecoveryDocument>

/** One scrape. */
export interface Scrape {
  readonly text: string
  readonly families: ReadonlyMap<string, Family>
  /** The one sample that has these labels; undefined where there is none. Throws where there are several. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

/** Talks to an exporter as its users do: over HTTP. */
export interface ApiClient {
  readonly url: string
  /** Throws where the answer is no success. */
  json(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<{ status: number; text: string }>
  scrape(): Promise<Scrape>
  account(id: string): Promise<AccountDetail>
  gateway(name: string): Promise<GatewayDetail>
  incidents(account?: string): Promise<readonly IncidentDetail[]>
  recoveries(account: string): Promise<readonly RecoveryDetail[]>
  /** Waits for an account to be as asked. */
  accountWhere(
    id: string,
    what: string,
    is: (account: AccountDetail) => boolean,
    limitMs?: number,
  ): Promise<AccountDetail>
}

export function apiClient(url: string): ApiClient {
  const request: ApiClient['request'] = async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    })
    return { status: answer.status, text: await answer.text() }
  }
  const json: ApiClient['json'] = async (method, path, body) => {
    const { status, text } = await request(method, path, body)
    if (status < 200 || status > 299) throw new Error(`${method} ${path} answered ${status}: ${text}`)
    return JSON.parse(text)
  }
  // The documents are checked against their schemas in test/api; here their types are taken on trust.
  const read = async <T>(path: string) => (await json('GET', path)) as T
  const account = (id: string) => read<AccountDetail>(`/api/health/${encodeURIComponent(id)}`)
  return {
    url,
    request,
    json,
    async scrape() {
      const { text } = await request('GET', '/metrics')
      const families = parsePage(ownFamilies(text), 'text')
      return {
        text,
        families,
        value(name, labels = {}) {
          const found = (families.get(name)?.samples ?? []).filter((sample) =>
            Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
          )
          if (found.length > 1) throw new Error(`${name} ${JSON.stringify(labels)} names ${found.length} samples`)
          return found[0]?.value
        },
      }
    },
    account,
    async gateway(name) {
      const { gateways } = await read<{ gateways: GatewayDetail[] }>('/api/health/status?limit=1')
      const found = gateways.find((gateway) => gateway.name === name)
      if (found === undefined) throw new Error(`no gateway ${name}`)
      return found
    },
    async incidents(id) {
      const query = id === undefined ? '' : `&account=${encodeURIComponent(id)}`
      return (await read<{ incidents: IncidentDetail[] }>(`/api/incidents?limit=1000${query}`)).incidents
    },
    async recoveries(id) {
      const path = `/api/recoveries?limit=1000&account=${encodeURIComponent(id)}`
      return (await read<{ recoveries: RecoveryDetail[] }>(path)).recoveries
    },
    async accountWhere(id, what, is, limitMs) {
      let last: AccountDetail | undefined
      try {
        return await until(
          `${id} to be ${what}`,
          async () => {
            last = await account(id)
            return is(last) ? last : undefined
          },
          limitMs,
        )
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : error}: ${last?.status} ${last?.why}`)
      }
    },
  }
}

/** Our families of a page; those of the process are prom-client's. */
function ownFamilies(page: string): string {
  return page
    .split('\n')
    .filter((line) => line === '' || /^(?:# \w+ )?whatsapp_/.test(line))
    .join('\n')
}
