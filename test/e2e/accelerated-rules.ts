import { parse, stringify } from 'yaml'
import { parseDurationMs } from '../../src/option-types.ts'
import { RULE_FILES, renderRuleFile } from '../../src/rules/rule-files.ts'

const SHORTEST_MS = 1000
const TOKEN = String.raw`(?:\d+(?:ms|s|m|h|d))+`

/**
 * Every rule as prometheus/rules has it, with all its times divided by `factor`: intervals of groups, `for`,
 * `keep_firing_for`, ranges and offsets, none below a second. Names, conditions, labels and annotations stay.
 */
export function acceleratedRules(factor: number): readonly { readonly name: string; readonly text: string }[] {
  const shorter = (text: string) => {
    const ms = parseDurationMs(text)
    if (ms === null) throw new Error(`${text} is no duration`)
    return `${Math.max(SHORTEST_MS, Math.round(ms / factor))}ms`
  }
  const faster = (expression: string) =>
    expression
      .replaceAll(
        new RegExp(String.raw`\[(${TOKEN})(?::(${TOKEN})?)?\]`, 'g'),
        (whole, range: string, step?: string) =>
          whole.includes(':')
            ? `[${shorter(range)}:${step === undefined ? '' : shorter(step)}]`
            : `[${shorter(range)}]`,
      )
      .replaceAll(new RegExp(`offset (${TOKEN})`, 'g'), (_whole, by: string) => `offset ${shorter(by)}`)
  return RULE_FILES.map((file) => {
    const { groups } = parse(renderRuleFile(file))
    for (const group of groups) {
      group.interval = shorter(group.interval)
      for (const rule of group.rules) {
        rule.expr = faster(rule.expr)
        for (const key of ['for', 'keep_firing_for']) if (rule[key] !== undefined) rule[key] = shorter(rule[key])
      }
    }
    return { name: file.name, text: stringify({ groups }, { lineWidth: 0 }) }
  })
}
