import { crc32 } from 'node:zlib'
import type { AccountKey } from '../accounts/account.ts'
import type { Sample } from '../health/health.ts'
import { type ByteReader, type ByteWriter, byteReader, byteWriter } from './bytes.ts'
import { FORETOLD, IN_FULL, packShape, type Shape, unpackShape, ZERO } from './sample-shape.ts'
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
  const samples = sorted.map(({ sample }) => sample)
  const refs = sorted.map(({ ref }) => ref)
  const blocks = byteWriter(sorted.length * 6 + 64)
  const directory = byteWriter(64)
  const block = byteWriter(BLOCK_SAMPLES * 8)
  let previousRef = 0
  let blockCount = 0
  for (let start = 0; start < refs.length; blockCount++) {
    const end = endOfBlock(refs, start)
    block.clear()
    packBlock(block, samples, refs, start, end)
    const firstRef = refs[start] ?? 0
    directory.unsigned(firstRef - previousRef)
    directory.unsigned(block.length)
    blocks.bytes(block.view())
    previousRef = firstRef
    start = end
  }
  const whole = byteWriter(directory.length + blocks.length + 16)
  whole.byte(CYCLE_V1)
  whole.unsigned(blockCount)
  whole.bytes(directory.view())
  whole.bytes(blocks.view())
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
      readBlock(
        bytes,
        true,
        (ref) => (ref < range.from || ref >= range.to ? undefined : keyOf(ref)),
        (ref, sample) => found.push({ ref, sample }),
      )
    }
    return found
  })
}

/** Packs the samples of one account, which must be in order of time. */
export function packSeries(samples: readonly Sample[]): Uint8Array {
  const block = byteWriter(samples.length * 4 + 64)
  packBlock(block, samples, null, 0, samples.length)
  const whole = new Uint8Array(block.length + 1)
  whole[0] = SERIES_V1
  whole.set(block.view(), 1)
  return whole
}

/**
 * Unpacks the samples of one account, in order of time.
 * @throws StoreError `corrupt` as readCycle does.
 */
export function readSeries(packed: Uint8Array, key: AccountKey): Sample[] {
  return guarded('account-hour', packed, SERIES_V1, (reader) => {
    const samples: Sample[] = []
    readBlock(
      reader.bytes(packed.length - 1),
      false,
      () => key,
      (_ref, sample) => samples.push(sample),
    )
    return samples
  })
}

/** Packs `samples[start..end)`; `refs` of a cycle, null of a series. Plain loops: this runs for every check. */
function packBlock(
  writer: ByteWriter,
  samples: readonly Sample[],
  refs: readonly number[] | null,
  start: number,
  end: number,
): void {
  const first = samples[start]
  const firstMs = wholeMs(first?.atMs ?? 0)
  const firstObservedMs = wholeMs(first?.observedMs ?? 0)
  writer.unsigned(end - start)
  writer.unsigned(firstMs)
  writer.unsigned(firstObservedMs)

  const shapes = new Int32Array(end - start)
  let run = 0
  let previousMs = firstMs - firstObservedMs
  for (let index = start; index < end; index++) {
    const sample = samples[index]
    if (sample === undefined) continue
    const atMs = wholeMs(sample.atMs)
    const shape = shapeOf(sample, refs === null ? atMs - previousMs : null)
    previousMs = atMs
    shapes[index - start] = shape
    if (index > start && shape !== shapes[index - start - 1]) {
      writer.unsigned(shapes[index - start - 1] ?? 0)
      writer.unsigned(run)
      run = 0
    }
    run++
  }
  if (run > 0) {
    writer.unsigned(shapes[end - start - 1] ?? 0)
    writer.unsigned(run)
  }
  if (refs !== null) {
    let previousRef = 0
    for (let index = start; index < end; index++) {
      const ref = refs[index] ?? 0
      writer.unsigned(ref - previousRef)
      previousRef = ref
    }
  }
  previousMs = firstMs
  let previousGapMs = 0
  for (let index = start; index < end; index++) {
    const atMs = wholeMs(samples[index]?.atMs ?? 0)
    const gapMs = atMs - previousMs
    writer.signed(gapMs - previousGapMs)
    previousMs = atMs
    // Neighbours in a cycle are different accounts: their gaps foretell nothing.
    if (refs === null) previousGapMs = gapMs
  }
  let previousDurationMs = 0
  for (let index = start; index < end; index++) {
    const durationMs = wholeMs(samples[index]?.durationMs ?? 0)
    writer.signed(durationMs - previousDurationMs)
    previousDurationMs = durationMs
  }
  let previousObservedMs = firstObservedMs
  for (let index = start; index < end; index++) {
    if ((((shapes[index - start] ?? 0) >> 2) & 3) !== IN_FULL) continue
    const observedMs = wholeMs(samples[index]?.observedMs ?? 0)
    writer.signed(observedMs - previousObservedMs)
    previousObservedMs = observedMs
  }
  for (let index = start; index < end; index++) {
    if (((shapes[index - start] ?? 0) & 3) === IN_FULL) writer.unsigned(wholeMs(samples[index]?.downtimeMs ?? 0))
  }
  const sum = crc32(writer.view())
  for (let shift = 0; shift < 32; shift += 8) writer.byte((sum >>> shift) & 0xff)
}

