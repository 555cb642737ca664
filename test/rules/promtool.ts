import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES, renderRuleFile } from '../../src/rules/rule-files.ts'

export const ALL_GROUPS = RULE_FILES.flatMap(({ groups }) => groups)
export const ALL_ALERTS = ALL_GROUPS.flatMap(({ rules }) => rules.filter(isAlert))
export const ALL_RECORDS = ALL_GROUPS.flatMap(({ rules }) =>
  rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record])),
)

/** What a PromQL expression gives at a time of the test: a value by label set; `{}` expects nothing. */
export interface Expected {
  readonly at: string
  readonly expr: string
  readonly samples: Readonly<Record<string, number>>
}

export interface ExpectedAlert {
  readonly at: string
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface RuleTest {
  /** Groups of rules that are loaded, by name; in the test they run every `every`. */
  readonly groups: readonly string[]
  /** Time between two samples of a series. */
  readonly step: string
  readonly every: string
  /** Values in promtool's notation by series. */
  readonly series: Readonly<Record<string, string>>
  readonly expected?: readonly Expected[]
  readonly alerts?: readonly ExpectedAlert[]
}

/** Runs one test with the real promtool; resolves with '' where it passes and else with what promtool says. */
export async function promtoolTest(test: RuleTest): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rules-'))
  try {
    const groups = ALL_GROUPS.filter(({ name }) => test.groups.includes(name))
    if (groups.length !== new Set(test.groups).size) throw new Error(`unknown group in ${test.groups.join(', ')}`)
    await writeFile(join(folder, 'rules.yml'), renderRuleFile({ name: 'rules.yml', groups }))
    await writeFile(join(folder, 'test.yml'), stringify(document(test), { lineWidth: 0 }))
    return await promtool(['test', 'rules', join(folder, 'test.yml')])
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Resolves with '' where promtool is content, and else with all that it wrote. */
export async function promtool(args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile('promtool', [...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve('')
      else if (error.code === 'ENOENT') reject(new Error('promtool is not on the PATH. Run scripts/install-tools.sh.'))
      else resolve(`${stdout}${stderr}` || error.message)
    })
  })
}

function document({ groups, step, every, series, expected = [], alerts = [] }: RuleTest): object {
  return {
    rule_files: ['rules.yml'],
    evaluation_interval: every,
    group_eval_order: ALL_GROUPS.map(({ name }) => name).filter((name) => groups.includes(name)),
    tests: [
      {
        interval: step,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: expected.map(({ at, expr, samples }) => ({
          expr,
          eval_time: at,
          exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
        })),
        alert_rule_test: alerts.map(({ at, alert, labels, annotations }) => ({
          eval_time: at,
          alertname: alert,
          exp_alerts: [{ exp_labels: labels, exp_annotations: annotations }],
        })),
      },
    ],
  }
}

/** A value for some samples; `_` is a series that is not on the page. */
export type Stretch = readonly [value: number | '_', samples: number]

/**
 * `values([0, 3], [1, 2])` is `0 0 0 1 1` in promtool's short form. A series that goes away ends with the marker that
 * Prometheus writes at the first scrape without it.
 */
export function values(...stretches: readonly Stretch[]): string {
  const parts: string[] = []
  let present = false
  for (const [value, samples] of stretches) {
    if (samples === 0) continue
    if (value !== '_') parts.push(`${value}+0x${samples - 1}`)
    else if (!present) parts.push(`_x${samples}`)
    else parts.push('stale', ...(samples > 1 ? [`_x${samples - 1}`] : []))
    present = value !== '_'
  }
  return parts.join(' ')
}

/** A counter that starts at `from` and grows by `step` at every sample. */
export function growing(from: number, step: number, samples: number): string {
  return `${from}+${step}x${samples - 1}`
}
