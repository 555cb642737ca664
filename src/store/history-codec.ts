import { crc32 } from 'node:zlib'
import type { AccountKey } from '../accounts/account.ts'
import type { Sample } from '../health/health.ts'
import { type ByteReader, byteReader, byteWriter } from './bytes.ts'
import { FORETOLD, IN_FULL, packShape, type Shape, type SumMode, unpackShape, ZERO } from './sample-shape.ts'
import { StoreError } from './store.ts'

// Two packings of checks, both in whole milliseconds:
//   cycle   all samples of one batch, in blocks of accounts, so that one account is found without unpacking the rest
//   series  the samples of one account and hour, in order of time
// A block is columns: run-length shapes, account references, times, durations, observed time, downtime; then a CRC-32.
// On a steady account a series costs 2 to 3.5 bytes a check: the change of the interval and the change of the duration.

const CYCLE_V1 = 0x11
const SERIES_V1 = 0x21
const BLOCK_SAMPLES = 128

/** One sample and the store's number for its account. */
export interface CycleEntry {
  readonly ref: number
  readonly sample: Sample
}

/** Half-open range of account numbers. */
export interface RefRange {
  readonly from: number
  readonly to: number
}

/** Packs one batch. Entries come in any order. */
export function packCycle(entries: readonly CycleEntry[]): Uint8Array {
  const sorted = isSorted(entries) ? entries : [...entries].sort(byRefAndTime)
  const blocks = byteWriter(sorted.length * 6 + 64)
  const directory = byteWriter(64)
  let previousRef = 0
  let blockCount = 0
  for (let start = 0; start < sorted.length; blockCount++) {
    const end = endOfBlock(sorted, start)
    const block = packBlock(sorted.slice(start, end), true)
    const firstRef = sorted[start]?.ref ?? 0
    directory.unsigned(firstRef - previousRef)
    directory.unsigned(block.length)
    blocks.bytes(block)
    previousRef = firstRef
    start = end
  }
  const whole = byteWriter(directory.length + blocks.length + 16)
  whole.byte(CYCLE_V1)
  whole.unsigned(blockCount)
  whole.bytes(directory.toBytes())
  whole.bytes(blocks.toBytes())
  return whole.toBytes()
}

/**
 * Unpacks the samples of the accounts in `range`, in order of account and time.
 * `keyOf` gives the key of an account number; samples of a number without key are left out.
 * @throws StoreError `corrupt` where the bytes are cut off, changed or of a format that this version does not know.
 */
export function readCycle(
  packed: Uint8Array,
  range: RefRange,
  keyOf: (ref: number) => AccountKey | undefined,
): CycleEntry[] {
  return guarded('journal row', packed, CYCLE_V1, (reader) => {
    const directory: { firstRef: number; length: number }[] = []
    let firstRef = 0
    for (let count = reader.unsigned(); count > 0; count--) {
      firstRef += reader.unsigned()
      directory.push({ firstRef, length: reader.unsigned() })
    }
    const found: CycleEntry[] = []
    for (const [index, block] of directory.entries()) {
      const bytes = reader.bytes(block.length)
      const nextRef = directory[index + 1]?.firstRef ?? Number.POSITIVE_INFINITY
      if (block.firstRef >= range.to || nextRef <= range.from) continue
      readBlock(bytes, true, (ref, fields) => {
        if (ref < range.from || ref >= range.to) return
        const key = keyOf(ref)
        if (key !== undefined) found.push({ ref, sample: { key, ...fields } })
      })
    }
    return found
  })
}

/** Packs the samples of one account, which must be in order of time. */
export function packSeries(samples: readonly Sample[]): Uint8Array {
  const block = packBlock(
    samples.map((sample) => ({ ref: 0, sample })),
    false,
  )
  const whole = new Uint8Array(block.length + 1)
  whole[0] = SERIES_V1
  whole.set(block, 1)
  return whole
}

/**
 * Unpacks the samples of one account, in order of time.
 * @throws StoreError `corrupt` as readCycle does.
 */
export function readSeries(packed: Uint8Array, key: AccountKey): Sample[] {
  return guarded('account-hour', packed, SERIES_V1, (reader) => {
    const samples: Sample[] = []
    readBlock(reader.bytes(packed.length - 1), false, (_ref, fields) => samples.push({ key, ...fields }))
    return samples
  })
}

