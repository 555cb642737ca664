import { describe, expect, test } from 'vitest'
import type { AccountState, Reason } from '../../src/accounts/vocabulary.ts'
import { baileysCode, baileysConnection } from '../../src/gateways/baileys-code.ts'
import { waState } from '../../src/gateways/wa-state.ts'

type Wanted = readonly [AccountState, Reason | null]
const meaning = ([state, reason]: Wanted) => ({ state, reason })

describe('WAState of whatsapp-web.js', () => {
  const words: Record<string, Wanted> = {
    CONNECTED: ['connected', null],
    OPENING: ['connecting', null],
    PAIRING: ['connecting', null],
    TIMEOUT: ['connecting', 'network'],
    UNLAUNCHED: ['connecting', null],
    UNPAIRED: ['awaiting_auth', 'logged_out'],
    UNPAIRED_IDLE: ['awaiting_auth', 'qr_timeout'],
    CONFLICT: ['degraded', 'conflict'],
    PROXYBLOCK: ['disconnected', 'network'],
    DEPRECATED_VERSION: ['disconnected', 'outdated_client'],
    TOS_BLOCK: ['blocked', 'banned'],
    SMB_TOS_BLOCK: ['blocked', 'banned'],
  }
  test.each(Object.entries(words))('%s is %s', (word, wanted) => {
    expect(waState(word)).toEqual(meaning(wanted))
  })
  test('of a later version is not guessed', () => {
    expect(waState('TELEPATHY')).toBeUndefined()
    expect(waState('toString')).toBeUndefined()
  })
})

describe('a code of Baileys or whatsmeow', () => {
  const codes: [number, Wanted][] = [
    [401, ['awaiting_auth', 'logged_out']],
    [402, ['degraded', 'temp_banned']],
    [403, ['blocked', 'banned']],
    [405, ['disconnected', 'outdated_client']],
    [406, ['blocked', 'banned']],
    [408, ['disconnected', 'network']],
    [409, ['disconnected', 'outdated_client']],
    [411, ['awaiting_auth', 'other']],
    [413, ['disconnected', 'bad_session']],
    [414, ['disconnected', 'bad_session']],
    [419, ['awaiting_auth', 'logged_out']],
    [428, ['disconnected', 'network']],
    [440, ['degraded', 'conflict']],
    [463, ['degraded', 'timelock']],
    [500, ['disconnected', 'bad_session']],
    [503, ['disconnected', 'network']],
    [515, ['connecting', null]],
  ]
  test.each(codes)('%i is %s', (code, wanted) => {
    expect(baileysCode(code)).toEqual(meaning(wanted))
  })
  test('that nobody knows is not guessed', () => {
    expect(baileysCode(499)).toBeUndefined()
  })
})

describe('the connection of Baileys', () => {
  const cases: Record<string, [string, number | null, Wanted | undefined]> = {
    'open is connected': ['open', null, ['connected', null]],
    'open after an old network fault is connected': ['open', 428, ['connected', null]],
    'open that may not start chats is degraded, timelock': ['open', 463, ['degraded', 'timelock']],
    'connecting is connecting': ['connecting', null, ['connecting', null]],
    'connecting after the restart of a pairing (515) is connecting': ['connecting', 515, ['connecting', null]],
    'connecting after a lost connection is connecting, because the library retries': [
      'connecting',
      408,
      ['connecting', null],
    ],
    'connecting after a logout awaits a human': ['connecting', 401, ['awaiting_auth', 'logged_out']],
    'connecting after a ban is blocked': ['connecting', 403, ['blocked', 'banned']],
    'close without a code is disconnected': ['close', null, ['disconnected', 'network']],
    'close for a restart of the socket (515) is never a fault': ['close', 515, ['connecting', null]],
    'close for a replaced connection is a conflict': ['close', 440, ['degraded', 'conflict']],
    'close with an unknown code is not guessed': ['close', 499, undefined],
    'another word is not guessed': ['ajar', null, undefined],
  }
  test.each(Object.entries(cases))('%s', (_name, [connection, code, wanted]) => {
    expect(baileysConnection(connection, code)).toEqual(wanted === undefined ? undefined : meaning(wanted))
  })
})
