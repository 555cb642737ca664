import { expect, test } from 'vitest'
import { simulatedGateway } from './simulated.ts'

const TOKEN = { authorization: 'Bearer demo-key' }
const http = (words: 'ours' | 'wwebjs' | 'baileys' = 'ours') =>
  simulatedGateway({ name: 'linda', dialect: 'http', accounts: ['sales-01', 'sales-02'], words }, TOKEN)

test('lists accounts and reads one', async () => {
  const { get } = await http()
  const list = (await get('/accounts')).body
  expect(list).toHaveLength(2)
  expect((await get('/accounts/sales-01')).body).toEqual(list[0])
  expect(list[0]).toMatchObject({ account: 'sales-01', state: 'connected', phone: expect.stringMatching(/^1\d{10}$/) })
  expect(Date.parse(list[0].lastActivityAt)).not.toBeNaN()
  expect((await get('/accounts/nope')).status).toBe(404)
  expect((await get('/accounts', undefined, {})).status).toBe(401)
})

test.each([
  ['ours', 'logged_out', 'awaiting_auth'],
  ['ours', 'banned', 'blocked'],
  ['ours', 'conflict', 'degraded'],
  ['wwebjs', 'conflict', 'CONFLICT'],
  ['wwebjs', 'disconnected', null],
  ['baileys', 'logged_out', { connection: 'close', statusCode: 401 }],
  ['baileys', 'disconnected', { connection: 'close', statusCode: 428 }],
] as const)('in the words %s shows %s as %j', async (words, fault, state) => {
  const { get, control } = await http(words)
  control.inject({ account: 'sales-01', fault })
  expect((await get('/accounts/sales-01')).body.state).toEqual(state)
})

test('restarts: accepted, refused, and of nobody', async () => {
  const { get, post, control, pass } = await http()
  control.inject({ account: 'sales-01', fault: 'disconnected' })
  control.inject({ account: 'sales-02', fault: 'banned' })
  expect((await post('/accounts/sales-01/restart')).status).toBe(202)
  expect((await post('/accounts/sales-02/restart')).status).toBe(409)
  expect((await post('/accounts/nope/restart')).status).toBe(404)
  pass(3)
  expect((await get('/accounts/sales-01')).body.state).toBe('connected')
})
