import { EventEmitter } from 'node:events'
import type { BaileysEventMap, ConnectionState, WASocket } from 'baileys'
import { describe, expect, test } from 'vitest'
import { afterUpdate, type BaileysFacts, type BaileysUpdate, fromBaileys, judge } from '../../src/agent/baileys.ts'

const OPEN: BaileysFacts = { connection: 'open', code: null, pairing: false, qrExpired: false, timelockUntilMs: null }
const DIALLING: BaileysFacts = { ...OPEN, connection: 'connecting' }
const WITH_QR: BaileysFacts = { ...DIALLING, pairing: true }
const closedBy = (code: number | null): BaileysUpdate => ({
  connection: 'close',
  lastDisconnect: { error: code === null ? new Error('no Boom') : { output: { statusCode: code } } },
})

describe('what connection.update means', () => {
  test.each<[string, BaileysFacts, BaileysUpdate[], string, string | null]>([
    ['open is connected', DIALLING, [{ connection: 'open' }], 'connected', null],
    ['connecting is connecting', OPEN, [{ connection: 'connecting' }], 'connecting', null],
    ['a partial update changes nothing', OPEN, [{}], 'connected', null],
    ['a QR code waits for a person', DIALLING, [{ qr: '2@abc' }], 'awaiting_auth', null],
    ['a scanned QR code is connecting', WITH_QR, [{ isNewLogin: true }], 'connecting', null],
    ['515 after pairing is no fault', WITH_QR, [{ isNewLogin: true }, closedBy(515)], 'connecting', null],
    ['a QR code that nobody scanned has expired', WITH_QR, [closedBy(408)], 'awaiting_auth', 'qr_timeout'],
    [
      'an expired QR code stays the cause while the next socket dials',
      WITH_QR,
      [closedBy(408), { connection: 'connecting' }],
      'awaiting_auth',
      'qr_timeout',
    ],
    ['close 401 is logged out', OPEN, [closedBy(401)], 'awaiting_auth', 'logged_out'],
    ['close 402 is a temporary ban', OPEN, [closedBy(402)], 'degraded', 'temp_banned'],
    ['close 403 is a ban', OPEN, [closedBy(403)], 'blocked', 'banned'],
    ['close 405 is an outdated client', OPEN, [closedBy(405)], 'disconnected', 'outdated_client'],
    ['close 406 is a ban', OPEN, [closedBy(406)], 'blocked', 'banned'],
    ['close 408 is the network', OPEN, [closedBy(408)], 'disconnected', 'network'],
    ['close 411 waits for a person', OPEN, [closedBy(411)], 'awaiting_auth', 'other'],
    ['close 428 is the network', OPEN, [closedBy(428)], 'disconnected', 'network'],
    ['close 440 is a conflict', OPEN, [closedBy(440)], 'degraded', 'conflict'],
    ['close 500 is a bad session', OPEN, [closedBy(500)], 'disconnected', 'bad_session'],
    ['close 503 is the network', OPEN, [closedBy(503)], 'disconnected', 'network'],
    ['an unknown code is disconnected', OPEN, [closedBy(599)], 'disconnected', 'other'],
    ['a close without a code is disconnected', OPEN, [closedBy(null)], 'disconnected', 'network'],
    [
      'a network loss is forgiven while dialling',
      OPEN,
      [closedBy(428), { connection: 'connecting' }],
      'connecting',
      null,
    ],
    ['a conflict is kept while dialling', OPEN, [closedBy(440), { connection: 'connecting' }], 'degraded', 'conflict'],
    ['open clears the past', OPEN, [closedBy(440), { connection: 'open' }], 'connected', null],
    [
      'a new QR code after a logout keeps the cause',
      OPEN,
      [closedBy(401), { qr: '2@x' }],
      'awaiting_auth',
      'logged_out',
    ],
    [
      'a time lock is a restriction',
      OPEN,
      [{ reachoutTimeLock: { isActive: true, timeEnforcementEnds: new Date(2_000) } }],
      'degraded',
      'timelock',
    ],
    [
      'a time lock ends by itself',
      OPEN,
      [{ reachoutTimeLock: { isActive: true, timeEnforcementEnds: new Date(1_000) } }],
      'connected',
      null,
    ],
    [
      'a time lock without an end lasts until it is lifted',
      OPEN,
      [{ reachoutTimeLock: { isActive: true } }],
      'degraded',
      'timelock',
    ],
    [
      'a lifted time lock is gone',
      OPEN,
      [{ reachoutTimeLock: { isActive: true } }, { reachoutTimeLock: { isActive: false } }],
      'connected',
      null,
    ],
  ])('%s', (_name, before, updates, state, reason) => {
    expect(judge(updates.reduce(afterUpdate, before), 1_500)).toEqual({ state, reason })
  })
})

