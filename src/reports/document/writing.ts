import type { AccountKey } from '../../accounts/account.ts'
import type { Selection } from '../../health/maintenance.ts'
import { type Html, html } from '../../html.ts'
import { shortened } from '../charts/incident-timeline.ts'
import type { Words } from '../words/english.ts'
import { type Language, wordsOf } from '../words/words.ts'
import { type Formats, formatsFor } from './formats.ts'

/** Whose report it is and how it looks: the white label. */
export interface ReportLook {
  readonly brand: {
    readonly name: string
    /** `data:` address of the logo. */
    readonly logo: string | null
    /** `#rrggbb`. */
    readonly colour: string
  }
  readonly language: Language
  /** BCP 47, for dates and numbers; null takes the language's own. */
  readonly locale: string | null
  readonly paper: 'a4' | 'letter'
}

/** The looks of a report that nobody configured. */
export const DEFAULT_LOOK: ReportLook = {
  brand: { name: 'WhatsApp accounts', logo: null, colour: '#0f5e57' },
  language: 'en',
  locale: null,
  paper: 'a4',
}

/** So much of a name a table can hold; the account's own part of the report and the CSV have all of it. */
export const NAME_IN_TABLE = 32

/** What every section is written with. */
export interface Writing {
  readonly look: ReportLook
  readonly words: Words
  readonly formats: Formats
}

/** The texts and formats of a look, in the time zone of the report. */
export function writingFor(look: ReportLook, timeZone: string): Writing {
  const words = wordsOf(look.language)
  return { look, words, formats: formatsFor(look.locale ?? words.locale, timeZone) }
}

/** A numbered heading that the contents can link to. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly body: Html
}

export function sectionHtml({ id, title, body }: Section): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`
}

/** An account as readers know it: its name, and its id where that is not the same. @param longest characters of the name */
export function accountName(
  account: { readonly account: string; readonly name: string | null },
  longest = Number.POSITIVE_INFINITY,
): Html {
  const name = account.name === null ? null : shortened(account.name, longest)
  if (name === null || name === '' || name === account.account) return html`<bdi>${account.account}</bdi>`
  return html`<bdi>${name}</bdi> <small><bdi>${account.account}</bdi></small>`
}

/** The same as plain text, for charts. */
export function plainAccountName(account: { readonly account: string; readonly name: string | null }): string {
  return account.name === null || account.name === '' ? account.account : account.name
}

/** Id of an account's own heading: letters and digits of any key, without two keys sharing one. */
export function accountAnchor(key: AccountKey): string {
  return `account-${key.replace(/[^A-Za-z0-9-]/g, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`)}`
}

const MOST_NAMES = 6

/** What a report or a maintenance window is about, in words. */
export function selectionText(selection: Selection, { words, formats }: Writing): string {
  const listed = (names: readonly string[]) =>
    names.length <= MOST_NAMES
      ? names.join(', ')
      : `${names.slice(0, MOST_NAMES).join(', ')}, ${words.selection.more(formats.number(names.length - MOST_NAMES))}`
  const { accounts, gateways, labels } = selection
  const parts: string[] = []
  if (accounts !== undefined) parts.push(words.selection.accounts(listed(accounts)))
  if (gateways !== undefined) parts.push(words.selection.gateways(listed(gateways)))
  if (labels !== undefined && Object.keys(labels).length > 0)
    parts.push(words.selection.labels(listed(Object.entries(labels).map(([name, value]) => `${name}=${value}`))))
  return parts.length === 0 ? words.selection.all : parts.join('; ')
}

/** First and last day of the period, or the one day. */
export function periodText(
  period: { readonly fromMs: number; readonly toMs: number },
  { words, formats }: Writing,
): string {
  const from = formats.date(period.fromMs)
  const to = formats.date(period.toMs - 1)
  return from === to ? words.period.day(from) : words.period.range(from, to)
}
