import { expect, test } from 'vitest'
import { ENGLISH } from '../../src/reports/words/english.ts'
import { LANGUAGES, wordsOf } from '../../src/reports/words/words.ts'

type Leaf = string | ((...args: string[]) => string)

/** Every text of a catalogue by its path. */
function leaves(of: object, path = ''): [string, Leaf][] {
  return Object.entries(of).flatMap(([name, value]: [string, unknown]) => {
    const here = path === '' ? name : `${path}.${name}`
    return typeof value === 'object' && value !== null ? leaves(value, here) : [[here, value as Leaf] as [string, Leaf]]
  })
}

/** What a text says when its n-th argument is `«n»`; a count that is no number is not one, so that it takes the plural. */
function said(leaf: Leaf): string {
  return typeof leaf === 'string' ? leaf : leaf(...Array.from({ length: leaf.length }, (_, index) => `«${index}»`))
}

for (const language of LANGUAGES) {
  const words = wordsOf(language)

  test(`the catalogue ${language} has every text of the English one, and no other`, () => {
    expect(leaves(words).map(([name]) => name)).toEqual(leaves(ENGLISH).map(([name]) => name))
  })

  test(`no text of the catalogue ${language} is empty`, () => {
    for (const [name, leaf] of leaves(words)) expect(said(leaf).trim(), name).not.toBe('')
  })

  test(`every figure that the English text shows is shown in ${language} too`, () => {
    const marks = (text: string) => [...new Set(text.match(/«\d»/g))].sort()
    const english = new Map(leaves(ENGLISH))
    for (const [name, leaf] of leaves(words))
      expect(marks(said(leaf)), name).toEqual(marks(said(english.get(name) ?? '')))
  })
}

test('one and many are told apart in every language', () => {
  expect([1, 2].map((amount) => wordsOf('en').accounts(amount, String(amount)))).toEqual(['1 account', '2 accounts'])
  expect([1, 2].map((amount) => wordsOf('de').accounts(amount, String(amount)))).toEqual(['1 Konto', '2 Konten'])
})