/** The events and the user of a real socket, by its own types. */
function fakeSocket(user?: WASocket['user']) {
  const emitter = new EventEmitter()
  return {
    ev: {
      on: <T extends keyof BaileysEventMap>(event: T, listener: (arg: BaileysEventMap[T]) => void) => {
        emitter.on(event, listener)
      },
    } satisfies Pick<WASocket['ev'], 'on'>,
    ws: { isOpen: false },
    user,
    update: (change: Partial<ConnectionState>) => emitter.emit('connection.update', change),
    message: () => emitter.emit('messages.upsert', { messages: [], type: 'notify' }),
  }
}

describe('an account over its sockets', () => {
  test('is connecting before the first socket', async () => {
    expect(await fromBaileys().read()).toMatchObject({ state: 'connecting' })
  })

  test('tells phone, name and the time of the last message', async () => {
    const account = fromBaileys({ now: () => 1_767_225_600_000 })
    const socket = fakeSocket({ id: '971505760056:3@s.whatsapp.net', lid: '1@lid', name: 'Ops' })
    account.track(socket)
    socket.update({ connection: 'open' })
    socket.message()
    expect(await account.read()).toEqual({
      state: 'connected',
      reason: null,
      phone: '971505760056',
      name: 'Ops',
      lastActivityAtMs: 1_767_225_600_000,
    })
  })

  test('does not take a LID for a phone number', async () => {
    const account = fromBaileys()
    account.track(fakeSocket({ id: '123456789012345@lid', phoneNumber: '971505760056@s.whatsapp.net' }))
    expect(await account.read()).toMatchObject({ phone: '971505760056' })
  })

  test('follows the newest socket and does not listen to the one before', async () => {
    const account = fromBaileys()
    const [first, second] = [fakeSocket(), fakeSocket()]
    account.track(first)
    first.update({ connection: 'open' })
    account.track(second)
    second.update({ connection: 'open' })
    first.update({ connection: 'close', lastDisconnect: { error: undefined, date: new Date(0) } })
    expect(await account.read()).toMatchObject({ state: 'connected' })
  })

  test('counts an event once, though the bot tracks the same socket twice', async () => {
    const account = fromBaileys()
    const socket = fakeSocket()
    account.track(socket)
    socket.update({ connection: 'open' })
    account.track(socket)
    expect(await account.read()).toMatchObject({ state: 'connected' })
  })

  test('is connected at once where its socket was open before', async () => {
    const account = fromBaileys()
    account.track({ ...fakeSocket({ id: '971505760056@s.whatsapp.net' }), ws: { isOpen: true } })
    expect(await account.read()).toMatchObject({ state: 'connected' })
  })

  test('has no restart where the bot gives none', () => {
    expect(fromBaileys().restart).toBeUndefined()
  })

  test('restarts through the function of the bot, once at a time', async () => {
    let starts = 0
    const done = Promise.withResolvers<void>()
    const account = fromBaileys({
      restart: () => {
        starts += 1
        return done.promise
      },
    })
    const both = Promise.all([account.restart?.(), account.restart?.()])
    done.resolve()
    await both
    expect(starts).toBe(1)
  })

  test('refuses a restart while a QR code is on show', async () => {
    const account = fromBaileys({ restart: () => {} })
    const socket = fakeSocket()
    account.track(socket)
    socket.update({ qr: '2@abc' })
    await expect(account.restart?.()).rejects.toThrow('scan it instead of restarting')
  })
})
