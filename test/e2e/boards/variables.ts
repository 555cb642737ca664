// How Grafana's Prometheus data source puts the chosen values of variables into a query.
import type { PrometheusAsker } from './ask.ts'
import { type Board, queryText, type Variable } from './board.ts'

/** A variable with what is chosen of it. */
export interface Choice {
  readonly variable: Variable
  /** All that can be chosen, without `All`. */
  readonly options: readonly string[]
  readonly chosen: 'all' | readonly string[]
}

export type Choices = ReadonlyMap<string, Choice>

export interface Asked {
  readonly asker: PrometheusAsker
  readonly fromMs: number
  readonly toMs: number
}

/** What a person chooses of some variables; of the others, what the board begins with. */
export type Wishes = Readonly<Record<string, readonly string[]>>

/**
 * Fills in a board's variables one after the other, since each may be asked for with those before.
 * @throws Error where a variable has a type or a query that we do not know
 */
export async function choose(board: Board, wishes: Wishes, { asker, fromMs, toMs }: Asked): Promise<Choices> {
  const choices = new Map<string, Choice>()
  for (const variable of board.templating.list) {
    const options = await optionsOf(variable, (text) => substitute(text, choices, {}))
    choices.set(variable.name, { variable, options, chosen: chosenOf(variable, options, wishes[variable.name]) })
  }
  return choices

  async function optionsOf(variable: Variable, filled: (text: string) => string): Promise<readonly string[]> {
    const text = queryText(variable)
    switch (variable.type) {
      case 'datasource':
        return ['prometheus']
      case 'custom':
      case 'interval':
        return text.split(',').map((option) => option.trim())
      case 'constant':
      case 'textbox':
        return [text]
      case 'query': {
        const [, match, label] = /^label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\)\s*$/.exec(filled(text)) ?? []
        if (label === undefined) throw new Error(`the variable ${variable.name} asks ${text}, which is not known here`)
        const found = await asker.labelValues(label, match ?? null, fromMs, toMs)
        return matching(found, variable.regex ?? '')
      }
      default:
        throw new Error(`the variable ${variable.name} is of the type ${variable.type}, which is not known here`)
    }
  }
}

function chosenOf(
  variable: Variable,
  options: readonly string[],
  wish: readonly string[] | undefined,
): Choice['chosen'] {
  if (wish !== undefined) return wish
  const current = [variable.current?.value ?? []].flat()
  if (current.includes('$__all')) return 'all'
  if (current.length > 0) return current
  // Nothing is stored: Grafana takes "All" where there is one, else the first.
  return variable.includeAll === true ? 'all' : options.slice(0, 1)
}

/** A variable's regular expression between slashes keeps what it matches, or its first group. */
function matching(found: readonly string[], regex: string): readonly string[] {
  if (regex === '') return found
  const [, pattern = regex, flags = ''] = /^\/(.*)\/(\w*)$/.exec(regex) ?? []
  return found.flatMap((text) => {
    const match = new RegExp(pattern, flags.replace('g', '')).exec(text)
    return match === null ? [] : [match[1] ?? match[0]]
  })
}

/**
 * The query with the values in place of `$name`, `${name}`, `${name:format}` and `[[name]]`.
 * @throws Error where it names a variable that nobody defines
 */
export function substitute(text: string, choices: Choices, builtIns: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]/g,
    (whole, plain?: string, braced?: string, format?: string, bracketed?: string) => {
      const name = plain ?? braced ?? bracketed ?? ''
      const builtIn = builtIns[name]
      if (builtIn !== undefined) return builtIn
      // A group of `label_replace`: Grafana leaves alone what is no variable.
      if (/^\d+$/.test(name)) return whole
      const choice = choices.get(name)
      if (choice === undefined) throw new Error(`no variable is called ${name}: ${text}`)
      return textFor(choice, format)
    },
  )
}

function textFor({ variable, options, chosen }: Choice, format: string | undefined): string {
  if (chosen === 'all' && typeof variable.allValue === 'string' && variable.allValue !== '') return variable.allValue
  const values = chosen === 'all' ? options : chosen
  if (format === 'pipe') return values.join('|')
  if (format === 'csv' || format === 'raw') return values.join(',')
  if (format === 'regex')
    return values.length === 1 ? regexText(values[0] ?? '') : `(${values.map(regexText).join('|')})`
  if (format !== undefined) throw new Error(`the format ${format} of ${variable.name} is not known here`)
  // `interpolateQueryExpr` of the data source: what is never several is no regular expression.
  if (variable.multi !== true && variable.includeAll !== true) return quotedText(values[0] ?? '')
  return values.length === 1 ? regexText(values[0] ?? '') : `(${values.map(regexText).join('|')})`
}

/** As it stands between quotation marks of PromQL. */
function quotedText(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

/** As it stands in a regular expression between quotation marks of PromQL. */
function regexText(value: string): string {
  return value
    .replaceAll('\\', '\\\\\\\\')
    .replaceAll(/[$^*{}[\]'+?.()|]/g, '\\\\$&')
    .replaceAll('"', '\\"')
}
