import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { STATES } from '../../src/accounts/vocabulary.ts'
import { fromWhatsappWebJs, RestartRefused, type WatchedAccount, whatsappAgent } from '../../src/agent/agent.ts'
import { accountOf, openForTest } from '../gateways/gateway-contract.ts'
import { FakeClient, word } from './fake-whatsapp-web-js.ts'

const TOKEN = 'canary-0123456789'
const never = new AbortController().signal

/** A bot with the agent under a path, watched by the exporter's own driver. */
async function watched(accounts: Record<string, WatchedAccount>, bearerToken = TOKEN) {
  const server = createServer(express().use('/bot', whatsappAgent({ token: TOKEN, accounts, restartReplyLimitMs: 20 })))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the bot has no port')
  const url = `http://127.0.0.1:${address.port}/bot`
  const gateway = openForTest({ driver: 'http', url, auth: { bearerToken }, discover: true })
  onTestFinished(async () => {
    await gateway.close()
    server.closeAllConnections()
    server.close()
  })
  return {
    gateway,
    check: async (account: string) => (await gateway.check(accountOf(account), never)).reading,
    restart: (account: string) => gateway.restart?.(accountOf(account), never),
  }
}

test('every state and every fact of a bot arrives as it was said', async () => {
  const lastActivityAtMs = 1_767_225_600_000
  const accounts = Object.fromEntries(
    STATES.map((state) => {
      const reason = state === 'connected' ? null : ('other' as const)
      return [state, { read: () => ({ state, reason, phone: '971505760056', name: 'Sales', lastActivityAtMs }) }]
    }),
  )
  const { gateway, check } = await watched(accounts)
  const fleet = await gateway.checkAll?.(never)
  for (const state of STATES) {
    const wanted = {
      state,
      reason: state === 'connected' ? null : 'other',
      native: state,
      evidence: { phone: '971505760056', name: 'Sales', lastActivityAtMs },
    }
    expect(fleet?.readings.get(state)).toEqual(wanted)
    expect(await check(state)).toEqual(wanted)
  }
  expect(gateway.unknownWords).toEqual([])
  expect((await gateway.listAccounts?.(never))?.map(({ account }) => account)).toEqual([...STATES])
})

test('an account that the bot does not hold is not_found, a wrong token unauthorized', async () => {
  const { check } = await watched({})
  await expect(check('nobody')).rejects.toMatchObject({ code: 'not_found' })
  const stranger = await watched({}, 'another-token-of-16')
  await expect(stranger.check('nobody')).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a lost client is seen, restarted and seen again', async () => {
  const client = new FakeClient()
  const { check, restart } = await watched({ 'sales/01': fromWhatsappWebJs(client) })
  client.becomeReady()
  client.state = async () => word(null)
  expect(await check('sales/01')).toMatchObject({ state: 'disconnected' })
  client.onInitialize = async () => {
    client.state = async () => word('CONNECTED')
    client.becomeReady()
  }
  expect(await restart('sales/01')).toMatchObject({ accepted: true })
  expect(await check('sales/01')).toMatchObject({ state: 'connected', evidence: { phone: '971505760056' } })
})

test.each<[string, WatchedAccount['restart'], object]>([
  ['that goes on is accepted', () => new Promise(() => {}), { accepted: true }],
  [
    'that would harm is refused',
    () => Promise.reject(new RestartRefused('A QR code is on show.')),
    { accepted: false, detail: 'answered 409: A QR code is on show.' },
  ],
  [
    'that fails is not accepted',
    () => Promise.reject(new Error('no Chrome here')),
    { accepted: false, detail: 'answered 502: Account ops did not start again: no Chrome here' },
  ],
  ['that the bot does not offer is not accepted', undefined, { accepted: false }],
])('a restart %s', async (_name, begin, receipt) => {
  const read = () => ({ state: 'disconnected' as const })
  const { restart } = await watched({ ops: { read, ...(begin ? { restart: begin } : {}) } })
  expect(await restart('ops')).toMatchObject(receipt)
})
