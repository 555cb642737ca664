import { describe, expect, test } from 'vitest'
import { shownPhone, shownText } from '../../src/accounts/privacy.ts'

const KEY = 'a key of the test'
const PHONE = '971505760056'

describe('a phone number', () => {
  test('is shown as it is where nothing is hidden', () => {
    expect(shownPhone(PHONE, { mode: 'full', key: '' })).toBe(PHONE)
  })

  for (const mode of ['masked', 'hashed'] as const) {
    test(`${mode} is always the same text, another one with another key, and never holds the number`, () => {
      const shown = shownPhone(PHONE, { mode, key: KEY })
      expect(shownPhone(PHONE, { mode, key: KEY })).toBe(shown)
      expect(shownPhone(PHONE, { mode, key: 'another key' })).not.toBe(shown)
      expect(shown).not.toContain(PHONE.slice(3, -2))
    })

    test(`${mode} is a text of its own, also for neighbours`, () => {
      const shown = Array.from({ length: 5_000 }, (_, index) =>
        shownPhone(String(971505760000 + index), { mode, key: KEY }),
      )
      expect(new Set(shown).size).toBe(5_000)
    })
  }

  test('masked keeps its country and its last two digits', () => {
    expect(shownPhone(PHONE, { mode: 'masked', key: KEY })).toMatch(/^971\*\*\*56-[0-9a-f]{6}$/)
  })

  test('hashed keeps nothing', () => {
    expect(shownPhone(PHONE, { mode: 'hashed', key: KEY })).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('a text', () => {
  const privacy = { mode: 'masked', key: KEY } as const
  const hidden = shownPhone(PHONE, privacy)
  for (const [name, text, want] of [
    ['loses a number in its middle', `bot-${PHONE}-x`, `bot-${hidden}-x`],
    ['loses every number', `${PHONE} ${PHONE}`, `${hidden} ${hidden}`],
    ['loses a number with a plus and a JID', `+${PHONE}@s.whatsapp.net`, `+${hidden}@s.whatsapp.net`],
    ['keeps short digits', 'sales-01 2026', 'sales-01 2026'],
    ['keeps words', 'Anna', 'Anna'],
    ['keeps nothing as nothing', '', ''],
  ] as const) {
    test(name, () => expect(shownText(text, privacy)).toBe(want))
  }

  test('is as it is where nothing is hidden', () => {
    expect(shownText(PHONE, { mode: 'full', key: '' })).toBe(PHONE)
  })
})
