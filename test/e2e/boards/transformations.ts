// The transformations of Grafana that our boards use, and what each of them needs to find in the data.
import { z } from 'zod'
import type { Transformation } from './board.ts'
import { type Field, type Frame, fieldNamed, reduced, rowCount, type Value } from './frames.ts'

/** Frames after all transformations of a panel, and the names that these missed: each would show an empty column. */
export interface Transformed {
  readonly frames: readonly Frame[]
  readonly faults: readonly string[]
}

/** @throws Error on a transformation that is not known here */
export function transform(frames: readonly Frame[], transformations: readonly Transformation[]): Transformed {
  const faults: string[] = []
  let present = frames
  for (const { id, options } of transformations) present = apply(id, options, present, (fault) => faults.push(fault))
  return { frames: present, faults }
}

type Report = (fault: string) => void

function apply(id: string, options: unknown, frames: readonly Frame[], report: Report): readonly Frame[] {
  switch (id) {
    case 'merge':
      return merge(frames)
    case 'organize':
      return frames.map((frame) => organize(frame, Organize.parse(options), report))
    case 'calculateField':
      return frames.map((frame) => calculate(frame, Calculate.parse(options), report))
    case 'groupBy':
      return frames.map((frame) => groupBy(frame, GroupBy.parse(options), report))
    case 'groupingToMatrix':
      return frames.map((frame) => matrix(frame, Matrix.parse(options), report))
    default:
      throw new Error(`the transformation ${id} is not known here`)
  }
}

/** Rows of all frames that agree in the fields that all frames have become one, where nothing else contradicts. */
function merge(frames: readonly Frame[]): readonly Frame[] {
  const [first, ...others] = frames.filter((frame) => rowCount(frame) > 0)
  if (first === undefined) return []
  if (others.length === 0) return [first]
  const all = [first, ...others]
  const fields = new Map(all.flatMap((frame) => frame.fields.map((field) => [field.name, field] as const)))
  const keys = [...fields.keys()].filter((name) => all.every((frame) => fieldNamed(frame, name) !== undefined))
  const rows: Map<string, Value>[] = []
  const byKey = new Map<string, Map<string, Value>[]>()
  for (const frame of all) {
    for (let index = 0; index < rowCount(frame); index++) {
      const row = new Map(frame.fields.map(({ name, values }) => [name, values[index] ?? null] as const))
      const key = JSON.stringify(keys.map((name) => row.get(name)))
      const same = byKey.get(key) ?? []
      byKey.set(key, same)
      const found = same.find((other) =>
        [...row].every(([name, value]) => !other.has(name) || other.get(name) === value),
      )
      if (found !== undefined) for (const [name, value] of row) found.set(name, value)
      else {
        same.push(row)
        rows.push(row)
      }
    }
  }
  const merged = [...fields.values()].map((field) => ({
    ...field,
    values: rows.map((row) => row.get(field.name) ?? null),
  }))
  return [{ refId: first.refId, fields: merged }]
}

const Organize = z.object({
  excludeByName: z.record(z.string(), z.boolean()).default({}),
  indexByName: z.record(z.string(), z.number()).default({}),
  renameByName: z.record(z.string(), z.string()).default({}),
})

function organize(frame: Frame, options: z.output<typeof Organize>, report: Report): Frame {
  const { excludeByName, indexByName, renameByName } = options
  for (const name of new Set([...Object.keys(indexByName), ...Object.keys(renameByName)]))
    if (fieldNamed(frame, name) === undefined) report(`organize: there is no field "${name}"; ${there(frame)}`)
  const place = ({ name }: Field) => indexByName[name] ?? Number.POSITIVE_INFINITY
  const fields = frame.fields
    .filter(({ name }) => excludeByName[name] !== true)
    .map((field, index) => ({ field, index }))
    .sort((a, b) => {
      const [left, right] = [place(a.field), place(b.field)]
      return left === right ? a.index - b.index : left - right
    })
    .map(({ field }) => ({ ...field, name: renameByName[field.name] || field.name, source: field.name }))
  return { ...frame, fields }
}

const Calculate = z.object({
  mode: z.literal('binary'),
  alias: z.string(),
  binary: z.object({ left: z.string(), operator: z.enum(['+', '-', '*', '/']), right: z.string() }),
})

function calculate(frame: Frame, { alias, binary }: z.output<typeof Calculate>, report: Report): Frame {
  const [left, right] = [binary.left, binary.right].map((name) => {
    const field = fieldNamed(frame, name)
    if (field === undefined) report(`calculateField: there is no field "${name}"; ${there(frame)}`)
    return field
  })
  if (left === undefined || right === undefined) return frame
  const values = left.values.map((value, index) => {
    const other = right.values[index] ?? null
    if (typeof value !== 'number' || typeof other !== 'number') return null
    return { '+': value + other, '-': value - other, '*': value * other, '/': value / other }[binary.operator]
  })
  return { ...frame, fields: [...frame.fields, { name: alias, kind: 'number', labels: {}, values }] }
}

const GroupBy = z.object({
  fields: z.record(
    z.string(),
    z.object({ aggregations: z.array(z.string()), operation: z.enum(['groupby', 'aggregate']).nullable() }),
  ),
})

function groupBy(frame: Frame, { fields }: z.output<typeof GroupBy>, report: Report): Frame {
  for (const name of Object.keys(fields))
    if (fieldNamed(frame, name) === undefined) report(`groupBy: there is no field "${name}"; ${there(frame)}`)
  const keys = frame.fields.filter(({ name }) => fields[name]?.operation === 'groupby')
  const groups = new Map<string, number[]>()
  for (let index = 0; index < rowCount(frame); index++) {
    const key = JSON.stringify(keys.map(({ values }) => values[index]))
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  const rows = [...groups.values()]
  const aggregated = frame.fields.flatMap((field) =>
    fields[field.name]?.operation === 'aggregate'
      ? (fields[field.name]?.aggregations ?? []).map((calc) => ({
          ...field,
          name: `${field.name} (${calc})`,
          values: rows.map((indices) =>
            reduced(
              indices.map((index) => field.values[index] ?? null),
              calc,
            ),
          ),
        }))
      : [],
  )
  const grouped = keys.map((field) => ({ ...field, values: rows.map(([index = 0]) => field.values[index] ?? null) }))
  return { ...frame, fields: [...grouped, ...aggregated] }
}

const Matrix = z.object({ rowField: z.string(), columnField: z.string(), valueField: z.string() })

function matrix(frame: Frame, options: z.output<typeof Matrix>, report: Report): Frame {
  const { rowField, columnField, valueField } = options
  const [rows, columns, values] = [rowField, columnField, valueField].map((name) => {
    const field = fieldNamed(frame, name)
    if (field === undefined) report(`groupingToMatrix: there is no field "${name}"; ${there(frame)}`)
    return field
  })
  if (rows === undefined || columns === undefined || values === undefined) return frame
  const rowNames = [...new Set(rows.values)]
  const columnNames = [...new Set(columns.values)]
  const cell = new Map(
    rows.values.map((row, index) => [`${row}|${columns.values[index]}`, values.values[index] ?? null]),
  )
  return {
    ...frame,
    fields: [
      { ...rows, name: `${rowField}\\${columnField}`, values: rowNames },
      ...columnNames.map((column) => ({
        ...values,
        name: String(column),
        values: rowNames.map((row) => cell.get(`${row}|${column}`) ?? null),
      })),
    ],
  }
}

function there(frame: Frame): string {
  return `there are ${frame.fields.map(({ name }) => name).join(', ')}`
}
