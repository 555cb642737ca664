import { describe, expect, test } from 'vitest'
import { numberDigits, numberReading, PhoneNumber, tierLimit } from '../../src/gateways/cloud-api-number.ts'

const number = (fields: object) => PhoneNumber.parse({ id: '1', ...fields })

describe('what a number means', () => {
  test.each<[string, object, string | null, string, string | null]>([
    ['CONNECTED before the first health probe', { status: 'CONNECTED' }, null, 'connected', null],
    ['CONNECTED and AVAILABLE', { status: 'CONNECTED' }, 'AVAILABLE', 'connected', null],
    ['CONNECTED and LIMITED', { status: 'CONNECTED' }, 'LIMITED', 'degraded', 'capped'],
    ['CONNECTED and BLOCKED', { status: 'CONNECTED' }, 'BLOCKED', 'blocked', 'other'],
    ['CONNECTED and a new health word', { status: 'CONNECTED' }, 'SLEEPY', 'connected', null],
    ['CONNECTED, GREEN', { status: 'CONNECTED', quality_rating: 'GREEN' }, null, 'connected', null],
    ['CONNECTED, YELLOW', { status: 'CONNECTED', quality_rating: 'YELLOW' }, null, 'degraded', 'quality'],
    ['CONNECTED, RED', { status: 'CONNECTED', quality_rating: 'RED' }, 'AVAILABLE', 'degraded', 'quality'],
    ['CONNECTED, NA', { status: 'CONNECTED', quality_rating: 'NA' }, null, 'connected', null],
    [
      'CONNECTED with an expired code works all the same',
      { status: 'CONNECTED', code_verification_status: 'EXPIRED' },
      null,
      'connected',
      null,
    ],
    ['FLAGGED', { status: 'FLAGGED' }, 'AVAILABLE', 'degraded', 'quality'],
    ['FLAGGED and BLOCKED', { status: 'FLAGGED' }, 'BLOCKED', 'blocked', 'other'],
    ['RESTRICTED', { status: 'RESTRICTED' }, null, 'degraded', 'capped'],
    ['RATE_LIMITED', { status: 'RATE_LIMITED' }, null, 'degraded', 'capped'],
    ['PENDING', { status: 'PENDING' }, null, 'awaiting_auth', null],
    ['UNVERIFIED', { status: 'UNVERIFIED' }, 'BLOCKED', 'awaiting_auth', null],
    ['DISCONNECTED', { status: 'DISCONNECTED' }, 'BLOCKED', 'disconnected', null],
    [
      'DISCONNECTED with an expired code needs a person',
      { status: 'DISCONNECTED', code_verification_status: 'EXPIRED' },
      null,
      'awaiting_auth',
      null,
    ],
    [
      'DISCONNECTED without a verified code needs a person',
      { status: 'DISCONNECTED', code_verification_status: 'NOT_VERIFIED' },
      null,
      'awaiting_auth',
      null,
    ],
    ['OFFLINE', { status: 'OFFLINE' }, null, 'disconnected', null],
    ['MIGRATED', { status: 'MIGRATED' }, null, 'blocked', 'other'],
    ['DELETED', { status: 'DELETED' }, null, 'blocked', 'other'],
    ['BANNED', { status: 'BANNED' }, null, 'blocked', 'banned'],
    ['UNKNOWN is a word of theirs', { status: 'UNKNOWN' }, null, 'unknown', null],
    ['no status, because the token may not see it', {}, null, 'unknown', null],
  ])('%s', (_name, fields, health, state, reason) => {
    const reading = numberReading(number(fields), health)
    expect(reading).toMatchObject({ state, reason })
    expect(reading.unmapped).toBeUndefined()
  })

  test('a new status is unknown and counted', () => {
    expect(numberReading(number({ status: 'LINKED' }), null)).toMatchObject({ state: 'unknown', unmapped: true })
  })

  test('phone, name, quality and limit are evidence', () => {
    const fields = {
      display_phone_number: '+1 631-555-5555',
      verified_name: 'Jasper’s Market',
      status: 'BANNED',
      quality_rating: 'RED',
      messaging_limit_tier: 'TIER_10K',
    }
    expect(numberReading(number(fields), null).evidence).toEqual({
      phone: '16315555555',
      name: 'Jasper’s Market',
      qualityRating: 1,
      messagingLimit: 10_000,
    })
  })

  test('a field of another shape counts as absent', () => {
    const odd = number({
      status: 'CONNECTED',
      quality_rating: { score: 1 },
      messaging_limit_tier: 7,
      verified_name: [],
    })
    expect(numberReading(odd, null)).toMatchObject({ state: 'connected', evidence: {} })
  })
})

test.each<[string | null, number | undefined]>([
  ['TIER_50', 50],
  ['TIER_250', 250],
  ['TIER_1K', 1_000],
  ['TIER_2K', 2_000],
  ['TIER_10K', 10_000],
  ['TIER_100K', 100_000],
  ['TIER_UNLIMITED', Number.POSITIVE_INFINITY],
  ['TIER_NOT_SET', undefined],
  ['toString', undefined],
  [null, undefined],
])('tier %s is a limit of %s', (tier, limit) => {
  expect(tierLimit(tier)).toBe(limit)
})

test.each<[string | null, string | null]>([
  ['+1 631-555-5555', '16315555555'],
  ['+971 50 576 0056', '971505760056'],
  ['', null],
  ['123', null],
  [null, null],
])('%j has the digits %s', (display, digits) => {
  expect(numberDigits(number({ display_phone_number: display }))).toBe(digits)
})
