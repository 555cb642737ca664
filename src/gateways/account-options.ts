import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { z } from 'zod'
import { labels } from '../option-types.ts'
import { jidPhone } from './jid.ts'
import { ACCOUNT_CHARACTERS } from './native-state.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/

/** Direction marks and zero-width characters, in which contact lists wrap the numbers that are copied out of them. */
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/**
 * E.164 digits without `+` of a phone number in international form (`+971 50 576 0056`, `00971…`, `971505760056`,
 * `tel:+971…`, a WhatsApp id); null where it is none, or where more than a number is written. Numbers of ranges that no
 * carrier uses pass: fleets are tested with them.
 */
function phoneDigits(written: string): string | null {
  const text = written.replace(INVISIBLE, '').trim()
  const compact = (text.includes('@') ? (jidPhone(text) ?? '') : text)
    .replace(/^tel:/i, '')
    .replace(/^(?:00|\uff0b)/, '+')
  if (compact.startsWith('-')) return null
  const international = compact.startsWith('+') ? compact : `+${compact}`
  const number = parsePhoneNumberFromString(international, { extract: false })
  if (number === undefined || number.ext !== undefined || !number.isPossible()) return null
  return number.number.slice(1)
}

/** Option type: a phone number; E.164 digits in the program. */
function phone() {
  return z
    .union([z.string(), z.number()], { error: 'must be a phone number in quotes, for example "971505760056"' })
    .transform((value, context) => {
      const digits = phoneDigits(String(value))
      if (digits !== null) return digits
      context.addIssue({
        code: 'custom',
        message: 'must be a phone number with its country code, for example "971505760056"',
      })
      return z.NEVER
    })
    .describe('Phone number with its country code, for example "971505760056".')
}

/** Option type: an SLO as a ratio. */
export function objective() {
  return z
    .number()
    .gt(0, 'must be a ratio between 0 and 1, for example 0.995')
    .lt(1, 'must be a ratio between 0 and 1, for example 0.995 for 99.5 %')
    .describe('Service level objective as a ratio between 0 and 1, for example 0.995.')
}

/** Option type: what the operator wants of an account. */
export function desired() {
  return z
    .enum(['running', 'any'])
    .describe('running: a stopped session is a fault. any: stopped is somebody’s wish (the default).')
}

/** Option type: the id by which a gateway or the fleet knows an account. */
function accountId() {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(ACCOUNT_CHARACTERS, `must be at most ${ACCOUNT_CHARACTERS} characters; it becomes a label of every series`)
    .refine((id) => !CONTROL.test(id) && id.isWellFormed(), 'must not hold control characters or broken Unicode')
}

/** One entry of `gateways[].accounts`. */
export const AccountOptions = z.strictObject({
  account: accountId().describe('Stable id: the session name at the gateway, or the phone number in digits.'),
  nativeId: accountId().optional().describe('What the gateway calls the account, where that differs from account.'),
  phone: phone().optional(),
  name: z.string().min(1).max(ACCOUNT_CHARACTERS).optional().describe('Display name.'),
  labels: labels().prefault({}).describe('Labels of this account, added to those of the gateway.'),
  objective: objective().optional(),
  desired: desired().optional(),
})
