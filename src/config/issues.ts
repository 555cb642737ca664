import type { z } from 'zod'
import { nearestWord } from '../nearest-word.ts'
import { type OptionPath, splitMessage } from './fault.ts'
import { type SchemaNode, schemaAt, valueAt } from './json-schema.ts'

/** A fault that does not yet know its line. */
export interface Finding {
  readonly path: OptionPath
  readonly rule: string
  readonly hint?: string
  /** False where the value says nothing, or is told by the rule. */
  readonly showValue: boolean
}

type Issue = z.core.$ZodIssue

/** Message of every issue whose option has no message of its own; findings are then worded here. */
export const NO_MESSAGE = '\u0000'

const UNKNOWN_OPTION = 'unknown option'

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** Words the issues of zod: one finding per fault, unknown options with what was probably meant. */
export function findings(issues: readonly Issue[], data: unknown, schema: SchemaNode): readonly Finding[] {
  return issues.flatMap((issue) => fromIssue(issue, data, schema))
}

function fromIssue(issue: Issue, data: unknown, schema: SchemaNode): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const value = valueAt(data, path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownOption([...path, key], schemaAt(schema, path, data)))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const found = fromUnion(issue.errors, path, data, schema)
    // The option's own message helps where no variant is meant; where one is, its faults are more exact.
    const exact = found.every((one) => one.path.length > path.length && one.rule !== UNKNOWN_OPTION)
    if (issue.message === NO_MESSAGE || exact) return found
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0]?.message
    const rule = inner === undefined || inner === NO_MESSAGE ? 'is not allowed as a name here' : inner
    return [{ path, ...splitMessage(`${JSON.stringify(path.at(-1))} ${rule}`), showValue: false }]
  }
  // An empty section at the top is the same as none.
  const absent = value === undefined || (value === null && path.length === 1)
  if (absent && missing(issue)) {
    const description = schemaAt(schema, path, data)?.description
    const choices = choicesOf(issue)
    const hint = choices.length > 0 ? `Choose one of ${choices.join(', ')}` : description
    return [{ path, rule: 'is required', ...(hint === undefined ? {} : { hint: withoutStop(hint) }), showValue: false }]
  }
  if (value === null && issue.code !== 'custom') {
    return [{ path, rule: 'is empty', hint: 'Give it a value or remove the line', showValue: false }]
  }
  if (issue.message !== NO_MESSAGE) return [{ path, ...splitMessage(issue.message), showValue: true }]
  return [{ path, ...wording(issue, value), showValue: true }]
}

function missing(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union'
}

function wording(issue: Issue, value: unknown): { rule: string; hint?: string } {
  const choices = choicesOf(issue)
  if (choices.length > 0) {
    const meant = typeof value === 'string' ? nearestWord(value, choices) : null
    const rule = choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(', ')}`
    return meant === null || choices.length === 1 ? { rule } : { rule, hint: `Did you mean "${meant}"?` }
  }
  switch (issue.code) {
    case 'invalid_type': {
      const rule = `must be ${KINDS[issue.expected] ?? issue.expected}`
      if (issue.expected === 'string' && typeof value !== 'object') return { rule, hint: 'Put it in quotes' }
      if (issue.expected === 'array' && typeof value !== 'object')
        return { rule, hint: `Write it as [${String(value)}]` }
      if (typeof value === 'string' && /^[\d.]+$/.test(value)) {
        return { rule, hint: 'Write it without quotes; a variable of the environment gives a text' }
      }
      return { rule }
    }
    case 'too_small':
      return { rule: bound(issue.origin, 'at least', Number(issue.minimum), issue.inclusive !== false, 'more than') }
    case 'too_big':
      return { rule: bound(issue.origin, 'at most', Number(issue.maximum), issue.inclusive !== false, 'less than') }
    case 'invalid_format':
      if (issue.format === 'email') return { rule: 'is not a mail address' }
      return { rule: 'does not have the right form' }
    default:
      return { rule: 'is not allowed here' }
  }
}

function bound(origin: string, atLimit: string, limit: number, inclusive: boolean, beyond: string): string {
  const unit = limit === 1 ? { string: 'character', list: 'entry' } : { string: 'characters', list: 'entries' }
  const words = inclusive ? atLimit : beyond
  if (origin === 'string') return `must have ${words} ${limit} ${unit.string}`
  if (origin === 'array' || origin === 'set' || origin === 'map') return `must have ${words} ${limit} ${unit.list}`
  return `must be ${words} ${limit}`
}

function choicesOf(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    return issue.options.filter((option) => typeof option === 'string')
  }
  return []
}

/** Of a value with variants, tells only the faults of the variant that fits best; where none is near, all their kinds. */
function fromUnion(
  errors: readonly (readonly Issue[])[],
  path: OptionPath,
  data: unknown,
  schema: SchemaNode,
): readonly Finding[] {
  const value = valueAt(data, path)
  const perVariant = errors.map((issues) =>
    issues.flatMap((issue) => fromIssue({ ...issue, path: [...path, ...issue.path] }, data, schema)),
  )
  // A fault at the value itself means another kind of value: a variant with faults inside of it is nearer.
  const distance = (found: readonly Finding[]) =>
    found.length + (found.some((one) => one.path.length === path.length) ? 1000 : 0)
  const best = perVariant.reduce((left, right) => (distance(right) < distance(left) ? right : left))
  const shallow = perVariant.every((variant) => variant.every((finding) => finding.path.length === path.length))
  if (!shallow || typeof value === 'object') return best
  const rules = perVariant.flat().map(({ rule }) => rule.replace(/^must be /, ''))
  return [{ path, rule: `must be ${[...new Set(rules)].join(', or ')}`, showValue: true }]
}

function unknownOption(path: OptionPath, parent: SchemaNode | undefined): Finding {
  const known = Object.keys(parent?.properties ?? {})
  const meant = nearestWord(String(path.at(-1)), known)
  const hint = meant === null ? `Options here: ${known.join(', ')}` : `Did you mean "${meant}"?`
  return { path, rule: UNKNOWN_OPTION, ...(meant === null && known.length === 0 ? {} : { hint }), showValue: false }
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '')
}
