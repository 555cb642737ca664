// Values as Grafana writes them, for the units that the boards use.
import type { FieldDefaults } from '../../test/e2e/boards/board.ts'
import type { Value } from '../../test/e2e/boards/frames.ts'
import { colourOf } from './colours.ts'

const SPANS: readonly (readonly [seconds: number, name: string])[] = [
  [31_536_000, 'years'],
  [604_800, 'weeks'],
  [86_400, 'days'],
  [3600, 'hours'],
  [60, 'mins'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
]
const SHORT: readonly (readonly [size: number, name: string])[] = [
  [1e12, ' T'],
  [1e9, ' B'],
  [1e6, ' Mil'],
  [1e3, ' K'],
]
const BYTES: readonly (readonly [size: number, name: string])[] = [
  [2 ** 40, ' TiB'],
  [2 ** 30, ' GiB'],
  [2 ** 20, ' MiB'],
  [2 ** 10, ' KiB'],
  [1, ' B'],
]

/** @param nowMs what times are told relative to */
export function valueText(value: Value, config: FieldDefaults, nowMs: number): string {
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return config.noValue ?? ''
  if (typeof value === 'string') return value
  return mappingOf(value, config)?.text ?? unitText(value, config.unit ?? 'short', config.decimals, nowMs)
}

/** The colour of a value: of the word that stands for it, else of its step. */
export function valueColour(value: Value, config: FieldDefaults): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return colourOf('text')
  const mapped = mappingOf(value, config)?.color
  if (mapped !== undefined) return colourOf(mapped)
  if (config.color?.mode === 'fixed') return colourOf(config.color.fixedColor ?? 'text')
  const steps = config.thresholds?.steps ?? []
  return colourOf(steps.findLast((step) => step.value === null || value >= step.value)?.color ?? 'green')
}

interface Mapped {
  readonly text?: string
  readonly color?: string
}

function mappingOf(value: number, { mappings = [] }: FieldDefaults): Mapped | undefined {
  for (const { type, options } of mappings) {
    // Grafana's own shapes: `value` maps texts of values, `special` and `range` hold one result.
    if (type === 'value' && options[String(value)] !== undefined) return options[String(value)] as Mapped
    const { from, to, result } = options as { from?: number; to?: number; result?: Mapped }
    if (type === 'range' && value >= (from ?? -Infinity) && value <= (to ?? Infinity)) return result
  }
  return undefined
}

function unitText(value: number, unit: string, decimals: number | undefined, nowMs: number): string {
  switch (unit) {
    case 'percentunit':
      return `${rounded(value * 100, decimals ?? (Math.abs(value) < 0.1 || value > 0.99 ? 2 : 1))}%`
    case 'percent':
      return `${rounded(value, decimals)}%`
    case 's':
      return scaled(value, SPANS, decimals, ' ')
    case 'bytes':
      return scaled(value, BYTES, decimals)
    case 'reqps':
      return `${rounded(value, decimals)} req/s`
    case 'cps':
      return `${rounded(value, decimals)} c/s`
    case 'dateTimeFromNow':
      return fromNow(value, nowMs)
    case 'dateTimeAsIso':
      return new Date(value).toISOString().slice(0, 19).replace('T', ' ')
    case 'none':
    case 'string':
      return rounded(value, decimals)
    default:
      return Math.abs(value) < 1000 ? rounded(value, decimals) : scaled(value, SHORT, decimals)
  }
}

function scaled(
  value: number,
  units: readonly (readonly [number, string])[],
  decimals: number | undefined,
  gap = '',
): string {
  const found = units.find(([size]) => Math.abs(value) >= size) ?? units.at(-1)
  if (found === undefined || value === 0) return `0${gap}${units === SPANS ? 's' : ''}`
  return `${rounded(value / found[0], decimals)}${gap}${found[1]}`
}

/** As many digits as a person reads: three, or those that are asked for. */
function rounded(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞'
  // Never `-0`.
  if (decimals !== undefined) return value.toFixed(decimals).replace(/^-(0(?:\.0*)?)$/, '$1')
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return String(Number(value.toFixed(size > 0 && size < 0.01 ? 4 : digits)))
}

const SAID: readonly (readonly [seconds: number, one: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
]

function fromNow(atMs: number, nowMs: number): string {
  const seconds = Math.abs(nowMs - atMs) / 1000
  const [size, unit] = SAID.find(([each]) => seconds >= each) ?? [1, 'second']
  const count = Math.round(seconds / size)
  const text =
    unit === 'second' ? 'a few seconds' : count === 1 ? `a${unit === 'hour' ? 'n' : ''} ${unit}` : `${count} ${unit}s`
  return atMs <= nowMs ? `${text} ago` : `in ${text}`
}
