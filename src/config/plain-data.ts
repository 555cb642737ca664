import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Scalar } from 'yaml'

/** Far more than an honest file holds, and little enough to be walked in a moment. */
const SIZE_LIMIT = 2_000_000

export type PlainData =
  | { readonly data: unknown }
  | { readonly offset: number; readonly rule: string; readonly hint: string }

class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly offset: number
  readonly hint: string

  constructor(node: Node, rule: string, hint: string) {
    super(rule)
    this.offset = node.range?.[0] ?? 0
    this.hint = hint
  }
}

/**
 * The data of a parsed YAML tree, with aliases and merge keys (`<<`) resolved; or what forbids it.
 * Own code, because the parser's looks every alias up by a walk through the whole file: a fleet whose two thousand
 * accounts share one label block would take half a minute. The parser must be told `merge: false`.
 */
export function plainData(root: Node | null): PlainData {
  const anchors = new Map<string, Node>()
  // Absent while the node is being converted: an alias that finds none is inside of its own anchor.
  const converted = new Map<Node, { data: unknown; size: number }>()
  let size = 0
  try {
    return { data: convert(root) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { offset: error.offset, rule: error.message, hint: error.hint }
  }

  function convert(node: unknown): unknown {
    if (isAlias(node)) return resolveAlias(node)
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return null
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    const before = size
    grow(1, node)
    const data = isMap(node) ? mapping(node.items) : isSeq(node) ? node.items.map(convert) : node.value
    if (node.anchor !== undefined) converted.set(node, { data, size: size - before })
    return data
  }

  function resolveAlias(alias: Alias): unknown {
    const node = anchors.get(alias.source)
    if (node === undefined) {
      throw new Refusal(alias, 'alias without an anchor before it', 'Put a value that begins with * in quotes')
    }
    const found = converted.get(node)
    if (found === undefined) throw new Refusal(alias, 'alias within its own anchor', 'Write the value out')
    grow(found.size, alias)
    return found.data
  }

  function mapping(pairs: readonly Pair[]): Record<string, unknown> {
    const own: [string, unknown][] = []
    let merged: [string, unknown][] = []
    for (const { key, value } of pairs) {
      const data = convert(value)
      if (isMergeKey(key))
        merged = mergeSources(data)
          .toReversed()
          .flatMap((source) => Object.entries(source))
      else own.push([isScalar(key) ? String(key.value) : '', data])
    }
    return Object.fromEntries([...merged, ...own])
  }

  function grow(by: number, node: Node): void {
    size += by
    if (size > SIZE_LIMIT) throw new Refusal(node, 'repeats its anchors too often', 'Write the values out')
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN
}

/** The mappings that a merge key takes in, the first one winning. Source: https://yaml.org/type/merge.html */
function mergeSources(data: unknown): readonly object[] {
  return [data].flat().filter((source): source is object => typeof source === 'object' && source !== null)
}
