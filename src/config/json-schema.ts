import { z } from 'zod'
import type { OptionPath } from './fault.ts'
import { ConfigSchema } from './schema.ts'

/** The parts of a JSON Schema node that zod writes for our options. */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly pattern?: string
  readonly description?: string
  readonly default?: unknown
  readonly writeOnly?: boolean
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
}

let rendered: SchemaNode | undefined

/** JSON Schema (2020-12) of the file as it is written: what editors check and complete against. Made once, on first use. */
export function configJsonSchema(): SchemaNode {
  rendered ??= describeConfig()
  return rendered
}

function describeConfig(): SchemaNode {
  const { $schema, ...schema } = z.toJSONSchema(ConfigSchema, { io: 'input' })
  // zod types its result more loosely than what it writes.
  return { $schema, title: 'Configuration of whatsapp-exporter', ...schema } as SchemaNode
}

/** The schema node of an option, chosen by what is written where there are variants; undefined for unknown options. */
export function schemaAt(root: SchemaNode, path: OptionPath, written: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = variantFor(root, written)
  let value = written
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : (node?.properties?.[part] ?? openProperties(node))
    value = childOf(value, part)
    if (node === undefined) return undefined
    node = variantFor(node, value)
  }
  return node
}

/** What is written at a path; undefined where nothing is. */
export function valueAt(written: unknown, path: OptionPath): unknown {
  return path.reduce(childOf, written)
}

/** Of a node with variants, the one that the written value is meant to be; the node itself where it has none. */
export function variantFor(node: SchemaNode, value: unknown): SchemaNode {
  const variants = node.oneOf ?? node.anyOf
  if (variants === undefined) return node
  const scored = variants.map((variant) => ({ variant, score: likeness(variant, value) }))
  const best = scored.reduce((left, right) => (right.score > left.score ? right : left))
  return best.score < 0 ? node : best.variant
}

function likeness(variant: SchemaNode, value: unknown): number {
  if (typeof value !== 'object' || value === null) return [variant.type].flat().includes(jsonType(value)) ? 0 : -1
  if (Array.isArray(value)) return variant.type === 'array' ? 0 : -1
  const properties = variant.properties ?? {}
  let score = 0
  for (const [key, property] of Object.entries(properties)) {
    const held = childOf(value, key)
    if (property.const !== undefined && (held ?? property.default) !== property.const) return -1
    if (held !== undefined) score += 1
  }
  return score
}

function jsonType(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function openProperties(node: SchemaNode | undefined): SchemaNode | undefined {
  return typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined
}

function childOf(value: unknown, part: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, String(part))?.value
}

/** A text of the file, its place, and its schema node where the option is known. */
export interface DescribedText {
  readonly path: OptionPath
  readonly text: string
  readonly node: SchemaNode | undefined
}

/** Every text in the data, each with its schema node, in one walk. */
export function describedTexts(data: unknown, root: SchemaNode): readonly DescribedText[] {
  const found: DescribedText[] = []
  walk(data, [], root)
  return found

  function walk(value: unknown, path: OptionPath, schema: SchemaNode | undefined): void {
    const node = schema === undefined ? undefined : variantFor(schema, value)
    if (typeof value === 'string') found.push({ path, text: value, node })
    else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...path, index], node?.items)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        walk(item, [...path, key], node?.properties?.[key] ?? openProperties(node))
      }
    }
  }
}
