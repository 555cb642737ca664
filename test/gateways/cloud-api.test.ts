import { afterEach, describe, expect, test } from 'vitest'
import { type FakeAnswer, type SeenRequest, startFakeServer } from './fake-server.ts'
import { accountOf, openForTest } from './gateway-contract.ts'

const WABA = '200000000000001'
const TOKEN = 'canary-EAAB'
const never = new AbortController().signal
const endings: (() => Promise<void>)[] = []
let nowMs = 0

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const numberOf = (index: number, fields: object = {}) => ({
  id: String(100_000_000_000_000 + index),
  display_phone_number: `+1 631-555-${String(index).padStart(4, '0')}`,
  verified_name: `Shop ${index}`,
  status: 'CONNECTED',
  quality_rating: 'GREEN',
  messaging_limit_tier: 'TIER_1K',
  ...fields,
})
const graphError = (code: number, status = 400, more: object = {}): FakeAnswer => ({
  status,
  json: { error: { message: `(#${code}) title`, type: 'OAuthException', code, fbtrace_id: 'A', ...more } },
})
const usage = (percent: number, minutes = 0) => ({
  'x-business-use-case-usage': JSON.stringify({
    [WABA]: [{ type: 'whatsapp', call_count: percent, estimated_time_to_regain_access: minutes }],
  }),
})

/** A Graph API with some numbers, its health words and its moods. */
async function graph(options: { numbers?: object[]; accounts?: object[] } = {}) {
  nowMs = 1_000_000
  const server = {
    numbers: options.numbers ?? [numberOf(1), numberOf(2)],
    health: 'AVAILABLE',
    mood: null as FakeAnswer | null,
    refuse: (_request: SeenRequest): FakeAnswer | null => null,
    headers: {} as Record<string, string>,
  }
  const probes: string[] = []
  let probed = Promise.withResolvers<void>()
  const answer = (request: SeenRequest): FakeAnswer => {
    const { url, headers } = request
    if (headers.authorization !== `Bearer ${TOKEN}`) return graphError(190, 401)
    const refusal = server.mood ?? server.refuse(request)
    if (refusal !== null) return refusal
    const { pathname, searchParams } = new URL(url, 'http://graph')
    if (pathname === `/v23.0/${WABA}/phone_numbers`) {
      const start = Number(searchParams.get('after') ?? 0)
      const limit = Number(searchParams.get('limit'))
      const end = start + limit
      const data = server.numbers.slice(start, end)
      const next = end < server.numbers.length ? { next: 'http://198.51.100.7/steal' } : {}
      return {
        json: { data, paging: { cursors: { before: 'b', after: String(end) }, ...next } },
        headers: server.headers,
      }
    }
    const id = pathname.split('/')[2] ?? ''
    const found = server.numbers.find((one) => 'id' in one && one.id === id)
    if (found === undefined) return graphError(100, 400, { error_subcode: 33 })
    const health = { health_status: { can_send_message: server.health, entities: [] }, id }
    if (searchParams.get('fields') !== 'health_status') return { json: { ...found, ...health } }
    probes.push(id)
    probed.resolve()
    probed = Promise.withResolvers<void>()
    return { json: health }
  }
  const fake = await startFakeServer(answer)
  const gateway = openForTest(
    {
      driver: 'cloud-api',
      url: fake.url,
      auth: { accessToken: TOKEN },
      wabaId: WABA,
      ...(options.accounts ? { accounts: options.accounts } : {}),
    },
    { now: () => nowMs },
  )
  endings.push(fake.close, gateway.close)
  const lists = () => fake.requests.filter(({ url }) => url.includes('phone_numbers'))
  const checkAll = async () => {
    if (gateway.checkAll === undefined) throw new Error('cloud-api has lost its checkAll')
    return gateway.checkAll(never)
  }
  const check = async (nativeId: string) => (await gateway.check(accountOf(nativeId), never)).reading
  const nextProbe = () => probed.promise
  return { server, fake, gateway, lists, checkAll, check, probes, nextProbe }
}

