import { ENGLISH, type Words } from './english.ts'
import { GERMAN } from './german.ts'

/** Languages of which there is a complete catalogue. */
export const LANGUAGES = ['en', 'de'] as const
export type Language = (typeof LANGUAGES)[number]

const CATALOGUES: Readonly<Record<Language, Words>> = { en: ENGLISH, de: GERMAN }

/** The texts of a language. */
export function wordsOf(language: Language): Words {
  return CATALOGUES[language]
}
