import { describe, expect, test } from 'vitest'
import { fromWhatsappWebJs, judge, type WebJsAnswer, type WebJsFacts } from '../../src/agent/whatsapp-web-js.ts'
import { FakeClient, word } from './fake-whatsapp-web-js.ts'

const READY: WebJsFacts = { ready: true, pairing: false, lost: null }
const STARTING: WebJsFacts = { ready: false, pairing: false, lost: null }
const PAIRING: WebJsFacts = { ready: false, pairing: true, lost: null }
const says = (native: string | null): WebJsAnswer => ({ kind: 'word', word: native })
const THREW: WebJsAnswer = { kind: 'threw' }
const SLOW: WebJsAnswer = { kind: 'silent', frozen: false }
const FROZEN: WebJsAnswer = { kind: 'silent', frozen: true }

describe('what the page says, weighed against the events', () => {
  test.each<[string, WebJsFacts, WebJsAnswer, string, string | null]>([
    ['CONNECTED after ready is connected', READY, says('CONNECTED'), 'connected', null],
    ['CONNECTED before ready cannot send yet', STARTING, says('CONNECTED'), 'connecting', null],
    ['OPENING is connecting', READY, says('OPENING'), 'connecting', null],
    ['PAIRING is connecting', STARTING, says('PAIRING'), 'connecting', null],
    ['TIMEOUT is connecting, for the network', READY, says('TIMEOUT'), 'connecting', 'network'],
    ['UNLAUNCHED is connecting', STARTING, says('UNLAUNCHED'), 'connecting', null],
    ['UNPAIRED waits for a person', READY, says('UNPAIRED'), 'awaiting_auth', 'logged_out'],
    ['UNPAIRED_IDLE is a QR code that nobody scanned', STARTING, says('UNPAIRED_IDLE'), 'awaiting_auth', 'qr_timeout'],
    ['CONFLICT is no reason to restart', READY, says('CONFLICT'), 'degraded', 'conflict'],
    ['DEPRECATED_VERSION needs an update', READY, says('DEPRECATED_VERSION'), 'disconnected', 'outdated_client'],
    ['PROXYBLOCK is the network', READY, says('PROXYBLOCK'), 'disconnected', 'network'],
    ['TOS_BLOCK is a ban', READY, says('TOS_BLOCK'), 'blocked', 'banned'],
    ['SMB_TOS_BLOCK is a ban', READY, says('SMB_TOS_BLOCK'), 'blocked', 'banned'],
    ['a word of a later version is unknown', READY, says('TELEPORTING'), 'unknown', null],
    ['no socket model after ready is a lost connection', READY, says(null), 'disconnected', null],
    ['no socket model before ready is a start', STARTING, says(null), 'connecting', null],
    ['a dead page after ready is a lost connection', READY, THREW, 'disconnected', null],
    ['no page yet is a start', STARTING, THREW, 'connecting', null],
    ['a page that does not answer is slow', READY, SLOW, 'degraded', 'slow'],
    ['a page that has not answered for long is lost', READY, FROZEN, 'disconnected', null],
    ['a slow start is a start', STARTING, SLOW, 'connecting', null],
    ['a QR code on show waits for a person, whatever the page says', PAIRING, says('OPENING'), 'awaiting_auth', null],
    ['a dead page behind a QR code waits for a person', PAIRING, THREW, 'awaiting_auth', null],
    [
      'a QR code after a logout keeps its cause',
      { ready: false, pairing: true, lost: { state: 'awaiting_auth', reason: 'logged_out' } },
      says('UNPAIRED'),
      'awaiting_auth',
      'logged_out',
    ],
    [
      'the cause of a loss outlives the page',
      { ready: false, pairing: false, lost: { state: 'blocked', reason: 'banned' } },
      THREW,
      'blocked',
      'banned',
    ],
  ])('%s', (_name, facts, answer, state, reason) => {
    expect(judge(facts, answer)).toEqual({ state, reason })
  })
})