describe('cloud-api: the list', () => {
  test('carries every number with its state, quality and limit', async () => {
    const { checkAll, lists } = await graph({ numbers: [numberOf(1), numberOf(2, { status: 'BANNED' })] })
    const { readings, durationMs } = await checkAll()
    expect([...readings].map(([id, { state }]) => [id, state])).toEqual([
      ['100000000000001', 'connected'],
      ['100000000000002', 'blocked'],
    ])
    expect(readings.get('100000000000001')?.evidence).toEqual({
      phone: '16315550001',
      name: 'Shop 1',
      qualityRating: 3,
      messagingLimit: 1_000,
    })
    expect(durationMs).toBeGreaterThan(0)
    expect(lists()).toHaveLength(1)
  })

  test('is read page by page, by the cursor and never by the address in next', async () => {
    const { checkAll, lists } = await graph({ numbers: Array.from({ length: 250 }, (_, index) => numberOf(index)) })
    expect((await checkAll()).readings.size).toBe(250)
    expect(lists().map(({ url }) => new URL(url, 'http://graph').searchParams.get('after'))).toEqual([
      null,
      '100',
      '200',
    ])
  })

  test('that never ends is left after 100 pages, and that is counted', async () => {
    let page = 0
    const fake = await startFakeServer(() => {
      page += 1
      return { json: { data: [numberOf(page)], paging: { cursors: { after: String(page) }, next: 'https://graph' } } }
    })
    const options = { driver: 'cloud-api', url: fake.url, auth: { accessToken: TOKEN }, wabaId: WABA }
    const gateway = openForTest(options)
    endings.push(fake.close, gateway.close)
    expect(await gateway.listAccounts?.(never)).toHaveLength(100)
    expect(gateway.unknownWords).toEqual(['more than 100 pages of numbers'])
  })

  test('whose cursor stands still is left', async () => {
    const fake = await startFakeServer(() => ({
      json: { data: [numberOf(1)], paging: { cursors: { after: 'same' }, next: 'https://graph' } },
    }))
    const options = { driver: 'cloud-api', url: fake.url, auth: { accessToken: TOKEN }, wabaId: WABA }
    const gateway = openForTest(options)
    endings.push(fake.close, gateway.close)
    await gateway.listAccounts?.(never)
    expect(fake.requests).toHaveLength(2)
  })

  test('gives discovery the digits as account and the id as nativeId', async () => {
    const { gateway } = await graph({ numbers: [numberOf(1), numberOf(2, { display_phone_number: '' })] })
    expect(await gateway.listAccounts?.(never)).toEqual([
      { account: '16315550001', nativeId: '100000000000001', phone: '16315550001', name: 'Shop 1' },
      { account: '100000000000002', nativeId: '100000000000002', phone: null, name: 'Shop 2' },
    ])
  })

  test('with a broken number keeps the others and counts', async () => {
    const { checkAll, gateway } = await graph({ numbers: [numberOf(1), { display_phone_number: '+1' }] })
    expect((await checkAll()).readings.size).toBe(1)
    expect(gateway.unknownWords).toHaveLength(1)
  })

  test('answers for an account that the configuration names by its phone', async () => {
    const { checkAll } = await graph({ accounts: [{ account: '16315550002' }] })
    expect((await checkAll()).readings.get('16315550002')).toMatchObject({ state: 'connected' })
  })

  test('is read without a field that Meta has taken away, from then on', async () => {
    const { checkAll, server, gateway, lists } = await graph()
    const gone =
      '(#100) Tried accessing nonexisting field (messaging_limit_tier) on node type (WhatsAppBusinessPhoneNumber)'
    server.refuse = ({ url }) => (url.includes('messaging_limit_tier') ? graphError(100, 400, { message: gone }) : null)
    expect((await checkAll()).readings.size).toBe(2)
    expect((await checkAll()).readings.size).toBe(2)
    expect(lists()).toHaveLength(3)
    expect(gateway.unknownWords).toEqual(['field messaging_limit_tier is not known to v23.0'])
  })

  test('whose unknown field is not ours is an error, not a loop', async () => {
    const { checkAll, server } = await graph()
    server.refuse = () => graphError(100, 400, { message: 'Tried accessing nonexisting field (id)' })
    await expect(checkAll()).rejects.toMatchObject({ code: 'not_found' })
  })

  test('of a locked business account blocks every number that was known', async () => {
    const { checkAll, server } = await graph()
    await checkAll()
    server.mood = graphError(131031, 403)
    const { readings } = await checkAll()
    expect([...readings.values()].map(({ state, reason }) => [state, reason])).toEqual([
      ['blocked', 'banned'],
      ['blocked', 'banned'],
    ])
  })

  test('of a locked business account that was never read is an error', async () => {
    const { checkAll, server } = await graph()
    server.mood = graphError(131031, 403)
    await expect(checkAll()).rejects.toMatchObject({ name: 'GatewayError', code: 'bad_reply' })
  })
})

