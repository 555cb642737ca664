import { expect, test } from 'vitest'
import { wabaIdOf } from '../../src/simulator/dialects/cloud-api.ts'
import { simulatedGateway } from './simulated.ts'

const TOKEN = { authorization: 'Bearer demo-key' }
const WABA = wabaIdOf('cloud')
const FIELDS = 'id,display_phone_number,status,quality_rating,messaging_limit_tier'
const cloud = (accounts = 3, callsPerHour = 0) =>
  simulatedGateway({ name: 'cloud', dialect: 'cloud-api', accounts, callsPerHour }, TOKEN)

test('pages through the numbers by cursor', async () => {
  const { get } = await cloud(5)
  const seen: string[] = []
  let after = ''
  for (let page = 0; page < 5; page++) {
    const { body } = await get(`/v23.0/${WABA}/phone_numbers?fields=${FIELDS}&limit=2${after}`)
    seen.push(...body.data.map((row: { id: string }) => row.id))
    if (body.paging.next === undefined) break
    expect(new URL(body.paging.next).searchParams.get('after')).toBe(body.paging.cursors.after)
    after = `&after=${body.paging.cursors.after}`
  }
  expect(new Set(seen).size).toBe(5)
})

test('gives the fields that were asked for and refuses one that does not exist', async () => {
  const { get } = await cloud()
  const { body } = await get(`/v23.0/${WABA}/phone_numbers?fields=${FIELDS}`)
  expect(Object.keys(body.data[0]).sort()).toEqual(FIELDS.split(',').sort())
  expect(body.data[0]).toMatchObject({ status: 'CONNECTED', quality_rating: 'GREEN', messaging_limit_tier: 'TIER_1K' })
  expect(body.data[0].display_phone_number).toMatch(/^\+1 \d{3}-555-01\d\d$/)
  expect(await get(`/v23.0/${WABA}/phone_numbers?fields=colour`)).toMatchObject({
    status: 400,
    body: { error: { code: 100 } },
  })
})

test('tells by health_status whether a number can send', async () => {
  const { get, control } = await cloud()
  const [first, second] = control.accounts()
  const health = async (id = '') => (await get(`/v23.0/${id}?fields=health_status`)).body.health_status
  expect(await health(first?.nativeId)).toMatchObject({ can_send_message: 'AVAILABLE' })
  control.inject({ account: first?.key, fault: 'zombie' })
  control.inject({ account: second?.key, fault: 'capped' })
  expect(await health(first?.nativeId)).toMatchObject({
    can_send_message: 'BLOCKED',
    entities: [{ can_send_message: 'AVAILABLE' }, { errors: [{ error_code: 141006 }] }, {}],
  })
  expect(await health(second?.nativeId)).toMatchObject({ can_send_message: 'LIMITED' })
})

test.each([
  ['disconnected', { status: 'DISCONNECTED' }],
  ['qr', { status: 'UNVERIFIED', code_verification_status: 'EXPIRED' }],
  ['logged_out', { status: 'PENDING' }],
  ['banned', { status: 'BANNED' }],
  ['restricted', { status: 'RESTRICTED' }],
  ['capped', { status: 'RATE_LIMITED' }],
  ['low_quality', { status: 'FLAGGED', quality_rating: 'RED' }],
] as const)('shows %s the way the Graph API would', async (fault, want) => {
  const { get, control } = await cloud(1)
  control.inject({ gateway: 'cloud', account: control.accounts()[0]?.account, fault })
  const { body } = await get(`/${WABA}/phone_numbers?fields=status,quality_rating,code_verification_status`)
  expect(body.data[0]).toMatchObject(want)
})

test('refuses a wrong token with code 190 and an unknown object with code 100', async () => {
  const { get } = await cloud()
  expect(await get(`/v23.0/${WABA}/phone_numbers`, undefined, {})).toMatchObject({
    status: 401,
    body: { error: { type: 'OAuthException', code: 190 } },
  })
  expect(await get('/v23.0/12345')).toMatchObject({ status: 400, body: { error: { code: 100, error_subcode: 33 } } })
})

test('counts calls in the usage header and stops at the limit until the next hour', async () => {
  const { get, pass } = await cloud(1, 2)
  const list = () => get(`/v23.0/${WABA}/phone_numbers`)
  const first = await list()
  const usage = JSON.parse(first.headers.get('x-business-use-case-usage') ?? '{}')
  expect(usage[WABA][0]).toMatchObject({ call_count: 50, estimated_time_to_regain_access: 0 })
  expect((await list()).status).toBe(200)
  const third = await list()
  expect(third).toMatchObject({ status: 400, body: { error: { code: 80007 } } })
  pass(3600)
  expect((await list()).status).toBe(200)
})

test('registers a number again, with a pin', async () => {
  const { post, get, control, pass } = await cloud(1)
  const [number] = control.accounts()
  control.inject({ account: number?.key, fault: 'disconnected' })
  const path = `/v23.0/${number?.nativeId}/register`
  expect((await post(path, { messaging_product: 'whatsapp' })).status).toBe(400)
  expect((await post(path, { messaging_product: 'whatsapp', pin: '123456' })).body).toEqual({ success: true })
  pass(3)
  expect((await get(`/${number?.nativeId}?fields=status`)).body.status).toBe('CONNECTED')
})
