import { expect, test } from 'vitest'
import { createColumns } from '../../src/metrics/columns.ts'

test('a row begins absent in every column, also one that is used again', () => {
  const columns = createColumns(2)
  const row = columns.take()
  expect([columns.column(0)[row], columns.column(1)[row]]).toEqual([Number.NaN, Number.NaN])
  columns.column(0)[row] = 1
  columns.free(row)
  expect(columns.take()).toBe(row)
  expect(columns.column(0)[row]).toBeNaN()
})

test('columns grow without losing values, and new rows are absent', () => {
  const columns = createColumns(1)
  for (let index = 0; index < 1000; index++) {
    const row = columns.take()
    expect(columns.column(0)[row]).toBeNaN()
    columns.column(0)[row] = index
  }
  expect(columns.height).toBe(1000)
  expect([...columns.column(0).subarray(0, 1000)]).toEqual(Array.from({ length: 1000 }, (_, index) => index))
})

test('a snapshot keeps its values, and the next one reuses its memory', () => {
  const columns = createColumns(1)
  const row = columns.take()
  columns.column(0)[row] = 1
  const before = columns.snapshot([])
  columns.column(0)[row] = 2
  expect(before[0]?.[row]).toBe(1)
  const after = columns.snapshot(before)
  expect(after[0]).toBe(before[0])
  expect(after[0]?.[row]).toBe(2)
})

test('a column that does not exist is named in the error', () => {
  expect(() => createColumns(2).column(2)).toThrow('No column 2: there are 2, counted from 0.')
})