describe('cloud-api: health', () => {
  test('is read beside the list, and worsens the next reading', async () => {
    const { checkAll, server, probes, nextProbe } = await graph({ numbers: [numberOf(1)] })
    server.health = 'BLOCKED'
    const probing = nextProbe()
    expect((await checkAll()).readings.get('100000000000001')).toMatchObject({ state: 'connected' })
    await probing
    await expect.poll(async () => (await checkAll()).readings.get('100000000000001')?.state).toBe('blocked')
    expect(probes).toEqual(['100000000000001'])
  })

  test('of one account comes with its check', async () => {
    const { check, server } = await graph()
    server.health = 'LIMITED'
    expect(await check('100000000000001')).toMatchObject({ state: 'degraded', reason: 'capped' })
  })
})

describe('cloud-api: one account', () => {
  test('is found by its phone number', async () => {
    const { check, lists } = await graph()
    expect(await check('16315550002')).toMatchObject({ state: 'connected', evidence: { name: 'Shop 2' } })
    expect(await check('16315550002')).toMatchObject({ state: 'connected' })
    expect(lists()).toHaveLength(1)
  })

  test.each<[number, string, string | null]>([
    [131031, 'blocked', 'banned'],
    [368, 'blocked', 'banned'],
    [133010, 'disconnected', null],
  ])('Graph error %i is a state of the account: %s', async (code, state, reason) => {
    const { check, server, checkAll } = await graph()
    await checkAll()
    server.mood = graphError(code, code === 133010 ? 400 : 403)
    expect(await check('100000000000001')).toMatchObject({ state, reason, native: `Graph error ${code}` })
  })

  test('a new status is counted', async () => {
    const { check, gateway } = await graph({ numbers: [numberOf(1, { status: 'LINKED' })] })
    expect(await check('100000000000001')).toMatchObject({ state: 'unknown', unmapped: true })
    expect(gateway.unknownWords).toEqual(['status LINKED'])
  })
})

describe('cloud-api: errors', () => {
  test.each<[number, number, object, string]>([
    [0, 401, {}, 'unauthorized'],
    [190, 401, { error_subcode: 463 }, 'unauthorized'],
    [3, 400, {}, 'unauthorized'],
    [10, 403, {}, 'unauthorized'],
    [200, 403, {}, 'unauthorized'],
    [299, 400, {}, 'unauthorized'],
    [4, 400, {}, 'rate_limited'],
    [17, 400, {}, 'rate_limited'],
    [80007, 400, {}, 'rate_limited'],
    [33, 400, {}, 'not_found'],
    [803, 404, {}, 'not_found'],
    [100, 400, { error_subcode: 33 }, 'not_found'],
    [1, 500, {}, 'server_error'],
    [2, 503, { is_transient: true }, 'server_error'],
    [131000, 500, {}, 'server_error'],
    [99999, 400, { is_transient: true }, 'server_error'],
    [99999, 400, {}, 'bad_reply'],
  ])('Graph error %i (%i) %j is %s', async (code, status, more, wanted) => {
    const { checkAll, server } = await graph()
    server.mood = graphError(code, status, more)
    const error = await checkAll().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'GatewayError', code: wanted })
    expect(String(error)).toContain(`Graph error ${code}`)
    expect(String(error)).not.toContain('canary')
  })

  test('a rate limit is obeyed for the minutes that the header names', async () => {
    const { checkAll, server, fake } = await graph()
    server.mood = {
      status: 400,
      headers: usage(100, 3),
      json: { error: { message: '', type: 'OAuthException', code: 80007 } },
    }
    await expect(checkAll()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 180_000 })
    server.mood = null
    const sent = fake.requests.length
    nowMs += 179_000
    await expect(checkAll()).rejects.toMatchObject({ code: 'rate_limited' })
    expect(fake.requests).toHaveLength(sent)
    nowMs += 1_000
    expect((await checkAll()).readings.size).toBe(2)
  })

  test('at 90 % of the allowance nothing is sent for a minute, so that the bot keeps the rest', async () => {
    const { checkAll, server, lists } = await graph()
    server.headers = usage(90)
    expect((await checkAll()).readings.size).toBe(2)
    server.headers = usage(89)
    await expect(checkAll()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 })
    expect(lists()).toHaveLength(1)
    nowMs += 60_000
    await checkAll()
    await checkAll()
    expect(lists()).toHaveLength(3)
  })

  test('a clock that is set back does not lengthen the silence', async () => {
    const { checkAll, server } = await graph()
    server.headers = usage(95)
    await checkAll()
    server.headers = {}
    nowMs -= 86_400_000
    expect((await checkAll()).readings.size).toBe(2)
  })
})

test('cloud-api has no restart', async () => {
  expect((await graph()).gateway.restart).toBeUndefined()
})
