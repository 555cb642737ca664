import { describe, expect, test } from 'vitest'
import { type Instance, instanceOf } from '../../src/gateways/evolution-instance.ts'
import { type EvolutionFacts, evolutionReading } from '../../src/gateways/evolution-state.ts'

const AT_MS = 1_000_000
const NOTHING: EvolutionFacts = { listed: null, openSinceMs: null, lastOpenAtMs: null, lastActivityAtMs: null }

function listed(change: Partial<Instance>, facts: Partial<EvolutionFacts> = {}): EvolutionFacts {
  const instance: Instance = {
    name: 'bot-01',
    version: 2,
    status: 'open',
    paired: true,
    phone: null,
    profileName: null,
    reasonCode: null,
    disconnectedAtMs: null,
    hasSocket: true,
    messages: null,
    ...change,
  }
  return { ...NOTHING, listed: { instance, atMs: AT_MS }, ...facts }
}
const closedBy = (reasonCode: number | null) => listed({ status: 'close', reasonCode })

describe('the live state and what the list says of it', () => {
  test.each<[string, string | null | undefined, EvolutionFacts, string, string | null, string]>([
    ['open is connected', 'open', NOTHING, 'connected', null, 'open'],
    ['connecting is connecting', 'connecting', NOTHING, 'connecting', null, 'connecting'],
    ['close without a list is disconnected', 'close', NOTHING, 'disconnected', null, 'close'],
    ['an absent state is not loaded', undefined, NOTHING, 'unknown', null, 'not loaded'],
    ['a null state is not loaded', null, NOTHING, 'unknown', null, 'not loaded'],
    ['refused is a QR code that nobody scanned', 'refused', NOTHING, 'awaiting_auth', 'qr_timeout', 'refused'],

    ['close without a code', 'close', closedBy(null), 'disconnected', null, 'close'],
    ['close 401 is logged out', 'close', closedBy(401), 'awaiting_auth', 'logged_out', 'close (401)'],
    ['close 402 is a temporary ban', 'close', closedBy(402), 'degraded', 'temp_banned', 'close (402)'],
    ['close 403 is a ban', 'close', closedBy(403), 'blocked', 'banned', 'close (403)'],
    ['close 405 is an outdated client', 'close', closedBy(405), 'disconnected', 'outdated_client', 'close (405)'],
    ['close 406 is a ban', 'close', closedBy(406), 'blocked', 'banned', 'close (406)'],
    ['close 408 is the network', 'close', closedBy(408), 'disconnected', 'network', 'close (408)'],
    ['close 428 is the network', 'close', closedBy(428), 'disconnected', 'network', 'close (428)'],
    ['close 440 is a conflict', 'close', closedBy(440), 'degraded', 'conflict', 'close (440)'],
    ['close 500 is a bad session', 'close', closedBy(500), 'disconnected', 'bad_session', 'close (500)'],
    ['close 503 is the network', 'close', closedBy(503), 'disconnected', 'network', 'close (503)'],
    ['a code of a later Baileys is disconnected', 'close', closedBy(599), 'disconnected', 'other', 'close (599)'],
    [
      'a code of an earlier close does not explain this one',
      'close',
      listed({ status: 'open', reasonCode: 401 }),
      'disconnected',
      null,
      'close',
    ],
    [
      'a code from after the last open explains it, whatever the column says',
      'close',
      listed({ status: 'open', reasonCode: 440, disconnectedAtMs: 500 }, { lastOpenAtMs: 500 }),
      'degraded',
      'conflict',
      'close (440)',
    ],
    [
      'a code from before the last open does not',
      'close',
      listed({ status: 'open', reasonCode: 440, disconnectedAtMs: 499 }, { lastOpenAtMs: 500 }),
      'disconnected',
      null,
      'close',
    ],
    [
      'a list from before the last open does not explain this close',
      'close',
      { ...closedBy(401), lastOpenAtMs: AT_MS + 1 },
      'disconnected',
      null,
      'close',
    ],
    [
      'close after the QR limit waits for a person',
      'close',
      listed({ status: 'connecting' }),
      'awaiting_auth',
      'qr_timeout',
      'close (QR)',
    ],
    [
      'close without an owner was never paired',
      'close',
      listed({ paired: false }),
      'awaiting_auth',
      null,
      'close (no owner)',
    ],

    [
      'connecting with the column at connecting shows a QR code',
      'connecting',
      listed({ status: 'connecting' }),
      'awaiting_auth',
      null,
      'connecting (QR)',
    ],
    [
      'connecting without an owner waits for a person',
      'connecting',
      listed({ paired: false }),
      'awaiting_auth',
      null,
      'connecting (no owner)',
    ],
    ['connecting with the column at open is a reconnect', 'connecting', listed({}), 'connecting', null, 'connecting'],
    [
      'connecting in v1 tells nothing of a QR code, because its list is live',
      'connecting',
      listed({ version: 1, status: 'connecting', paired: null }),
      'connecting',
      null,
      'connecting',
    ],

    [
      'open against a list that was read well after it opened is stale',
      'open',
      listed({ status: 'close' }, { openSinceMs: AT_MS - 5_000 }),
      'degraded',
      'stale',
      'open (list: close)',
    ],
    [
      'open against a list that was read too soon is believed',
      'open',
      listed({ status: 'close' }, { openSinceMs: AT_MS - 4_999 }),
      'connected',
      null,
      'open',
    ],
    [
      'open without an owner is stale',
      'open',
      listed({ paired: false }, { openSinceMs: 0 }),
      'degraded',
      'stale',
      'open (no owner)',
    ],
    [
      'a Cloud API instance is open by construction',
      'open',
      listed({ hasSocket: false, status: 'close', paired: false }, { openSinceMs: 0 }),
      'connected',
      null,
      'open',
    ],
  ])('%s', (_name, live, facts, state, reason, native) => {
    expect(evolutionReading(live, facts)).toMatchObject({ state, reason, native })
  })

  test('a new word is unknown and counted', () => {
    expect(evolutionReading('pairing', NOTHING)).toMatchObject({ state: 'unknown', native: 'pairing', unmapped: true })
  })

  test('evidence comes with every state', () => {
    const facts = listed({ phone: '5511999990000', profileName: 'Bot' }, { lastActivityAtMs: 7 })
    for (const live of ['open', 'connecting', 'close', undefined]) {
      expect(evolutionReading(live, facts).evidence).toEqual({
        phone: '5511999990000',
        name: 'Bot',
        lastActivityAtMs: 7,
      })
    }
  })
})

