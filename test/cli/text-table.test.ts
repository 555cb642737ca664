import { describe, expect, test } from 'vitest'
import { printable, shortened, textTable } from '../../src/cli/text-table.ts'

describe('a table', () => {
  test('is as wide as its cells, without blanks at the end of a line', () => {
    expect(
      textTable(
        ['A', 'BB', 'C'],
        [
          ['long', 'x', ''],
          ['', 'yyy', 'last'],
        ],
      ),
    ).toEqual(['A     BB   C', 'long  x', '      yyy  last'])
  })

  test('cuts a cell that is too long, but not in the last column', () => {
    const name = 'x'.repeat(10_000)
    const [, row = ''] = textTable(['NAME', 'TEXT'], [[name, name]], 10)
    expect(row).toBe(`${'x'.repeat(9)}…  ${name}`)
  })

  test('counts characters, not halves of them', () => {
    expect(
      textTable(
        ['N', 'T'],
        [
          ['😀', 'a'],
          ['bb', 'c'],
        ],
      ),
    ).toEqual(['N   T', '😀   a', 'bb  c'])
    expect(shortened('😀😀😀', 2)).toBe('😀…')
  })
})

test('a name steers no terminal, forges no line and does not turn the text around', () => {
  const [esc, override] = [String.fromCharCode(27), String.fromCharCode(0x202e)]
  expect(printable(`a${esc}[2Jb\nc\rd${override}e`)).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffde')
})
