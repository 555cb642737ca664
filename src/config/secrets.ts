import { Secret } from '../option-types.ts'
import type { Finding } from './issues.ts'
import { configJsonSchema, describedTexts, valueAt } from './json-schema.ts'
import { isSecretKey } from './redact.ts'

/** Shorter texts are no secrets worth the name, and hiding them would tear messages apart. */
const SHORTEST = 4

/**
 * Second line of defence: a function that hides every known secret in a message, whatever wrote it.
 * Known are texts at secret places of the file, the contents of secret files and the values of variables.
 */
export function scrubber(data: unknown, parsed: unknown, expanded: readonly string[]): (text: string) => string {
  const known = new Set<string>(expanded.filter((value) => value.length >= 8))
  for (const { path, text, node } of describedTexts(data, configJsonSchema())) {
    const key = path.findLast((part) => typeof part === 'string') ?? ''
    const secret = node?.writeOnly === true || (!path.includes('labels') && isSecretKey(key))
    if (secret && text.length >= SHORTEST) known.add(text)
  }
  for (const secret of secretsOf(parsed)) if (secret.length >= SHORTEST) known.add(secret)
  const longestFirst = [...known].sort((left, right) => right.length - left.length)
  return (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '<secret>'), text)
}

/** One warning when secrets stand in the file itself instead of a variable or a file of their own. */
export function plainSecrets(written: unknown, parsed: unknown): readonly Finding[] {
  const plain = describedTexts(written, configJsonSchema()).filter(
    ({ path, text, node }) =>
      !text.includes('${') &&
      (node?.writeOnly === true || (!/File$/.test(String(path.at(-1))) && valueAt(parsed, path) instanceof Secret)),
  )
  const first = plain[0]
  if (first === undefined) return []
  const others = plain.length > 1 ? ` (so are ${plain.length - 1} more)` : ''
  const hint = 'Use an environment variable or the File form of the option'
  return [{ path: first.path, rule: `is a secret in plain text${others}`, hint, showValue: false }]
}

function secretsOf(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretsOf)
}
