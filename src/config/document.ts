import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml'
import type { Fault, OptionPath } from './fault.ts'
import { plainData } from './plain-data.ts'

interface Place {
  readonly line: number
  readonly column: number
}

/** A YAML file that reads as a mapping. */
export interface ConfigDocument {
  /** Plain data as written: no defaults, no variables expanded. */
  readonly written: Readonly<Record<string, unknown>>
  /** Where this option is written, or where the nearest option around it is. */
  placeOf(path: OptionPath): Place
}

/** Reads YAML text. All syntax errors are reported at once, each with its place. */
export function readDocument(text: string): { document: ConfigDocument } | { faults: readonly Fault[] } {
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: true,
    // Merge keys are resolved by plainData.
    merge: false,
    resolveKnownTags: false,
    version: '1.2',
    logLevel: 'error',
  })
  const problems = [...parsed.errors, ...parsed.warnings]
  if (problems.length > 0) {
    const faults = problems.map(({ pos, message, code }) =>
      fault(pos[0], syntaxText(code, message), SYNTAX_HINTS[code]),
    )
    return { faults: firstPerLine(faults) }
  }
  const root = parsed.contents
  if (root === null || (isScalar(root) && root.value === null)) {
    return { faults: [{ path: '', rule: 'is empty', hint: 'Name at least one gateway; config.example.yml shows how' }] }
  }
  if (!isMap(root)) {
    const hint = 'Begin with a section such as "gateways:"; config.example.yml shows how'
    return { faults: [{ path: '', line: 1, column: 1, rule: 'is not a mapping of sections', hint }] }
  }
  const plain = plainData(root)
  if ('rule' in plain) return { faults: [fault(plain.offset, plain.rule, plain.hint)] }
  // The root is a map, so its data is a record.
  const written = plain.data as Record<string, unknown>
  return { document: { written, placeOf: (path) => placeOf(root, path) } }

  function fault(offset: number, rule: string, hint?: string): Fault {
    const { line, col } = lines.linePos(offset)
    return { path: '', line, column: col, rule, ...(hint === undefined ? {} : { hint }) }
  }

  function placeOf(top: Node, path: OptionPath): Place {
    let node: Node | undefined = top
    let offset = top.range?.[0] ?? 0
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(parsed)
      if (isMap(node)) {
        const pair: { key: unknown; value: unknown } | undefined = node.items.find(
          ({ key }) => isScalar(key) && key.value === part,
        )
        if (pair === undefined) break
        offset = (pair.key as ParsedNode).range[0]
        node = (pair.value ?? undefined) as Node | undefined
      } else if (isSeq(node) && typeof part === 'number') {
        node = node.items[part] as Node | undefined
        offset = node?.range?.[0] ?? offset
      } else break
    }
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
}

const SYNTAX_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces',
  DUPLICATE_KEY: 'Keep one of the two',
  MULTIPLE_DOCS: 'Remove the "---" line between them',
  TAG_RESOLVE_FAILED: 'Put a value that begins with ! in quotes',
}

/** The message of the parser without the source text that it quotes, because that may be a secret. */
function syntaxText(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'more than one document in the file'
  const text = message.replace(/[:;].*$/s, '').trim()
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

/** One mistake often brings several messages about the same line; the first one names it. */
function firstPerLine(faults: readonly Fault[]): readonly Fault[] {
  const sorted = faults.toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0))
  return sorted.filter((fault, index) => sorted.findIndex(({ line }) => line === fault.line) === index)
}
