import type { OptionPath } from './fault.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The data with its variables filled in, and what was missing. */
export interface Expansion {
  readonly data: unknown
  /** Values that came from the environment: most are secrets, so no message may repeat them. */
  readonly expanded: readonly string[]
  readonly missing: readonly { readonly path: OptionPath; readonly rule: string; readonly hint: string }[]
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Replaces `${NAME}` in every text (never in keys) by the variable's value; `$${` stands for a literal `${`. */
export function expandEnvironment(written: unknown, environment: Environment): Expansion {
  const expanded: string[] = []
  const missing: { path: OptionPath; rule: string; hint: string }[] = []
  // An anchor that is used a thousand times is one object: it is expanded once.
  const done = new Map<object, unknown>()

  function expandText(text: string, path: OptionPath): string {
    return text.replace(REFERENCE, (reference, name: string | undefined) => {
      if (reference === '$${') return '${'
      if (name === undefined || !NAME.test(name)) {
        const rule = 'holds a reference that is no variable name'
        missing.push({
          path,
          rule,
          hint: `Write \${NAME} with letters, digits and _, or $\${ for the two characters themselves`,
        })
        return reference
      }
      const value = environment[name]
      if (value === undefined) {
        const rule = `names the environment variable ${name}, which is not set`
        missing.push({ path, rule, hint: 'Set it where the exporter starts, or use the File form of the option' })
        return reference
      }
      expanded.push(value)
      return value
    })
  }

  function expand(value: unknown, path: OptionPath): unknown {
    if (typeof value === 'string') return value.includes('${') ? expandText(value, path) : value
    if (typeof value !== 'object' || value === null) return value
    const known = done.get(value)
    if (known !== undefined) return known
    const copy = Array.isArray(value)
      ? value.map((item, index) => expand(item, [...path, index]))
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key])]))
    done.set(value, copy)
    return copy
  }

  return { data: expand(written, []), expanded, missing }
}
