/** A sample as a strict reader sees it. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string | null
  readonly samples: readonly Sample[]
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [''],
  counter: ['_total'],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count'],
}

/**
 * Reads a page strictly and throws on the first fault: a sample outside its family, a family twice, a series twice, NaN, an
 * unknown type, a unit that is not the name's suffix, a histogram that is not cumulative, a missing or early end line.
 */
export function parsePage(page: string, format: 'text' | 'openmetrics'): Map<string, Family> {
  if (!page.endsWith('\n')) throw new Error('the page does not end with a line feed')
  const lines = page.slice(0, -1).split('\n')
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('the page does not end with # EOF')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let family: { name: string; type: string; help: string; unit: string | null; samples: Sample[] } | null = null
  for (const line of lines) {
    const meta = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line)
    if (meta !== null) {
      const [, keyword = '', name = '', text = ''] = meta
      if (family === null || family.name !== name) {
        if (families.has(name)) throw new Error(`family ${name} is split or given twice`)
        family = { name, type: '', help: '', unit: null, samples: [] }
        families.set(name, family)
      }
      if (family.samples.length > 0) throw new Error(`${keyword} of ${name} comes after its samples`)
      if (keyword === 'HELP') family.help = text
      else if (keyword === 'TYPE') family.type = text
      else family.unit = text
      continue
    }
    if (line.startsWith('#')) throw new Error(`unknown comment: ${line}`)
    const sample = parseSample(line)
    if (family === null) throw new Error(`sample before any family: ${line}`)
    checkName(sample, family, format)
    const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
    if (seen.has(series)) throw new Error(`series given twice: ${series}`)
    seen.add(series)
    family.samples.push(sample)
  }
  for (const each of families.values()) checkFamily(each, format)
  return families
}

function parseSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`no metric name: ${line}`)
  const labels: Record<string, string> = {}
  let at = name.length
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/.exec(line.slice(at))
      if (label === null) throw new Error(`bad label at ${at}: ${line}`)
      const [whole, key = '', value = ''] = label
      if (key in labels) throw new Error(`label ${key} twice: ${line}`)
      labels[key] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
      at += whole.length
      if (line[at] === ',') at++
    }
    at++
  }
  const text = line.slice(at)
  if (!/^ (?:[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(text)) throw new Error(`bad value "${text}": ${line}`)
  return { name, labels, value: Number(text.replace('Inf', 'Infinity')) }
}

function checkName(sample: Sample, family: Family, format: 'text' | 'openmetrics'): void {
  const suffixes = format === 'text' && family.type !== 'histogram' ? [''] : SUFFIXES[family.type]
  if (suffixes === undefined) throw new Error(`unknown type ${family.type} of ${family.name}`)
  if (!suffixes.some((suffix) => sample.name === `${family.name}${suffix}`)) {
    throw new Error(`sample ${sample.name} does not belong to ${family.type} ${family.name}`)
  }
}

function checkFamily(family: Family, format: 'text' | 'openmetrics'): void {
  const { name, type, help, unit, samples } = family
  if (type === '' || help === '') throw new Error(`${name} lacks TYPE or HELP`)
  if (format === 'text' && !['gauge', 'counter', 'histogram'].includes(type))
    throw new Error(`text has no type ${type}`)
  if (unit !== null && (format === 'text' || !name.endsWith(`_${unit}`)))
    throw new Error(`${name} has the unit ${unit}`)
  if (type === 'info' && samples.some(({ value }) => value !== 1)) throw new Error(`info ${name} is not 1`)
  if (type === 'counter' && samples.some(({ value }) => value < 0)) throw new Error(`counter ${name} is negative`)
  if (type === 'histogram') checkHistogram(family)
}

function checkHistogram({ name, samples }: Family): void {
  const series = Map.groupBy(samples, ({ labels: { le: _le, ...rest } }) => JSON.stringify(rest))
  for (const [labels, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`)
    const counts = buckets.map(({ value }) => value)
    if (buckets.at(-1)?.labels['le'] !== '+Inf') throw new Error(`${name}${labels} has no +Inf bucket`)
    if (counts.some((count, index) => count < (counts[index - 1] ?? 0)))
      throw new Error(`${name}${labels} is not cumulative`)
    const total = own.find((sample) => sample.name === `${name}_count`)?.value
    if (total !== counts.at(-1)) throw new Error(`${name}${labels}: count ${total} is not the +Inf bucket`)
  }
}