/** Observed time is foretold by the gap since the sample before, downtime by observed time. */
function shapeOf(sample: Sample, foretoldMs: number | null): number {
  const observedMs = wholeMs(sample.observedMs)
  const downtimeMs = wholeMs(sample.downtimeMs)
  return packShape(
    sample,
    observedMs === 0 ? ZERO : observedMs === foretoldMs ? FORETOLD : IN_FULL,
    downtimeMs === 0 ? ZERO : downtimeMs === observedMs ? FORETOLD : IN_FULL,
  )
}

/** @param keyOf the key of an account's number; undefined leaves its samples out */
function readBlock(
  bytes: Uint8Array,
  withRefs: boolean,
  keyOf: (ref: number) => AccountKey | undefined,
  visit: (ref: number, sample: Sample) => void,
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
  let gapMs = 0
  const times = readColumn(count, firstMs, (previous) => {
    gapMs = withRefs ? reader.signed() : gapMs + reader.signed()
    return previous + gapMs
  })
  const durations = readColumn(count, 0, (previous) => previous + reader.signed())
  const observed = new Float64Array(count)
  let previousObservedMs = firstObservedMs
  let previousMs = firstMs - firstObservedMs
  for (let index = 0; index < count; index++) {
    const mode = shapes[index]?.observed
    const atMs = times[index] ?? 0
    if (mode === IN_FULL) {
      previousObservedMs += reader.signed()
      observed[index] = previousObservedMs
    } else if (mode === FORETOLD) observed[index] = atMs - previousMs
    previousMs = atMs
  }
  for (let index = 0; index < count; index++) {
    const shape = shapes[index]
    if (shape === undefined) continue
    const observedMs = observed[index] ?? 0
    const downtimeMs = shape.downtime === IN_FULL ? reader.unsigned() : shape.downtime === FORETOLD ? observedMs : 0
    const ref = refs?.[index] ?? 0
    const key = keyOf(ref)
    if (key === undefined) continue
    visit(ref, {
      key,
      atMs: times[index] ?? 0,
      durationMs: durations[index] ?? 0,
      state: shape.state,
      status: shape.status,
      reason: shape.reason,
      good: shape.good,
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

function readColumn(count: number, start: number, next: (previous: number) => number): Float64Array {
  const column = new Float64Array(count)
  let value = start
  for (let index = 0; index < count; index++) {
    value = next(value)
    column[index] = value
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

function endOfBlock(refs: readonly number[], start: number): number {
  let end = Math.min(start + BLOCK_SAMPLES, refs.length)
  // One account never straddles two blocks: the directory knows the first account of each only.
  while (end < refs.length && refs[end] === refs[end - 1]) end++
  return end
}

function isSorted(entries: readonly CycleEntry[]): boolean {
  let before = entries[0]
  for (const entry of entries) {
    if (before !== undefined && byRefAndTime(before, entry) > 0) return false
    before = entry
  }
  return true
}

function byRefAndTime(a: CycleEntry, b: CycleEntry): number {
  return a.ref - b.ref || a.sample.atMs - b.sample.atMs
}
