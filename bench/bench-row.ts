/** One line of a benchmark: our figure beside that of the usual tool for the same work, taken in the same run. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: 'ms' | 'µs' | 'MB' | 's' | '%' | '×'
  readonly peer: string
  readonly peerValue: number
  /** peerValue / value: how many times less ours takes. */
  readonly ratio: number
}
