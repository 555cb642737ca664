import { labelBlock } from '../../../src/metrics/text-format.ts'
import type { RecordingRule, RuleGroup } from '../../../src/rules/rule.ts'
import { isAlert } from '../../../src/rules/rule.ts'
import { levelsOf } from '../backfilled-prometheus.ts'
import { prometheusProcess } from '../prometheus-process.ts'
import { prometheusAsker, type Series } from './ask.ts'
import { type BlockWriter, blockWriter } from './block-writer.ts'
import { DAY, HOUR, MINUTE } from './past-troubles.ts'

export interface RecordedPast {
  readonly groups: readonly RuleGroup[]
  /** Series that are recorded, and how far back each is looked at, in milliseconds. */
  readonly needs: ReadonlyMap<string, number>
  readonly fromMs: number
  readonly toMs: number
  /** The folder of blocks, with the raw series in them. */
  readonly data: string
  /** For files on the way. */
  readonly folder: string
}

/** Prometheus holds a sample for five minutes, and boards of up to a week ask for no longer steps. */
const DENSE = { forMs: 8 * DAY, stepMs: 5 * MINUTE } as const
/** Before that only what is added up over a month is needed: hours, and five minutes of what hours are made of. */
const SPARSE = { stepMs: HOUR } as const
const EVERY_FIVE_MINUTES = /:increase5m$|:last$|:whatsapp_error_budget:ratio$/
/** Prometheus refuses to answer with more. */
const MAX_POINTS = 10_000

/**
 * Records series over the past, level by level, since each needs the one before: Prometheus evaluates the rules as they
 * are, at round times instead of those of their groups, and promtool makes blocks of it.
 */
export async function recordThePast({ groups, needs, fromMs, toMs, data, folder }: RecordedPast): Promise<void> {
  const prometheus = await prometheusProcess(folder, data)
  const asker = prometheusAsker(prometheus.url)
  try {
    for (const level of levelsOf(groups, [...needs.keys()])) {
      await prometheus.restart()
      const writer = blockWriter(folder, data, 'by series')
      const rules = level.flatMap((group) => group.rules.flatMap((rule) => (isAlert(rule) ? [] : [rule])))
      for (const rule of rules) await recordRule(rule, writer)
      await writer.done()
    }
  } finally {
    await prometheus.stop()
  }

  async function recordRule({ record, expr }: RecordingRule, writer: BlockWriter): Promise<void> {
    const needMs = needs.get(record) ?? 0
    const farFromMs = Math.max(fromMs, Math.floor((toMs - needMs) / HOUR) * HOUR)
    const denseFromMs = Math.max(farFromMs, Math.floor((toMs - DENSE.forMs) / HOUR) * HOUR)
    const { stepMs } = EVERY_FIVE_MINUTES.test(record) ? DENSE : SPARSE
    await recordRange(record, expr, farFromMs, denseFromMs - stepMs, stepMs, writer)
    await recordRange(record, expr, denseFromMs, toMs, DENSE.stepMs, writer)
  }

  async function recordRange(
    record: string,
    expr: string,
    rangeFromMs: number,
    rangeToMs: number,
    stepMs: number,
    writer: BlockWriter,
  ): Promise<void> {
    for (let startMs = rangeFromMs; startMs <= rangeToMs; startMs += MAX_POINTS * stepMs) {
      const endMs = Math.min(rangeToMs, startMs + (MAX_POINTS - 1) * stepMs)
      for (const [labels, points] of unnamed(await asker.range(expr, startMs, endMs, stepMs))) {
        for (const [atMs, value] of points)
          if (Number.isFinite(value)) writer.add(atMs, `${record}${labels} ${value} ${atMs / 1000}\n`)
      }
    }
  }
}

/**
 * The points by labels without the name. The two sides of an `or` are one recorded series, though the answer has them as
 * two where one of them keeps the name of its metric.
 */
function unnamed(series: readonly Series[]): ReadonlyMap<string, Series['points']> {
  const found = new Map<string, Series['points']>()
  for (const { labels, points } of series) {
    const { __name__: _name, ...own } = labels
    const block = labelBlock(own)
    const known = found.get(block)
    found.set(block, known === undefined ? points : [...known, ...points].sort(([a], [b]) => a - b))
  }
  return found
}
