import { parseDurationMs } from '../../../src/option-types.ts'
import { isAlert, type RuleGroup } from '../../../src/rules/rule.ts'
import { type Board, panelsOf } from './board.ts'
import { HOUR } from './past-troubles.ts'
import { moment } from './time-steps.ts'

const NAME = /\b[a-z]+:\w+:\w+/g
const TOKEN = String.raw`((?:\d+(?:ms|s|m|h|d|w))+)`

/**
 * How far back each recorded series is looked at, in milliseconds: by the time range of the boards that draw it, by ranges
 * and offsets of their queries, and by the rules that are made of it.
 */
export function recordedNeeds(boards: readonly Board[], groups: readonly RuleGroup[]): ReadonlyMap<string, number> {
  const rules = new Map(
    groups.flatMap((group) =>
      group.rules.flatMap((rule) => (isAlert(rule) ? [] : [[rule.record, rule.expr] as const])),
    ),
  )
  const needs = new Map<string, number>()
  const look = (expression: string, fromMs: number): void => {
    const backMs = fromMs + lookBackMs(expression)
    for (const name of new Set(expression.match(NAME) ?? [])) {
      if ((needs.get(name) ?? 0) >= backMs) continue
      needs.set(name, backMs)
      const made = rules.get(name)
      if (made === undefined) throw new Error(`no rule records ${name}`)
      look(made, backMs)
    }
  }
  for (const board of boards) {
    const spanMs = moment(board.time.to, 0) - moment(board.time.from, 0)
    for (const { targets = [] } of panelsOf(board))
      for (const { expr = '', instant } of targets) look(expr, HOUR + (instant === true ? 0 : spanMs))
    for (const { expr = '' } of board.annotations.list) look(expr, HOUR + spanMs)
  }
  return needs
}

/** The longest range and the longest offset of an expression. */
function lookBackMs(expression: string): number {
  const longest = (pattern: RegExp) =>
    Math.max(0, ...[...expression.matchAll(pattern)].map(([, text = '']) => parseDurationMs(text) ?? 0))
  return longest(new RegExp(String.raw`\[${TOKEN}`, 'g')) + longest(new RegExp(`offset ${TOKEN}`, 'g'))
}
