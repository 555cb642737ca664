import { z } from 'zod'
import { jidPhone } from './jid.ts'

/**
 * One entry of `GET /instance/fetchInstances`. In v2 it is a database row: `status` was written at the last open, QR code or
 * final close, so it stays `open` through a reconnect loop. In v1 it is the live state.
 */
export interface Instance {
  readonly name: string
  readonly version: 1 | 2
  /** v2 column `connectionStatus`, v1 `status`. */
  readonly status: string | null
  /** Whether a number is linked; null where the entry does not tell (v1 leaves `owner` out while closed). */
  readonly paired: boolean | null
  readonly phone: string | null
  readonly profileName: string | null
  /** Baileys code of the last close that was written down; a later open does not clear it. */
  readonly reasonCode: number | null
  /** When that close was, Unix milliseconds by the gateway's clock. */
  readonly disconnectedAtMs: number | null
  /** The Cloud API and Evolution's own channel have no socket: their state is always `open`. */
  readonly hasSocket: boolean
  /** Messages in the gateway's database. */
  readonly messages: number | null
}

const SOCKETLESS = new Set(['WHATSAPP-BUSINESS', 'EVOLUTION'])

// The entries also hold the token of each instance: only what is named here is read.
const V2 = z.object({
  name: z.string().min(1),
  connectionStatus: z.string().nullish().catch(undefined),
  ownerJid: z.string().nullish().catch(undefined),
  number: z.string().nullish().catch(undefined),
  profileName: z.string().nullish().catch(undefined),
  integration: z.string().nullish().catch(undefined),
  disconnectionReasonCode: z.number().nullish().catch(undefined),
  disconnectionAt: z.string().nullish().catch(undefined),
  _count: z.object({ Message: z.number().nullish() }).nullish().catch(undefined),
})

const V1 = z.object({
  instance: z.object({
    instanceName: z.string().min(1),
    status: z.string().nullish(),
    owner: z.string().nullish(),
    profileName: z.string().nullish(),
    integration: z.union([z.string(), z.object({ integration: z.string().nullish() })]).nullish(),
  }),
})

/** Reads one list entry of v1 or v2; null where it is neither. */
export function instanceOf(entry: unknown): Instance | null {
  const v2 = V2.safeParse(entry)
  if (v2.success) {
    const row = v2.data
    return {
      name: row.name,
      version: 2,
      status: row.connectionStatus ?? null,
      paired: (row.ownerJid ?? '') !== '',
      phone: jidPhone(row.ownerJid) ?? jidPhone(row.number),
      profileName: row.profileName || null,
      reasonCode: row.disconnectionReasonCode ?? null,
      disconnectedAtMs: millisecondsOf(row.disconnectionAt),
      hasSocket: !SOCKETLESS.has(row.integration ?? ''),
      messages: row._count?.Message ?? null,
    }
  }
  const v1 = V1.safeParse(entry)
  if (!v1.success) return null
  const { instanceName, status, owner, profileName, integration } = v1.data.instance
  const kind = typeof integration === 'string' ? integration : integration?.integration
  return {
    name: instanceName,
    version: 1,
    status: status ?? null,
    paired: (owner ?? '') === '' ? null : true,
    phone: jidPhone(owner),
    profileName: profileName || null,
    reasonCode: null,
    disconnectedAtMs: null,
    hasSocket: !SOCKETLESS.has(kind ?? ''),
    messages: null,
  }
}

function millisecondsOf(time: string | null | undefined): number | null {
  const parsedMs = Date.parse(time ?? '')
  return Number.isNaN(parsedMs) ? null : parsedMs
}
