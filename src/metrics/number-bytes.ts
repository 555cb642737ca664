/** No number takes more bytes: 17 digits, sign, point, leading zeros of 1e-6, or an exponent. */
export const MAX_NUMBER_BYTES = 26

const ZERO = 48
const POINT = 46
const MINUS = 45
const BILLION = 1e9
/** Decimals of up to 15 digits survive the way to a double and back, so k/10ⁿ printed from k is the shortest form. */
const EXACT_DECIMAL = 1e15

/**
 * Writes a number as ASCII and returns the offset after it. Whole numbers and numbers with up to six decimals take a path
 * without strings; all else is JavaScript's shortest round trip. The target must have `MAX_NUMBER_BYTES` left.
 */
export function writeNumber(target: Uint8Array, at: number, value: number): number {
  let offset = at
  let rest = value
  if (rest < 0) {
    target[offset++] = MINUS
    rest = -rest
  }
  if (rest < EXACT_DECIMAL) {
    const whole = Math.floor(rest)
    if (whole === rest) return writeWhole(target, offset, whole)
    const milli = Math.round(rest * 1e3)
    if (milli < EXACT_DECIMAL && milli / 1e3 === rest) return writeDecimal(target, offset, milli, 1e3, 3)
    const micro = Math.round(rest * 1e6)
    if (micro < EXACT_DECIMAL && micro / 1e6 === rest) return writeDecimal(target, offset, micro, 1e6, 6)
  }
  return writeAscii(target, offset, rest === Number.POSITIVE_INFINITY ? (value < 0 ? 'Inf' : '+Inf') : String(rest))
}

/** Writes `scaled / scale` with at most `digits` decimals, without trailing zeros. */
function writeDecimal(target: Uint8Array, at: number, scaled: number, scale: number, digits: number): number {
  const whole = Math.floor(scaled / scale)
  let fraction = scaled - whole * scale
  let places = digits
  while (fraction % 10 === 0) {
    fraction /= 10
    places--
  }
  const offset = writeWhole(target, at, whole)
  target[offset] = POINT
  return writeDigits(target, offset + 1, fraction, places)
}

function writeWhole(target: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    target[at] = ZERO + value
    return at + 1
  }
  if (value < BILLION) return writeDigits(target, at, value, digitsOf(value))
  const high = Math.floor(value / BILLION)
  return writeDigits(target, writeWhole(target, at, high), value - high * BILLION, 9)
}

/** Writes a whole number below a billion with exactly `count` digits. */
function writeDigits(target: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0
  for (let index = at + count - 1; index >= at; index--) {
    const tenth = (rest / 10) | 0
    target[index] = ZERO + (rest - tenth * 10)
    rest = tenth
  }
  return at + count
}

function digitsOf(value: number): number {
  if (value < 1e4) return value < 100 ? 2 : value < 1000 ? 3 : 4
  if (value < 1e6) return value < 1e5 ? 5 : 6
  if (value < 1e8) return value < 1e7 ? 7 : 8
  return 9
}

function writeAscii(target: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index)
  return at + text.length
}
