import type { FieldDefaults } from '../../test/e2e/boards/board.ts'
import type { Field, Value } from '../../test/e2e/boards/frames.ts'
import type { PanelData } from '../../test/e2e/boards/panel-data.ts'
import { configOf } from '../../test/e2e/boards/panel-faults.ts'
import { classicColour, colourOf } from './colours.ts'

/** A panel's data and the room that it has. */
export interface ShownPanel {
  readonly data: PanelData
  /** Pixels within the panel, below its title. */
  readonly width: number
  readonly height: number
  readonly nowMs: number
}

/** A series as curves, bars and timelines draw it. */
export interface Drawn {
  readonly name: string
  readonly colour: string
  readonly config: FieldDefaults
  readonly times: readonly Value[]
  readonly values: readonly Value[]
}

/** The fields with numbers, each with its options. */
export function numberFields({
  data,
}: ShownPanel): readonly { readonly field: Field; readonly config: FieldDefaults }[] {
  return data.frames.flatMap(({ fields }) =>
    fields
      .filter(({ kind }) => kind === 'number')
      .map((field) => {
        const config = configOf(data.panel, field)
        return { field: config.displayName === undefined ? field : { ...field, name: config.displayName }, config }
      }),
  )
}

export function drawnSeries(shown: ShownPanel): readonly Drawn[] {
  const times = shown.data.frames.flatMap(({ fields }) => {
    const time = fields.find(({ kind }) => kind === 'time')
    return fields.filter(({ kind }) => kind === 'number').map(() => time?.values ?? [])
  })
  return numberFields(shown).map(({ field, config }, index) => ({
    name: field.name,
    config,
    colour: config.color?.mode === 'fixed' ? colourOf(config.color.fixedColor ?? 'text') : classicColour(index),
    times: times[index] ?? [],
    values: field.values,
  }))
}

const CALCS = ['lastNotNull', 'mean', 'max', 'min', 'sum', 'count'] as const

/** The reducer that a panel of single values asks for. */
export function calcOf({ data }: ShownPanel): string {
  const options = data.panel.options?.['reduceOptions'] as { calcs?: readonly string[] } | undefined // Grafana's shape
  return options?.calcs?.[0] ?? CALCS[0]
}

/** Moments for the axis below: round times, not too near each other nor to the right edge. */
export function timeMarks(fromMs: number, toMs: number, most: number): readonly { atMs: number; text: string }[] {
  const MINUTE = 60_000
  const steps = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880].map((minutes) => minutes * MINUTE)
  const step = steps.find((each) => (toMs - fromMs) / each <= most) ?? 4320 * MINUTE
  const marks: { atMs: number; text: string }[] = []
  const lastMs = toMs - ((toMs - fromMs) / most) * 0.25
  for (let atMs = Math.ceil(fromMs / step) * step; atMs <= lastMs; atMs += step) {
    const iso = new Date(atMs).toISOString()
    marks.push({ atMs, text: step >= 720 * MINUTE ? iso.slice(5, 10) : iso.slice(11, 16) })
  }
  return marks
}
