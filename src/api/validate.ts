import { z } from 'zod'
import { nearestWord } from '../nearest-word.ts'
import { type Fault, Problem } from './problem.ts'

/** A zod object whose keys are known, so that a wrong key can be answered with the right one. */
export type KnownKeys = z.ZodObject

/** Reads a query string: repeated keys are lists where the schema has a list, and a fault elsewhere. */
export function parseQuery<Q extends KnownKeys>(schema: Q, search: URLSearchParams): z.output<Q> {
  const raw: Record<string, string | string[]> = {}
  const faults: Fault[] = []
  for (const key of new Set(search.keys())) {
    const values = search.getAll(key)
    const first = values[0] ?? ''
    if (isList(schema.shape[key])) raw[key] = values
    else if (values.length === 1) raw[key] = first
    else faults.push({ path: `query.${show(key)}`, rule: 'is given more than once; give it once' })
  }
  return parse(schema, raw, 'query', faults)
}

/** Parses one part of a request. Throws a Problem `invalid` that names every fault. */
export function parse<S extends z.ZodType>(
  schema: S,
  raw: unknown,
  part: 'query' | 'path' | 'body',
  earlier: readonly Fault[] = [],
): z.output<S> {
  const result = schema.safeParse(raw)
  if (result.success && earlier.length === 0) return result.data
  const faults = [...earlier, ...(result.error?.issues ?? []).flatMap((issue) => toFaults(issue, schema, part))]
  const [first] = faults
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  throw new Problem('invalid', `${first?.path}: ${first?.rule}${more}`, { faults })
}

function toFaults(issue: z.core.$ZodIssue, schema: z.ZodType, part: string): Fault[] {
  const path = issue.path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${show(String(step))}`),
    part,
  )
  if (issue.code !== 'unrecognized_keys') return [{ path, rule: issue.message }]
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  return issue.keys.map((key) => {
    const near = nearestWord(key, known)
    const hint =
      near !== null
        ? `Did you mean "${near}"?`
        : known.length > 0
          ? `Known here: ${known.join(', ')}`
          : 'None is known here'
    return { path: `${path}.${show(key)}`, rule: `unknown key. ${hint}` }
  })
}

function isList(schema: z.core.$ZodType | undefined): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return isList(schema.unwrap())
  }
  return schema instanceof z.ZodArray
}

function show(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text
}