describe('a list entry', () => {
  test('of v2 is read without its token', () => {
    const entry = instanceOf({
      id: '6e',
      name: 'bot-01',
      connectionStatus: 'open',
      ownerJid: '5511999990000@s.whatsapp.net',
      profileName: 'Bot',
      integration: 'WHATSAPP-BAILEYS',
      token: 'canary',
      disconnectionReasonCode: null,
      _count: { Message: 1200, Contact: 50 },
    })
    expect(entry).toEqual({
      name: 'bot-01',
      version: 2,
      status: 'open',
      paired: true,
      phone: '5511999990000',
      profileName: 'Bot',
      reasonCode: null,
      disconnectedAtMs: null,
      hasSocket: true,
      messages: 1200,
    })
  })

  test('of v1 is read without its key; without an owner it does not say that nobody is linked', () => {
    const v1 = { instanceName: 'bot-01', status: 'close', apikey: 'canary', integration: {} }
    expect(instanceOf({ instance: v1 })).toMatchObject({ name: 'bot-01', version: 1, status: 'close', paired: null })
    expect(instanceOf({ instance: { ...v1, owner: '5511999990000@s.whatsapp.net' } })).toMatchObject({
      paired: true,
      phone: '5511999990000',
    })
  })

  test.each(['WHATSAPP-BUSINESS', 'EVOLUTION'])('of integration %s has no socket', (integration) => {
    expect(instanceOf({ name: 'bot-01', integration })?.hasSocket).toBe(false)
  })

  test.each([null, 1, 'bot-01', {}, { name: '' }, { name: 7 }, { instance: {} }])('%j is none', (entry) => {
    expect(instanceOf(entry)).toBeNull()
  })
})
