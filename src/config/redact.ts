import { Document } from 'yaml'
import { Secret } from '../option-types.ts'
import type { OptionPath } from './fault.ts'
import { configJsonSchema, type SchemaNode, valueAt, variantFor } from './json-schema.ts'

const HIDDEN = '<secret>'
const SECRET_KEY = /password|passwd|secret|token|(?:api|access|auth|private)[-_]?key|credential|authorization|cookie/i
const SECRET_KEYS = new Set(['key', 'hash', 'sha256', 'uri'])
const BCRYPT = /^\$2[abxy]\$/

/** What a configuration was made of, for showing it. */
export interface ConfigSource {
  /** Plain data as written: no defaults, no variables expanded, so no value of the environment is in it. */
  readonly written: unknown
  /** The parsed configuration; where it holds a Secret, the written text is one. */
  readonly parsed: unknown
}

/** Whether an option of this name holds a secret; the names of files are none. */
export function isSecretKey(key: string): boolean {
  if (/files?$/i.test(key)) return false
  return SECRET_KEYS.has(key) || SECRET_KEY.test(key)
}

/** Masks the user and password of an address, and query values that are named like secrets. */
export function maskUrl(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${HIDDEN}@`)
    .replace(/([?&]([^=&#]+)=)[^&#]+/g, (whole, start: string, name: string) =>
      isSecretKey(name) ? `${start}${HIDDEN}` : whole,
    )
}

/** A written text as it may be shown: hidden wholly, or with the secret parts of an address masked. */
export function shownText(text: string, path: OptionPath, node: SchemaNode | undefined, parsed: unknown): string {
  const key = path.findLast((part) => typeof part === 'string') ?? ''
  const inLabels = path.includes('labels')
  const isFile = /File$/.test(key)
  if (node?.writeOnly === true || BCRYPT.test(text) || (holdsSecret(parsed) && !isFile)) return HIDDEN
  if (!inLabels && isSecretKey(key)) return HIDDEN
  return maskUrl(text)
}

/**
 * The configuration in effect as YAML, for GET /config: what is written, with the defaults filled in.
 * Secrets are hidden, and `${NAME}` stays as written, so that nothing of the environment is shown.
 */
export function effectiveYaml(source: ConfigSource): string {
  const root = configJsonSchema()
  const effective = fill(source.written, [], root, source.parsed)
  const document = new Document(effective, { aliasDuplicateObjects: false })
  return document.toString({ lineWidth: 0 })
}

function fill(written: unknown, path: OptionPath, schema: SchemaNode | undefined, parsed: unknown): unknown {
  if (typeof written === 'string') return shownText(written, path, schema, parsed)
  if (typeof written !== 'object' || written === null) return isHiddenScalar(written, path) ? HIDDEN : written
  const node = schema === undefined ? undefined : variantFor(schema, written)
  if (Array.isArray(written)) {
    return written.map((item, index) => fill(item, [...path, index], node?.items, valueAt(parsed, [index])))
  }
  const values = { ...emptyLists(parsed), ...defaultsOf(node), ...written }
  const order = [...Object.keys(node?.properties ?? {}), ...Object.keys(written)].filter((key) =>
    Object.hasOwn(values, key),
  )
  const open = typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined
  return Object.fromEntries(
    [...new Set(order)].map((key) => {
      const schema = node?.properties?.[key] ?? open
      return [key, fill(valueAt(values, [key]), [...path, key], schema, valueAt(parsed, [key]))]
    }),
  )
}

function defaultsOf(node: SchemaNode | undefined): Record<string, unknown> {
  const withDefault = Object.entries(node?.properties ?? {}).filter(([, property]) => property.default !== undefined)
  return Object.fromEntries(withDefault.map(([key, property]) => [key, property.default]))
}

/** The JSON Schema leaves out the default of a list whose items are transformed; it is the empty list. */
function emptyLists(parsed: unknown): Record<string, unknown> {
  if (typeof parsed !== 'object' || parsed === null) return {}
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => Array.isArray(value) && value.length === 0))
}

/** A PIN or token that YAML read as a number is as secret as a text. */
function isHiddenScalar(value: unknown, path: OptionPath): boolean {
  const key = path.at(-1)
  return typeof value === 'number' && typeof key === 'string' && !path.includes('labels') && isSecretKey(key)
}

/** Whether a parsed value is or holds a Secret. */
export function holdsSecret(parsed: unknown): boolean {
  if (parsed instanceof Secret) return true
  if (typeof parsed !== 'object' || parsed === null) return false
  return Object.values(parsed).some(holdsSecret)
}
