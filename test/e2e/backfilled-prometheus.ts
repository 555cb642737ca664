import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlert, type RecordingRule, type RuleGroup } from '../../src/rules/rule.ts'
import { renderRuleFile } from '../../src/rules/rule-files.ts'
import { promtool } from '../rules/promtool.ts'
import { prometheusProcess } from './prometheus-process.ts'

/** Unix milliseconds; what nothing asks for its past is recorded from `askedFromMs` on. */
export interface Past {
  readonly fromMs: number
  readonly askedFromMs: number
  readonly toMs: number
}

/** A real Prometheus whose past is written by promtool: scrapes nothing, waits for nothing. */
export interface BackfilledPrometheus {
  /** Makes a block of OpenMetrics lines with timestamps; one call for each two hours is much quicker than one for all. */
  addSamples(lines: string): Promise<void>
  /**
   * Evaluates recording rules over the past as their groups would have, level by level, since each needs the one before.
   * Only those that the wanted series need; all of the past only of those that others ask for it.
   */
  record(groups: readonly RuleGroup[], wanted: readonly string[], past: Past): Promise<void>
  /** The values of an expression at a moment, by the label `by` ('' where a sample has no such label). */
  query(expression: string, atMs: number, by?: string): Promise<ReadonlyMap<string, number>>
  end(): Promise<void>
}

export async function backfilledPrometheus(): Promise<BackfilledPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'backfilled-'))
  const data = join(folder, 'data')
  mkdirSync(data)
  const { url, restart, stop } = await prometheusProcess(folder, data)
  const made = async (args: readonly string[]) => {
    const said = await promtool(args)
    if (said !== '') throw new Error(said)
  }

  return {
    async addSamples(lines) {
      const path = join(folder, 'samples.om')
      writeFileSync(path, `${lines}# EOF\n`)
      await made(['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', path, data])
    },
    async record(groups, wanted, { fromMs, askedFromMs, toMs }) {
      const withPast = seriesWithPast(groups)
      for (const level of levelsOf(groups, wanted)) {
        await restart()
        for (const hasPast of [true, false]) {
          const rules = onlyRules(level, ({ record }) => withPast.has(record) === hasPast)
          if (rules.length === 0) continue
          const path = join(folder, 'level.yml')
          writeFileSync(path, renderRuleFile({ name: 'level.yml', groups: rules }))
          const range = [`--start=${(hasPast ? fromMs : askedFromMs) / 1000}`, `--end=${toMs / 1000}`]
          await made(['tsdb', 'create-blocks-from', 'rules', `--url=${url}`, `--output-dir=${data}`, ...range, path])
        }
      }
      await restart()
    },
    async query(expression, atMs, by = 'account') {
      const parameters = new URLSearchParams({ query: expression, time: String(atMs / 1000) })
      const answer = await fetch(`${url}/api/v1/query?${parameters}`)
      if (!answer.ok) throw new Error(await answer.text())
      // The answer of a vector query, as Prometheus documents it.
      const { data: found } = (await answer.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] }
      }
      return new Map(found.result.map(({ metric, value }) => [metric[by] ?? '', Number(value[1])]))
    },
    async end() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * The rules that the wanted series need, by how many other rules stand between them and the scraped series.
 * @param wanted records of the groups
 */
export function levelsOf(groups: readonly RuleGroup[], wanted: readonly string[]): readonly (readonly RuleGroup[])[] {
  const expressions = new Map(
    groups.flatMap(({ rules }) => rules.flatMap((rule) => (isAlert(rule) ? [] : [[rule.record, rule.expr] as const]))),
  )
  const known = new Map<string, number>()
  const levelOf = (record: string): number => {
    const found = known.get(record)
    if (found !== undefined) return found
    const expression = expressions.get(record)
    if (expression === undefined) throw new Error(`no rule of these groups records ${record}`)
    const needed = (expression.match(/[a-z]+:\w+:\w+/g) ?? []).map(levelOf)
    const level = 1 + Math.max(0, ...needed)
    known.set(record, level)
    return level
  }
  const deepest = Math.max(...wanted.map(levelOf))
  return Array.from({ length: deepest }, (_, index) =>
    onlyRules(groups, ({ record }) => known.get(record) === index + 1),
  )
}

/** Recorded series that some rule asks for the past, by a range or an offset, and those that they are made of. */
function seriesWithPast(groups: readonly RuleGroup[]): ReadonlySet<string> {
  const rules = groups.flatMap((group) => group.rules.flatMap((rule) => (isAlert(rule) ? [] : [rule])))
  const past = new Set(rules.flatMap(({ expr }) => expr.match(/[a-z]+:\w+:\w+(?=\[| offset )/g) ?? []))
  // A set that grows while it is walked is walked to its new end.
  for (const record of past)
    for (const { expr } of rules.filter((rule) => rule.record === record))
      for (const needed of expr.match(/[a-z]+:\w+:\w+/g) ?? []) past.add(needed)
  return past
}

function onlyRules(groups: readonly RuleGroup[], isWanted: (rule: RecordingRule) => boolean): readonly RuleGroup[] {
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => !isAlert(rule) && isWanted(rule)) }))
    .filter(({ rules }) => rules.length > 0)
}
