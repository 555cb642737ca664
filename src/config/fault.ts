/** Where in the file, as keys and indexes from the top. */
export type OptionPath = readonly (string | number)[]

/** One thing wrong with the file, or questionable in a warning. */
export interface Fault {
  /** `gateways[1].url`; empty where the whole file is meant. */
  readonly path: string
  /** Counted from 1. */
  readonly line?: number
  readonly column?: number
  /** What was written there, as JSON, without secrets; absent where a value says nothing. */
  readonly value?: string
  /** What is wrong, as the rest of a sentence that begins with the value. */
  readonly rule: string
  /** The next step, as a sentence of its own. */
  readonly hint?: string
}

/** Writes a path as `gateways[1].accounts[0].labels["a b"]`. */
export function pathText(path: OptionPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}

/** One line for people: `config.yml:12:5 gateways[1].url: "localhost:3000" is not a URL. Write it with a scheme.` */
export function faultText(file: string, fault: Fault): string {
  const place = fault.line === undefined ? file : `${file}:${fault.line}:${fault.column ?? 1}`
  const sentence = fault.value === undefined ? fault.rule : `${fault.value} ${fault.rule}`
  const said = fault.hint === undefined ? sentence : `${sentence}. ${fault.hint}`
  return fault.path === '' ? `${place}: ${said}` : `${place} ${fault.path}: ${said}`
}

/** Splits a message of the form `what is wrong. What to do` at its first sentence end. */
export function splitMessage(message: string): { rule: string; hint?: string } {
  const end = message.indexOf('. ')
  return end < 0 ? { rule: message } : { rule: message.slice(0, end), hint: message.slice(end + 2) }
}
