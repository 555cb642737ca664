import type { z } from 'zod'
import { AccountOptions } from '../gateways/account-options.ts'
import type { ConfiguredAccount, Documented } from './discovery.ts'
import type { MongoDiscoveryOptions } from './options.ts'

/** One reading of the whole collection. */
export interface Directory {
  readonly byGateway: ReadonlyMap<string, Documented>
  /** One line for each document that cannot be used, or not wholly: its `_id`, the field and the rule. No personal data. */
  readonly faults: readonly string[]
}

type Fields = MongoDiscoveryOptions['fields']

const SHOWN_CHARACTERS = 64

/**
 * Sorts documents by gateway. What makes an account (its id, its gateway, whether it is enabled) must be readable, or the
 * document is left out; anything else that cannot be read costs only itself. Every fault is told, nothing throws.
 * @param gateways names of the configuration
 */
export function readDirectory(
  documents: readonly unknown[],
  options: Pick<MongoDiscoveryOptions, 'fields' | 'gateway'>,
  gateways: readonly string[],
): Directory {
  const known = new Map(
    gateways.map((name) => [name, { accounts: new Map<string, ConfiguredAccount>(), disabled: new Set<string>() }]),
  )
  const faults: string[] = []
  for (const document of documents) {
    const place = `document ${shown(document, '_id')}`
    const account = AccountOptions.shape.account.safeParse(textAt(document, options.fields.account))
    if (!account.success) {
      faults.push(`${place}: ${options.fields.account} holds no id of an account; it is left out`)
      continue
    }
    const name = textAt(document, options.fields.gateway) ?? options.gateway
    const gateway = name === undefined ? undefined : known.get(name)
    if (gateway === undefined) {
      const why = name === undefined ? 'names no gateway' : `names the gateway "${cut(name)}", which is not configured`
      faults.push(`${place}: ${options.fields.gateway} ${why}; it is left out`)
      continue
    }
    const enabled = valueAt(document, options.fields.enabled) ?? true
    if (typeof enabled !== 'boolean') {
      faults.push(`${place}: ${options.fields.enabled} is neither true nor false; it is left out`)
      continue
    }
    const id = account.data
    if (gateway.accounts.has(id) || gateway.disabled.has(id)) {
      faults.push(`${place}: its account is in another document of the same gateway too; it is left out`)
    } else if (enabled) gateway.accounts.set(id, detailsOf(document, id, options.fields, place, faults))
    else gateway.disabled.add(id)
  }
  const byGateway = new Map(
    [...known].map(([name, { accounts, disabled }]) => [name, { accounts: [...accounts.values()], disabled }]),
  )
  return { byGateway, faults }
}

function detailsOf(
  document: unknown,
  account: string,
  fields: Fields,
  place: string,
  faults: string[],
): ConfiguredAccount {
  const read = <T>(field: string | undefined, schema: z.ZodType<T>, value: unknown): T | undefined => {
    if (field === undefined || value === undefined || value === '') return undefined
    const result = schema.safeParse(value)
    if (result.success) return result.data
    faults.push(`${place}: ${field} ${result.error.issues[0]?.message ?? 'cannot be read'}; it is left out`)
    return undefined
  }
  const text = (field: string | undefined) => (field === undefined ? undefined : textAt(document, field))
  const { shape } = AccountOptions
  const labels: Record<string, string> = {}
  for (const [label, field] of Object.entries(fields.labels)) {
    const value = read(field, shape.labels, labelled(label, valueAt(document, field)))?.[label]
    if (value !== undefined) labels[label] = value
  }
  return {
    account,
    nativeId: read(fields.nativeId, shape.nativeId, text(fields.nativeId)),
    phone: read(fields.phone, shape.phone, text(fields.phone)),
    name: read(fields.name, shape.name, text(fields.name)),
    objective:
      fields.objective === undefined
        ? undefined
        : read(fields.objective, shape.objective, valueAt(document, fields.objective) ?? undefined),
    labels,
  }
}

/** Numbers and switches make labels too; null and what is not there make none. */
function labelled(label: string, value: unknown): Record<string, unknown> | undefined {
  if (value === null || value === undefined) return undefined
  return { [label]: typeof value === 'boolean' ? String(value) : (textOf(value) ?? value) }
}

/** The value at a dotted path; undefined where there is none. */
function valueAt(document: unknown, path: string): unknown {
  let value = document
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Object.getOwnPropertyDescriptor(value, part)?.value
  }
  return value ?? undefined
}

function textAt(document: unknown, path: string): string | undefined {
  return textOf(valueAt(document, path))
}

/** Texts, whole numbers (also those of BSON that are larger than ours) and object ids, as text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || !('_bsontype' in value)) return undefined
  return value._bsontype === 'ObjectId' || value._bsontype === 'Long' ? String(value) : undefined
}

function shown(document: unknown, path: string): string {
  return cut(textAt(document, path) ?? 'without a readable _id')
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text
}
