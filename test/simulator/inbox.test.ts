import { createTransport } from 'nodemailer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createInbox } from '../../src/simulator/inbox.ts'
import { simulated } from './simulated.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const ALERT = { status: 'firing', labels: { alertname: 'WhatsAppAccountDown', account: 'sales-01', gateway: 'waha-1' } }

async function inbox() {
  const world = await simulated({ gateways: [], smtpPort: 0 })
  const post = (path: string, body: unknown, headers: Record<string, string> = JSON_TYPE) =>
    world.request('POST', `/inbox${path}`, { headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const messages = async (query = '') => (await world.request('GET', `/inbox/api/messages${query}`)).body.messages
  return { ...world, post, messages }
}

async function mailer(options: object = {}) {
  const world = await inbox()
  const transport = createTransport({
    host: '127.0.0.1',
    port: world.smtpPort ?? 0,
    secure: false,
    ignoreTLS: true,
    ...options,
  })
  onTestFinished(() => transport.close())
  return {
    ...world,
    send: (mail: object) => transport.sendMail({ from: 'a@example.org', to: 'b@example.org', ...mail }),
  }
}

describe('Slack', () => {
  test('takes the message that Alertmanager sends and answers ok', async () => {
    const { post, messages, startMs } = await inbox()
    const body = {
      channel: '#whatsapp',
      username: 'Alertmanager',
      attachments: [
        {
          title: '[FIRING:1] Down',
          text: 'sales-01 is down',
          fallback: 'f',
          color: 'danger',
          fields: [{ title: 'Team', value: 'sales' }],
        },
      ],
    }
    expect(await post('/slack/services/T/B/X', body)).toMatchObject({ status: 200, body: 'ok' })
    expect(await messages()).toEqual([
      {
        n: 1,
        kind: 'slack',
        receivedAtMs: startMs,
        from: 'Alertmanager',
        to: '#whatsapp',
        subject: '[FIRING:1] Down',
        text: 'sales-01 is down\nTeam: sales',
        html: null,
        attachments: [],
        payload: body,
      },
    ])
  })

  test.each([
    ['{', 'invalid_payload'],
    ['[]', 'invalid_payload'],
    ['{}', 'no_text'],
  ])('refuses %s as Slack would', async (body, answer) => {
    const { post, messages } = await inbox()
    expect(await post('/slack/x', body)).toMatchObject({ status: 400, body: answer })
    expect(await messages()).toEqual([])
  })
})

describe('webhook', () => {
  test('takes the message of Alertmanager', async () => {
    const { post, messages } = await inbox()
    expect((await post('/webhook/ops', { status: 'firing', receiver: 'ops', alerts: [ALERT] })).status).toBe(200)
    expect(await messages()).toMatchObject([
      {
        kind: 'webhook',
        from: 'ops',
        subject: 'firing: 1 alerts',
        text: '[firing] WhatsAppAccountDown waha-1 sales-01',
      },
    ])
  })

  test('takes any other JSON and refuses what is none', async () => {
    const { post, messages } = await inbox()
    expect((await post('/webhook', { hello: 'world' })).status).toBe(200)
    expect((await post('/webhook', 'hello')).status).toBe(400)
    expect(await messages()).toMatchObject([{ payload: { hello: 'world' } }])
  })
})

describe('SMS', () => {
  const path = '/twilio/2010-04-01/Accounts/AC1/Messages.json'
  const signedIn = { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${btoa('AC1:token')}` }

  test('takes a form as Twilio does and answers 201', async () => {
    const { post, messages } = await inbox()
    const form = String(new URLSearchParams({ To: '+12025550123', From: '+12025550199', Body: 'sales-01 is down' }))
    expect(await post(path, form, signedIn)).toMatchObject({
      status: 201,
      body: { account_sid: 'AC1', to: '+12025550123', status: 'queued', sid: expect.stringMatching(/^SM/) },
    })
    expect(await messages('?kind=sms')).toMatchObject([{ to: '+12025550123', text: 'sales-01 is down' }])
  })

  test.each([
    ['no credentials', 'To=1&From=2&Body=x', {}, 401, 20003],
    ['no To', 'From=2&Body=x', signedIn, 400, 21604],
    ['no From', 'To=1&Body=x', signedIn, 400, 21603],
    ['no Body', 'To=1&From=2', signedIn, 400, 21602],
  ])('refuses %s with the code of Twilio', async (_name, form, headers, status, code) => {
    const { post } = await inbox()
    expect(await post(path, form, headers)).toMatchObject({ status, body: { code, status } })
  })
})

describe('e-mail', () => {
  test('takes text, HTML and attachments', async () => {
    const { send, messages } = await mailer()
    await send({
      subject: 'Report',
      text: 'Körper',
      html: '<p>Körper</p>',
      attachments: [{ filename: 'a.csv', content: 'a,b' }],
    })
    expect(await messages('?kind=email')).toMatchObject([
      {
        from: 'a@example.org',
        to: 'b@example.org',
        subject: 'Report',
        text: 'Körper',
        html: '<p>Körper</p>',
        attachments: [{ filename: 'a.csv', contentType: 'text/csv', sizeBytes: 3 }],
      },
    ])
  })

  test('takes every login', async () => {
    const { send, messages } = await mailer({ auth: { user: 'anybody', pass: 'anything' } })
    await send({ subject: 'with login', text: 'x' })
    expect(await messages()).toHaveLength(1)
  })

  test.each([
    ['error', 451],
    ['refuse', 550],
  ] as const)('told to %s answers %i once, then takes the next', async (mode, responseCode) => {
    const { send, messages, post } = await mailer()
    await post('/api/misbehave', { kind: 'email', mode, times: 1 })
    await expect(send({ text: 'first' })).rejects.toMatchObject({ responseCode })
    await send({ text: 'second' })
    expect(await messages()).toMatchObject([{ text: 'second' }])
  })

  test('told to be slow it delivers late', async () => {
    const { send, messages, inbox: kept } = await mailer()
    kept.misbehave('email', { mode: 'delay', delayMs: 60, times: 1 })
    const startMs = performance.now()
    await send({ text: 'late' })
    expect(performance.now() - startMs).toBeGreaterThan(58)
    expect(await messages()).toHaveLength(1)
  })

  test('told to hang it never answers, and closes all the same', async () => {
    const { send, inbox: kept, close } = await mailer({ socketTimeout: 200 })
    kept.misbehave('email', { mode: 'hang', delayMs: 0, times: 1 })
    await expect(send({ text: 'never' })).rejects.toThrow('Timeout')
    await close()
  })
})

describe('misbehaving sinks over HTTP', () => {
  test('an error is 500 and loses the message, until told otherwise', async () => {
    const { post, messages } = await inbox()
    await post('/api/misbehave', { kind: 'slack', mode: 'error' })
    expect((await post('/slack/x', { text: 'one' })).status).toBe(500)
    expect((await post('/slack/x', { text: 'two' })).status).toBe(500)
    await post('/api/misbehave', { kind: 'slack', mode: 'none' })
    expect((await post('/slack/x', { text: 'three' })).status).toBe(200)
    expect(await messages()).toMatchObject([{ text: 'three' }])
  })

  test('a refusal resets the connection', async () => {
    const { post } = await inbox()
    await post('/api/misbehave', { kind: 'webhook', mode: 'refuse' })
    await expect(post('/webhook', {})).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  test('a delay answers late', async () => {
    const { post, messages } = await inbox()
    await post('/api/misbehave', { kind: 'slack', mode: 'delay', delayMs: 60, times: 1 })
    const startMs = performance.now()
    expect((await post('/slack/x', { text: 'late' })).status).toBe(200)
    expect(performance.now() - startMs).toBeGreaterThan(58)
    expect(await messages()).toHaveLength(1)
  })

  test('an unknown mode is refused', async () => {
    const { post } = await inbox()
    expect((await post('/api/misbehave', { kind: 'slack', mode: 'sing' })).status).toBe(400)
  })
})

describe('reading', () => {
  test('after and kind narrow the messages; DELETE forgets them, their numbers go on', async () => {
    const { post, messages, request } = await inbox()
    await post('/slack/x', { text: 'one' })
    await post('/webhook', {})
    await post('/slack/x', { text: 'two' })
    expect((await messages('?kind=slack')).map(({ n }: { n: number }) => n)).toEqual([1, 3])
    expect((await messages('?after=1')).map(({ n }: { n: number }) => n)).toEqual([2, 3])
    await request('DELETE', '/inbox/api/messages')
    expect(await messages()).toEqual([])
    await post('/slack/x', { text: 'three' })
    expect(await messages()).toMatchObject([{ n: 4 }])
  })

  test('a long poll waits for the first message of its kind', async () => {
    const { post, request } = await inbox()
    const waiting = request('GET', '/inbox/api/messages?kind=webhook&waitMs=9000')
    await post('/slack/x', { text: 'not this one' })
    await post('/webhook', { this: 'one' })
    expect((await waiting).body.messages).toMatchObject([{ kind: 'webhook', payload: { this: 'one' } }])
  })

  test('a long poll ends empty-handed after its time, and when the simulator closes', async () => {
    const { messages, inbox: kept } = await inbox()
    expect(await messages('?waitMs=20')).toEqual([])
    const waiting = kept.waitFor({ waitMs: 9000 })
    kept.close()
    expect(await waiting).toEqual([])
  })

  test.each(['?after=-1', '?kind=fax', '?waitMs=999999', '?colour=red'])('refuses %s', async (query) => {
    const { request } = await inbox()
    expect((await request('GET', `/inbox/api/messages${query}`)).status).toBe(400)
  })

  test('keeps the newest messages only', () => {
    const kept = createInbox({ capacity: 2, now: () => 0 })
    for (const text of ['one', 'two', 'three']) {
      kept.add({ kind: 'sms', from: '', to: '', subject: '', text, html: null, attachments: [], payload: null })
    }
    expect(kept.messages().map(({ n, text }) => [n, text])).toEqual([
      [2, 'two'],
      [3, 'three'],
    ])
  })

  test('the page shows the newest first, and no message becomes markup', async () => {
    const { post, request } = await inbox()
    await post('/slack/x', { username: '"><img src=x>', text: '<script>alert(1)</script>' })
    await post('/slack/x', { text: 'newest' })
    const { body } = await request('GET', '/inbox')
    expect(body).not.toMatch(/<script|<img/)
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(body.indexOf('newest')).toBeLessThan(body.indexOf('alert(1)'))
  })
})
