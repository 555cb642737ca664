import type { Secret } from '../option-types.ts'

const MASK = '<secret>'
const EXCERPT_CHARACTERS = 80
/** Long enough that a credential cut by the excerpt's end is masked before the cut. */
const EXCERPT_SOURCE_CHARACTERS = 4096
// A gateway's own reply can hold credentials that we never configured, such as Evolution's token of each instance.
const CREDENTIAL_FIELD =
  /("[\w-]*(?:token|key|secret|password|hash|cookie|authorization)[\w-]*"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,}\]]+)/gi
const CREDENTIAL_QUERY = /([?&][\w-]*(?:token|key|secret|password|hash)[\w-]*=)[^&#\s"'<>]*/gi
const URL_USER = /(\/\/)[^/@\s"'<>]+@/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]+/g

/** Every spelling in which a secret can come back in a text: as it is, percent-encoded, in JSON, in base64. */
function spellings(value: string): string[] {
  const wellFormed = value.toWellFormed()
  const json = JSON.stringify(value).slice(1, -1)
  const base64 = Buffer.from(value, 'utf8').toString('base64')
  return [value, encodeURIComponent(wellFormed), json, base64]
}

/**
 * Takes the secrets out of a text that is about to be shown: the configured ones in every spelling, user names in
 * addresses, credentials in query strings and in the JSON fields of a gateway's reply.
 */
export function redact(text: string, secrets: readonly Secret[]): string {
  let masked = text
  for (const secret of secrets) {
    const value = secret.reveal()
    if (value === '') continue
    for (const spelling of spellings(value)) masked = masked.replaceAll(spelling, MASK)
  }
  return masked
    .replace(CREDENTIAL_FIELD, `$1"${MASK}"`)
    .replace(CREDENTIAL_QUERY, `$1${MASK}`)
    .replace(URL_USER, `$1${MASK}@`)
}

/** The first 80 printable characters of a reply, for a message; holds no secret. */
export function excerpt(text: string, secrets: readonly Secret[]): string {
  const head = redact(text.slice(0, EXCERPT_SOURCE_CHARACTERS), secrets).replace(UNPRINTABLE, ' ').trim()
  const characters = Array.from(head)
  return characters.length > EXCERPT_CHARACTERS ? `${characters.slice(0, EXCERPT_CHARACTERS).join('')}…` : head
}
