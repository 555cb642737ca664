import { createHmac } from 'node:crypto'

/** How phone numbers are shown: one switch for labels, API, pages, messages and reports. */
export interface PhonePrivacy {
  readonly mode: 'full' | 'masked' | 'hashed'
  /** Keys the hash, so that nobody finds a number by hashing all numbers. */
  readonly key: string
}

const TAG_LENGTH = 6
const HASH_LENGTH = 16
const LOOKS_LIKE_A_PHONE = /\d{8,15}/g

/**
 * A phone number (E.164 digits) as it may be shown. The same number always gives the same text, and two numbers never
 * share one: a masked number ends with a short keyed tag.
 */
export function shownPhone(phone: string, privacy: PhonePrivacy): string {
  if (privacy.mode === 'full') return phone
  const tag = createHmac('sha256', privacy.key).update(phone).digest('hex')
  if (privacy.mode === 'hashed') return tag.slice(0, HASH_LENGTH)
  return `${phone.slice(0, 3)}***${phone.slice(-2)}-${tag.slice(0, TAG_LENGTH)}`
}

/** An id or display name as it may be shown: whatever looks like a phone number in it is hidden like one. */
export function shownText(text: string, privacy: PhonePrivacy): string {
  if (privacy.mode === 'full') return text
  return text.replace(LOOKS_LIKE_A_PHONE, (digits) => shownPhone(digits, privacy))
}
