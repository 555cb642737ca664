/** Numbers of all rows, one typed column per quantity. NaN is an absent value. */
export interface Columns {
  /** Rows up to here may be in use; freed ones below it are reused first. */
  readonly height: number
  /** A row with every column absent. */
  take(): number
  /** Gives a row back; its values become absent. */
  free(row: number): void
  /** The column itself, valid until the next `take`. */
  column(index: number): Float64Array
  /** Copies all columns as they are now, into `into` where that is large enough. */
  snapshot(into: readonly Float64Array[]): readonly Float64Array[]
}

const FIRST_CAPACITY = 64

/** Makes `count` columns that double when they are full. */
export function createColumns(count: number): Columns {
  let capacity = FIRST_CAPACITY
  let columns = Array.from({ length: count }, () => new Float64Array(capacity).fill(Number.NaN))
  let height = 0
  const freed: number[] = []

  function grow(): void {
    capacity *= 2
    columns = columns.map((column) => {
      const larger = new Float64Array(capacity).fill(Number.NaN, column.length)
      larger.set(column)
      return larger
    })
  }

  return {
    get height() {
      return height
    },
    take() {
      const reused = freed.pop()
      if (reused !== undefined) return reused
      if (height === capacity) grow()
      return height++
    },
    free(row) {
      for (const column of columns) column[row] = Number.NaN
      freed.push(row)
    },
    column(index) {
      const column = columns[index]
      if (column === undefined) throw new RangeError(`No column ${index}: there are ${count}, counted from 0.`)
      return column
    },
    snapshot(into) {
      return columns.map((column, index) => {
        const old = into[index]
        const copy = old !== undefined && old.length >= height ? old : new Float64Array(capacity)
        copy.set(column.subarray(0, height))
        return copy
      })
    },
  }
}
