import type { AccountSnapshot } from './account-metrics.ts'
import { ACCOUNT_COLUMNS, type FamilyShape } from './account-values.ts'
import { MAX_NUMBER_BYTES, writeNumber } from './number-bytes.ts'
import { familyHeader, type PageFormat } from './text-format.ts'

/** Writes one account's lines of one family and returns the offset after them. Sizes are bounded beforehand, not checked here. */
type RowWriter = (page: Uint8Array, offset: number, snapshot: AccountSnapshot, row: number) => number

/** One family of the accounts' part of a page. */
export interface AccountSection {
  readonly header: Uint8Array
  readonly writeRow: RowWriter
  /** Most bytes that the section can take with this snapshot. */
  bound(snapshot: AccountSnapshot): number
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The accounts' families of a format, headers and fixed parts of lines as bytes. Made once per format. */
export function accountSections(format: PageFormat): readonly AccountSection[] {
  return ACCOUNT_COLUMNS.map(({ family, shape }, column) =>
    accountSection(utf8(familyHeader(family, format)), utf8(`${family.name}{`), shape, column),
  )
}

function accountSection(header: Uint8Array, prefix: Uint8Array, shape: FamilyShape, column: number): AccountSection {
  switch (shape.kind) {
    case 'value':
      return section(header, valueWriter(prefix, column), prefix.length + MAX_NUMBER_BYTES + 3, 1)
    case 'info':
      return {
        header,
        writeRow: writeInfo(prefix),
        bound: ({ accounts, commonBytes, infoBytes }) =>
          header.length + accounts * (prefix.length + INFO_END.length) + commonBytes + infoBytes,
      }
    case 'stateset': {
      const set = shape.words.map((word) => ({ off: tail(shape.label, word, 0), on: tail(shape.label, word, 1) }))
      const fixed = set.reduce((sum, { on }) => sum + prefix.length + on.length, 0)
      return section(header, statesetWriter(prefix, column, set), fixed, set.length)
    }
    case 'word': {
      const tails = shape.words.map((word) => tail(shape.label, word, 1))
      const longest = Math.max(...tails.map(({ length }) => length))
      return section(header, wordWriter(prefix, column, tails), prefix.length + longest, 1)
    }
  }
}

/** @param fixed bytes of an account's lines without its labels */
function section(header: Uint8Array, writeRow: RowWriter, fixed: number, lines: number): AccountSection {
  return {
    header,
    writeRow,
    bound: ({ accounts, commonBytes }) => header.length + accounts * fixed + lines * commonBytes,
  }
}

function tail(label: string, word: string, value: 0 | 1): Uint8Array {
  return utf8(`,${label}="${word}"} ${value}\n`)
}

const BRACE = 125
const SPACE = 32
const LINE_FEED = 10
const INFO_END = utf8('} 1\n')

function valueWriter(prefix: Uint8Array, column: number): RowWriter {
  return (page, at, { rows, columns }, row) => {
    const labels = rows[row]
    const value = columns[column]?.[row]
    if (!labels || value === undefined || Number.isNaN(value)) return at
    page.set(prefix, at)
    let offset = at + prefix.length
    page.set(labels.common, offset)
    offset += labels.common.length
    page[offset++] = BRACE
    page[offset++] = SPACE
    offset = writeNumber(page, offset, value)
    page[offset++] = LINE_FEED
    return offset
  }
}

function writeInfo(prefix: Uint8Array): RowWriter {
  return (page, at, { rows }, row) => {
    const labels = rows[row]
    if (!labels) return at
    page.set(prefix, at)
    page.set(labels.common, at + prefix.length)
    let offset = at + prefix.length + labels.common.length
    page.set(labels.info, offset)
    offset += labels.info.length
    page.set(INFO_END, offset)
    return offset + INFO_END.length
  }
}

function statesetWriter(
  prefix: Uint8Array,
  column: number,
  set: readonly { readonly off: Uint8Array; readonly on: Uint8Array }[],
): RowWriter {
  return (page, at, { rows, columns }, row) => {
    const labels = rows[row]
    const present = columns[column]?.[row]
    if (!labels || present === undefined || Number.isNaN(present)) return at
    let offset = at
    for (let word = 0; word < set.length; word++) {
      const ends = set[word]
      if (ends === undefined) continue
      const end = word === present ? ends.on : ends.off
      page.set(prefix, offset)
      offset += prefix.length
      page.set(labels.common, offset)
      offset += labels.common.length
      page.set(end, offset)
      offset += end.length
    }
    return offset
  }
}

function wordWriter(prefix: Uint8Array, column: number, tails: readonly Uint8Array[]): RowWriter {
  return (page, at, { rows, columns }, row) => {
    const labels = rows[row]
    const end = tails[columns[column]?.[row] ?? -1]
    if (!labels || end === undefined) return at
    page.set(prefix, at)
    let offset = at + prefix.length
    page.set(labels.common, offset)
    offset += labels.common.length
    page.set(end, offset)
    return offset + end.length
  }
}
