import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const COLOURS = 256
/** Colours that differ in fewer bits are one. */
const KEPT_BITS = 5

/**
 * The same picture with at most 256 colours: boards are drawn in few, so that only the edges of letters change, and the
 * file is a third of its size.
 * @param png 8 bits a channel, not interlaced, as Chromium makes it
 * @see https://www.w3.org/TR/png-3/
 */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, data } = chunksOf(png)
  const pixels = unfiltered(inflateSync(data), width, height, channels)
  const counts = new Map<number, number>()
  const keys = new Uint32Array(width * height)
  const sums = new Map<number, [red: number, green: number, blue: number]>()
  for (let index = 0; index < keys.length; index++) {
    const at = index * channels
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]]
    const shift = 8 - KEPT_BITS
    const key = ((red >> shift) << (2 * KEPT_BITS)) | ((green >> shift) << KEPT_BITS) | (blue >> shift)
    keys[index] = key
    counts.set(key, (counts.get(key) ?? 0) + 1)
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, [red, green, blue])
    else [sum[0], sum[1], sum[2]] = [sum[0] + red, sum[1] + green, sum[2] + blue]
  }
  const mean = (key: number) => (sums.get(key) ?? [0, 0, 0]).map((sum) => Math.round(sum / (counts.get(key) ?? 1)))
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([key]) => mean(key))
  const places = new Map([...counts.keys()].map((key) => [key, nearest(mean(key), palette)] as const))
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = places.get(keys[y * width + x] ?? 0) ?? 0
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunksOf(png: Buffer): { width: number; height: number; channels: number; data: Buffer } {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('this is no PNG')
  const parts: Buffer[] = []
  let header = Buffer.alloc(0)
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const name = png.toString('latin1', at + 4, at + 8)
    const body = png.subarray(at + 8, at + 8 + length)
    if (name === 'IHDR') header = Buffer.from(body)
    if (name === 'IDAT') parts.push(body)
    at += length + 12
  }
  const [depth, kind, , , interlaced] = header.subarray(8)
  if (depth !== 8 || (kind !== 2 && kind !== 6) || interlaced !== 0)
    throw new Error(`a PNG of depth ${depth} and type ${kind} is not known here`)
  return {
    width: header.readUInt32BE(0),
    height: header.readUInt32BE(4),
    channels: kind === 2 ? 3 : 4,
    data: Buffer.concat(parts),
  }
}

/** Undoes the filters, each of which says how a byte differs from those on its left, above, and both. */
function unfiltered(rows: Buffer, width: number, height: number, channels: number): Buffer {
  const stride = width * channels
  const out = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] ?? 0
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x >= channels ? (out[at - channels] ?? 0) : 0
      const up = y > 0 ? (out[at - stride] ?? 0) : 0
      const corner = x >= channels && y > 0 ? (out[at - stride - channels] ?? 0) : 0
      out[at] = (rows[y * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, up, corner)
    }
  }
  return out
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

function nearest(colour: readonly number[], palette: readonly (readonly number[])[]): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (const [index, one] of palette.entries()) {
    const distance = one.reduce((sum, part, at) => sum + (part - (colour[at] ?? 0)) ** 2, 0)
    if (distance < least) [best, least] = [index, distance]
  }
  return best
}

function chunk(name: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}