describe('what the disconnected event means', () => {
  test.each<[string, string, string | null]>([
    ['LOGOUT', 'awaiting_auth', 'logged_out'],
    ['Max qrcode retries reached', 'awaiting_auth', 'qr_timeout'],
    ['UNPAIRED', 'awaiting_auth', 'logged_out'],
    ['CONFLICT', 'degraded', 'conflict'],
    ['TOS_BLOCK', 'blocked', 'banned'],
    ['DEPRECATED_VERSION', 'disconnected', 'outdated_client'],
    ['NAVIGATION', 'disconnected', null],
    ['OPENING', 'disconnected', null],
  ])('%s → %s, %s', async (why, state, reason) => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client)
    client.becomeReady()
    client.state = () => Promise.reject(new Error('Target closed'))
    client.emit('disconnected', why)
    expect(await account.read()).toMatchObject({ state, reason })
  })
})

describe('a client that is watched', () => {
  test('tells phone, name and the time of the last message', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client, { now: () => 1_767_225_600_000 })
    client.becomeReady()
    client.emit('message', {})
    expect(await account.read()).toEqual({
      state: 'connected',
      reason: null,
      phone: '971505760056',
      name: 'Sales',
      lastActivityAtMs: 1_767_225_600_000,
    })
  })

  test('is connected at once where it was ready before it was watched', async () => {
    const client = new FakeClient()
    client.becomeReady()
    expect(await fromWhatsappWebJs(client).read()).toMatchObject({ state: 'connected' })
  })

  test('waits for a person after auth_failure', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client)
    client.state = () => Promise.reject(new Error('no page'))
    client.emit('auth_failure', 'restore failed')
    expect(await account.read()).toMatchObject({ state: 'awaiting_auth', reason: 'bad_session' })
  })

  test('asks a frozen page only once, calls it slow at first and lost later', async () => {
    let nowMs = 0
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client, { stateLimitMs: 5, frozenAfterMs: 30_000, now: () => nowMs })
    client.becomeReady()
    client.state = () => new Promise(() => {})
    expect(await account.read()).toMatchObject({ state: 'degraded', reason: 'slow' })
    nowMs = 29_999
    expect(await account.read()).toMatchObject({ state: 'degraded', reason: 'slow' })
    nowMs = 30_000
    expect(await account.read()).toMatchObject({ state: 'disconnected' })
    expect(client.calls).toEqual(['getState'])
  })
})

describe('a restart', () => {
  test('destroys and initializes, and requests that come meanwhile join it', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client)
    client.becomeReady()
    const initialized = Promise.withResolvers<void>()
    client.onInitialize = () => initialized.promise
    const both = Promise.all([account.restart?.(), account.restart?.()])
    client.state = async () => word('OPENING')
    expect(await account.read()).toMatchObject({ state: 'connecting' })
    initialized.resolve()
    await both
    expect(client.calls.filter((call) => call !== 'getState')).toEqual(['destroy', 'initialize'])
  })

  test('is refused while a QR code is on show, and allowed again after the scan', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client)
    client.emit('qr', '2@abc')
    await expect(account.restart?.()).rejects.toThrow('scan it instead of restarting')
    expect(client.calls).toEqual([])
    client.becomeReady()
    await account.restart?.()
    expect(client.calls).toEqual(['destroy', 'initialize'])
  })

  test('kills a browser that does not close, because its profile would stay locked', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client, { destroyLimitMs: 5 })
    client.becomeReady()
    client.onDestroy = () => new Promise(() => {})
    await account.restart?.()
    expect(client.killed).toBe(true)
    expect(client.calls).toEqual(['destroy', 'initialize'])
  })

  test('that fails says so, leaves the account disconnected, and may be tried again', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client)
    client.becomeReady()
    client.onInitialize = () => Promise.reject(new Error('Failed to launch the browser process'))
    await expect(account.restart?.()).rejects.toThrow('Failed to launch the browser process')
    client.state = () => Promise.reject(new Error('no page'))
    expect(await account.read()).toMatchObject({ state: 'disconnected' })
    client.onInitialize = async () => client.becomeReady()
    await account.restart?.()
    client.state = async () => word('CONNECTED')
    expect(await account.read()).toMatchObject({ state: 'connected' })
  })

  test('that hangs gives up, so that the next one is possible', async () => {
    const client = new FakeClient()
    const account = fromWhatsappWebJs(client, { initializeLimitMs: 5 })
    client.becomeReady()
    client.onInitialize = () => new Promise(() => {})
    await expect(account.restart?.()).rejects.toThrow('initialize() took longer than 5 ms')
  })
})
