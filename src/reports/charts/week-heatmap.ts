import type { Html } from '../../html.ts'
import { box, CHART_WIDTH, chart, label, legend } from './svg.ts'

export interface HeatmapWords {
  readonly title: string
  readonly description: string
  /** Monday first. */
  readonly weekdays: readonly string[]
  /** Says of one hour what was seen. @param hour 0 to 167 */
  readonly tip: (hour: number) => string
  /** Names the steps: no downtime, the four steps upwards, not observed. */
  readonly steps: readonly [string, string, string, string, string, string]
}

const LEFT = 44
const HEAD = 16
const CELL = 20
const GAP = 2

/** The borders between the steps of the map, so that the legend can name them. */
export function heatBorders(shares: readonly (number | null)[]): readonly [number, number, number] {
  const most = Math.max(0, ...shares.flatMap((share) => share ?? []))
  return [most / 8, most / 4, most / 2]
}

/**
 * Share of downtime by hour of the week.
 * @param shares 168 entries, 0 is Monday 00:00 to 01:00; null where that hour was never observed
 */
export function weekHeatmap(shares: readonly (number | null)[], words: HeatmapWords): Html {
  const borders = heatBorders(shares)
  const width = (CHART_WIDTH - LEFT - 23 * GAP) / 24
  const hours = Array.from({ length: 12 }, (_, index) =>
    label(LEFT + index * 2 * (width + GAP) + 1, HEAD - 6, String(index * 2).padStart(2, '0')),
  )
  const days = words.weekdays.map((name, index) => label(0, HEAD + index * (CELL + GAP) + 14, name))
  const cells = Array.from({ length: 168 }, (_, hour) => {
    const share = shares[hour] ?? null
    const x = LEFT + (hour % 24) * (width + GAP)
    const y = HEAD + Math.floor(hour / 24) * (CELL + GAP)
    return box(x, y, width, CELL, heatKind(share, borders), words.tip(hour))
  })
  const bottom = HEAD + 7 * (CELL + GAP) + 14
  const kinds = ['heat-0', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'blind']
  const keys = legend(
    LEFT,
    bottom,
    words.steps.map((text, index) => ({ kind: kinds[index] ?? '', text })),
  )
  return chart({ title: words.title, description: words.description, height: bottom + 4 }, [
    ...hours,
    ...days,
    ...cells,
    keys,
  ])
}

function heatKind(share: number | null, borders: readonly [number, number, number]): string {
  if (share === null) return 'blind'
  if (share <= 0) return 'heat-0'
  return `heat-${borders.filter((border) => share > border).length + 1}`
}
