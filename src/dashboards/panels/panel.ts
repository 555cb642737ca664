// What all panels have in common. The panel types' own builders of the SDK follow the newest Grafana and write options
// that Grafana 9.4 does not have; so panels are made with the general builder, and each type's options are written out.
import {
  type DashboardLink,
  DashboardLinkType,
  type DynamicConfigValue,
  type FieldColor,
  FieldColorModeId,
  type FieldConfigSource,
  MappingType,
  type MatcherConfig,
  type Panel,
  PanelBuilder,
  type ThresholdsConfig,
  ThresholdsMode,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Colour, Steps, ValueWord } from './looks.ts'
import { type Query, target } from './query.ts'

export interface PanelFacts {
  readonly title: string
  /** What the panel shows, how to read it, and what to do: Grafana shows it behind the "i". */
  readonly description: string
  /** A unit id of Grafana: `short`, `percentunit`, `s`, … */
  readonly unit: string
  /** Columns of 24, and rows. */
  readonly size: readonly [width: number, height: number]
  readonly queries: readonly Query[]
  readonly decimals?: number
  readonly min?: number
  readonly max?: number
  readonly steps?: Steps
  readonly words?: readonly ValueWord[]
  /** Said in place of a missing value. */
  readonly noValue?: string
  /** Where a click on a value leads. */
  readonly links?: readonly DataLink[]
  readonly overrides?: readonly Override[]
}

export interface DataLink {
  readonly title: string
  readonly url: string
}

export interface Override {
  readonly matcher: MatcherConfig
  readonly properties: readonly DynamicConfigValue[]
}

export interface Transformation {
  readonly id: string
  readonly options: object
}

/** Panel types of Grafana itself that 9.4 has as well. */
export type PanelType = 'stat' | 'timeseries' | 'table' | 'bargauge' | 'state-timeline' | 'heatmap'

/** How a panel type shows its data. */
export interface Display {
  readonly options: object
  /** The type's own part of the field configuration. */
  readonly custom?: object
  /** By the steps of the value, or a colour for each series. */
  readonly colour?: 'by value' | 'by series'
  readonly transformations?: readonly Transformation[]
  /** Lower limit of the step, for series that are recorded rarely. */
  readonly interval?: string
}

/** The data source that the board's variable names. */
export const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' } as const

/** A panel of one of Grafana's own types. */
export function panel(type: PanelType, facts: PanelFacts, display: Display): Panel {
  const [width, height] = facts.size
  const builder = new PanelBuilder()
    .type(type)
    .title(facts.title)
    .description(facts.description)
    .datasource({ ...DATA_SOURCE })
    .span(width)
    .height(height)
    .targets(facts.queries.map((query, index) => target(query, index).datasource({ ...DATA_SOURCE })))
    .options(display.options)
  if (display.interval !== undefined) builder.interval(display.interval)
  if (display.transformations !== undefined) builder.transformations(display.transformations.map((one) => ({ ...one })))
  const { repeatDirection: _, ...built } = builder.build()
  return { ...built, fieldConfig: fieldConfig(facts, display) }
}

function fieldConfig(facts: PanelFacts, display: Display): FieldConfigSource {
  const { unit, decimals, min, max, steps, words, noValue, links, overrides = [] } = facts
  return {
    defaults: {
      unit,
      ...(decimals === undefined ? {} : { decimals }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(noValue === undefined ? {} : { noValue }),
      ...(display.colour === undefined ? {} : { color: COLOURS[display.colour] }),
      ...(steps === undefined ? {} : { thresholds: thresholds(steps) }),
      mappings: words === undefined ? [] : valueMappings(words),
      ...(links === undefined ? {} : { links: links.map(inPlace) }),
      ...(display.custom === undefined ? {} : { custom: display.custom }),
    },
    overrides: overrides.map(({ matcher, properties }) => ({ matcher, properties: [...properties] })),
  }
}

const COLOURS: Readonly<Record<NonNullable<Display['colour']>, FieldColor>> = {
  'by value': { mode: FieldColorModeId.Thresholds },
  'by series': { mode: FieldColorModeId.PaletteClassic },
}

/** A link of a value as Grafana stores it: opened in the same window, so that "back" leads back. */
export function inPlace({ title, url }: DataLink): DashboardLink {
  return {
    title,
    url,
    type: DashboardLinkType.Link,
    icon: '',
    tooltip: '',
    tags: [],
    asDropdown: false,
    targetBlank: false,
    includeVars: false,
    keepTime: false,
  }
}

/** Thresholds as Grafana stores them: the first step has no bound. */
export function thresholds([base, ...bounds]: Steps): ThresholdsConfig {
  return {
    mode: ThresholdsMode.Absolute,
    steps: [{ color: base, value: null }, ...bounds.map(([value, color]) => ({ color, value }))],
  }
}

/** Value mappings as Grafana stores them. */
export function valueMappings(words: readonly ValueWord[]): ValueMap[] {
  const options = words.map(({ value, text, colour }, index) => [String(value), { text, color: colour, index }])
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }]
}

/** The field or series with this name, as it is shown. */
export function named(name: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id: 'byName', options: name },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  }
}

/** Series by their names, each in a colour of its own. */
export function coloured(series: Readonly<Record<string, Colour>>): readonly Override[] {
  return Object.entries(series).map(([name, fixedColor]) => named(name, { color: { mode: 'fixed', fixedColor } }))
}
