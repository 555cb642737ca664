// Variable-length integers, 7 bits a byte, low bits first (as in Protocol Buffers); signed ones zigzag.

/** Appends to a buffer that grows by doubling. Values are whole numbers up to 2^53. */
export interface ByteWriter {
  readonly length: number
  /** One byte, 0 to 255. */
  byte(value: number): void
  /** A whole number of 0 or more. */
  unsigned(value: number): void
  signed(value: number): void
  bytes(chunk: Uint8Array): void
  /** What was written, without a copy: good until the next write. */
  view(): Uint8Array
  /** A copy of what was written. */
  toBytes(): Uint8Array
  /** Forgets what was written and keeps the buffer. */
  clear(): void
}

export function byteWriter(initialBytes = 1024): ByteWriter {
  let buffer = new Uint8Array(initialBytes)
  let length = 0
  const reserve = (count: number) => {
    if (length + count <= buffer.length) return
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + count))
    grown.set(buffer)
    buffer = grown
  }
  const unsigned = (value: number) => {
    reserve(8)
    let rest = value
    while (rest >= 0x8000_0000) {
      buffer[length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      buffer[length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[length++] = rest
  }
  return {
    get length() {
      return length
    },
    byte(value) {
      reserve(1)
      buffer[length++] = value
    },
    unsigned,
    signed: (value) => unsigned(value < 0 ? -2 * value - 1 : 2 * value),
    bytes(chunk) {
      reserve(chunk.length)
      buffer.set(chunk, length)
      length += chunk.length
    },
    view: () => buffer.subarray(0, length),
    toBytes: () => buffer.slice(0, length),
    clear() {
      length = 0
    },
  }
}

/** Reads what a ByteWriter wrote. Every method throws RangeError past the end. */
export interface ByteReader {
  readonly offset: number
  readonly atEnd: boolean
  byte(): number
  unsigned(): number
  signed(): number
  bytes(count: number): Uint8Array
}

export function byteReader(source: Uint8Array): ByteReader {
  let offset = 0
  const byte = () => {
    const value = source[offset]
    if (value === undefined) throw new RangeError(`ends after ${source.length} bytes, in the middle of a value`)
    offset++
    return value
  }
  const unsigned = () => {
    let value = 0
    let scale = 1
    for (;;) {
      const next = byte()
      value += (next & 0x7f) * scale
      if (next < 0x80) return value
      scale *= 128
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError(`holds a number beyond 2^53 at byte ${offset}`)
    }
  }
  return {
    get offset() {
      return offset
    },
    get atEnd() {
      return offset >= source.length
    },
    byte,
    unsigned,
    signed() {
      const value = unsigned()
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    },
    bytes(count) {
      if (offset + count > source.length)
        throw new RangeError(`ends after ${source.length} bytes, ${count} wanted at ${offset}`)
      offset += count
      return source.subarray(offset - count, offset)
    },
  }
}
