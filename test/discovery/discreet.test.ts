import { expect, test } from 'vitest'
import { discreet } from '../../src/discovery/discreet.ts'
import type { Gateway } from '../../src/gateways/gateway.ts'
import { GatewayError } from '../../src/gateways/gateway-error.ts'
import { accountOf } from '../monitor/fixtures.ts'

const never = new AbortController().signal
const PHONE = '971505760056'
const reading = { state: 'connected', reason: null, native: `OPEN ${PHONE}`, evidence: {} } as const
const privacy = { mode: 'hashed', key: 'a key' } as const
const talkative: Gateway = {
  name: 'one',
  driver: 'http',
  check: async () => ({ reading, durationMs: 1, atMs: 2 }),
  listAccounts: () => Promise.reject(new GatewayError('timeout', `GET /accounts/${PHONE} took too long`)),
  checkAll: async () => ({ readings: new Map([[PHONE, reading]]), durationMs: 1, atMs: 2 }),
  restart: async () => ({ accepted: false, detail: `no session ${PHONE}`, needsHuman: true }),
  close: () => Promise.resolve(),
}

test('what a gateway says in words holds no phone number; the rest is as it was', async () => {
  const gateway = discreet(talkative, privacy)
  const said = [
    (await gateway.check(accountOf('a'), never)).reading.native,
    (await gateway.checkAll?.(never))?.readings.get(PHONE)?.native,
    (await gateway.restart?.(accountOf('a'), never))?.detail,
  ]
  expect(said).toEqual([
    expect.stringMatching(/^OPEN [0-9a-f]{16}$/),
    expect.stringMatching(/^OPEN [0-9a-f]{16}$/),
    expect.stringMatching(/^no session [0-9a-f]{16}$/),
  ])
  await expect(gateway.listAccounts?.(never)).rejects.toMatchObject({
    name: 'GatewayError',
    code: 'timeout',
    message: expect.stringMatching(/^GET \/accounts\/[0-9a-f]{16} took too long$/),
  })
  expect(await gateway.restart?.(accountOf('a'), never)).toMatchObject({ accepted: false, needsHuman: true })
})

test('a power that the gateway lacks stays absent', () => {
  const { listAccounts: _list, checkAll: _all, restart: _restart, ...plain } = talkative
  expect(Object.keys(discreet(plain, privacy)).sort()).toEqual(['check', 'close', 'driver', 'name'])
})

test('where phones are shown in full the gateway stays itself', () => {
  expect(discreet(talkative, { mode: 'full', key: '' })).toBe(talkative)
})