function packBlock(entries: readonly CycleEntry[], withRefs: boolean): Uint8Array {
  const writer = byteWriter(entries.length * 6 + 32)
  const times = entries.map(({ sample }) => wholeMs(sample.atMs))
  const firstMs = times[0] ?? 0
  const firstObservedMs = wholeMs(entries[0]?.sample.observedMs ?? 0)
  writer.unsigned(entries.length)
  writer.unsigned(firstMs)
  writer.unsigned(firstObservedMs)

  // Observed time is foretold in a series by the gap since the sample before, in a cycle by the entry before.
  const observedModes: SumMode[] = []
  let foretoldMs = firstObservedMs
  for (const [index, { sample }] of entries.entries()) {
    const observedMs = wholeMs(sample.observedMs)
    if (!withRefs && index > 0) foretoldMs = (times[index] ?? 0) - (times[index - 1] ?? 0)
    observedModes.push(observedMs === 0 ? ZERO : !withRefs && observedMs === foretoldMs ? FORETOLD : IN_FULL)
  }
  const shapes = entries.map(({ sample }, index) => {
    const downtimeMs = wholeMs(sample.downtimeMs)
    const downtime = downtimeMs === 0 ? ZERO : downtimeMs === wholeMs(sample.observedMs) ? FORETOLD : IN_FULL
    return packShape(sample, observedModes[index] ?? IN_FULL, downtime)
  })
  for (let start = 0; start < shapes.length; ) {
    const shape = shapes[start] ?? 0
    let end = start + 1
    while (shapes[end] === shape) end++
    writer.unsigned(shape)
    writer.unsigned(end - start)
    start = end
  }
  if (withRefs) {
    let previousRef = 0
    for (const { ref } of entries) {
      writer.unsigned(ref - previousRef)
      previousRef = ref
    }
  }
  let previousMs = firstMs
  let previousGapMs = 0
  for (const atMs of times) {
    const gapMs = atMs - previousMs
    writer.signed(gapMs - previousGapMs)
    previousMs = atMs
    // Neighbours in a cycle are different accounts: their gaps foretell nothing.
    if (!withRefs) previousGapMs = gapMs
  }
  let previousDurationMs = 0
  for (const { sample } of entries) {
    const durationMs = wholeMs(sample.durationMs)
    writer.signed(durationMs - previousDurationMs)
    previousDurationMs = durationMs
  }
  let previousObservedMs = firstObservedMs
  for (const [index, { sample }] of entries.entries()) {
    if (observedModes[index] !== IN_FULL) continue
    const observedMs = wholeMs(sample.observedMs)
    writer.signed(observedMs - previousObservedMs)
    previousObservedMs = observedMs
  }
  for (const [index, { sample }] of entries.entries()) {
    if (((shapes[index] ?? 0) & 3) === IN_FULL) writer.unsigned(wholeMs(sample.downtimeMs))
  }
  const sum = crc32(writer.toBytes())
  for (let shift = 0; shift < 32; shift += 8) writer.byte((sum >>> shift) & 0xff)
  return writer.toBytes()
}

function readBlock(
  bytes: Uint8Array,
  withRefs: boolean,
  visit: (ref: number, fields: Omit<Sample, 'key'>) => void,
): void {
  if (bytes.length < 4) throw new RangeError(`has ${bytes.length} bytes, which is too short for its checksum`)
  const body = bytes.subarray(0, bytes.length - 4)
  const wanted = byteReader(bytes.subarray(bytes.length - 4))
  const sum = crc32(body)
  for (let shift = 0; shift < 32; shift += 8) {
    if (wanted.byte() !== ((sum >>> shift) & 0xff)) throw new RangeError('does not match its checksum')
  }
  const reader = byteReader(body)
  const count = reader.unsigned()
  const firstMs = reader.unsigned()
  const firstObservedMs = reader.unsigned()
  const shapes = readShapes(reader, count)
  const refs = withRefs ? readColumn(count, 0, (previous) => previous + reader.unsigned()) : null
  const times: number[] = []
  let gapMs = 0
  for (let atMs = firstMs; times.length < count; ) {
    gapMs = withRefs ? reader.signed() : gapMs + reader.signed()
    atMs += gapMs
    times.push(atMs)
  }
  const durations = readColumn(count, 0, (previous) => previous + reader.signed())
  const observed: number[] = []
  let previousObservedMs = firstObservedMs
  for (const [index, shape] of shapes.entries()) {
    if (shape.observed === IN_FULL) {
      previousObservedMs += reader.signed()
      observed.push(previousObservedMs)
    } else if (shape.observed === FORETOLD) {
      observed.push(index === 0 ? firstObservedMs : (times[index] ?? 0) - (times[index - 1] ?? 0))
    } else observed.push(0)
  }
  for (const [index, { state, status, reason, good, downtime }] of shapes.entries()) {
    const observedMs = observed[index] ?? 0
    const downtimeMs = downtime === IN_FULL ? reader.unsigned() : downtime === FORETOLD ? observedMs : 0
    visit(refs?.[index] ?? 0, {
      atMs: times[index] ?? 0,
      durationMs: durations[index] ?? 0,
      state,
      status,
      reason,
      good,
      observedMs,
      downtimeMs,
    })
  }
}

function readShapes(reader: ByteReader, count: number): Shape[] {
  const shapes: Shape[] = []
  while (shapes.length < count) {
    const shape = unpackShape(reader.unsigned())
    const length = reader.unsigned()
    if (length === 0 || shapes.length + length > count)
      throw new RangeError(`has a run of ${length} in ${count} samples`)
    for (let index = 0; index < length; index++) shapes.push(shape)
  }
  return shapes
}

function readColumn(count: number, start: number, next: (previous: number) => number): number[] {
  const column: number[] = []
  for (let value = start; column.length < count; ) {
    value = next(value)
    column.push(value)
  }
  return column
}

function guarded<T>(what: string, packed: Uint8Array, format: number, read: (reader: ByteReader) => T): T {
  try {
    const reader = byteReader(packed)
    const found = reader.byte()
    if (found !== format) throw new RangeError(`begins with ${found}, not ${format}`)
    return read(reader)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new StoreError('corrupt', `A packed ${what} cannot be read: it ${error.message}.`, { cause: error })
  }
}

/** A clock that is not set, or that stepped back, gives no negative and no broken number. */
function wholeMs(value: number): number {
  return value > 0 && value < Number.MAX_SAFE_INTEGER ? Math.round(value) : 0
}

function endOfBlock(sorted: readonly CycleEntry[], start: number): number {
  let end = Math.min(start + BLOCK_SAMPLES, sorted.length)
  // One account never straddles two blocks: the directory knows the first account of each only.
  while (end < sorted.length && sorted[end]?.ref === sorted[end - 1]?.ref) end++
  return end
}

function isSorted(entries: readonly CycleEntry[]): boolean {
  return entries.every((entry, index) => {
    const before = entries[index - 1]
    return before === undefined || byRefAndTime(before, entry) <= 0
  })
}

function byRefAndTime(a: CycleEntry, b: CycleEntry): number {
  return a.ref - b.ref || a.sample.atMs - b.sample.atMs
}
