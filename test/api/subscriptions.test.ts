import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ApiOptions } from '../../src/api/options.ts'
import type { Log } from '../../src/log.ts'
import { silentLog } from '../../src/log.ts'
import { SubscriptionError, type WantedSubscription } from '../../src/reports/subscriptions.ts'
import { subscriptionOf } from '../store/audit-contract.ts'
import { fakeReports } from './fake-reports.ts'
import { NOW_MS, read, withApi } from './fakes.ts'

const HASH = '$2b$04$NM7Owx.5N8UpU13Gqdl4XeybsoDmwpry0z86D/GBnEhLI5/52A4P2'
const options = ApiOptions.parse({
  listen: '127.0.0.1:0',
  basicAuth: { users: { alice: HASH, rita: { hash: HASH, role: 'read' } } },
})
const as = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:secret-password`).toString('base64')}` })
const Problem = z.object({
  detail: z.string(),
  faults: z.array(z.object({ path: z.string(), rule: z.string() })).default([]),
})
const WEEKLY = { recipient: 'anna@example.org', schedule: 'weekly' }

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/reports/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

async function wantedBy(body: object): Promise<WantedSubscription> {
  const asked: WantedSubscription[] = []
  const reports = fakeReports({
    subscriptions: {
      async add(wanted, by) {
        asked.push(wanted)
        return subscriptionOf('s2', { ...wanted, createdBy: by })
      },
    },
  })
  await withApi({ reports }, async ({ url }) => expect((await post(url, body)).status).toBe(201))
  const [wanted] = asked
  if (wanted === undefined) throw new Error('nothing was asked for')
  return wanted
}

describe('POST /api/reports/subscriptions', () => {
  test('a weekly one comes on Monday at six and tells what a week tells', async () => {
    expect(await wantedBy(WEEKLY)).toEqual({
      recipient: 'anna@example.org',
      timing: { kind: 'weekly', minuteOfDay: 360 },
      timeZone: 'UTC',
      select: {},
      template: 'weekly',
      formats: ['csv', 'pdf'],
      language: null,
    })
  })

  test('everything can be chosen', async () => {
    expect(
      await wantedBy({
        recipient: 'anna@example.org',
        schedule: 'cron',
        cron: ' 0 7 * * 1-5 ',
        covers: 'yesterday',
        timeZone: 'Europe/Berlin',
        accounts: ['sales-02'],
        gateways: ['waha-1'],
        labels: { team: 'sales' },
        template: 'executive',
        formats: ['pdf', 'pdf'],
        language: 'de',
      }),
    ).toEqual({
      recipient: 'anna@example.org',
      timing: { kind: 'cron', cron: '0 7 * * 1-5', covers: 'yesterday' },
      timeZone: 'Europe/Berlin',
      select: { accounts: ['waha-1/sales-02'], gateways: ['waha-1'], labels: { team: 'sales' } },
      template: 'executive',
      formats: ['pdf'],
      language: 'de',
    })
    expect((await wantedBy({ ...WEEKLY, schedule: 'monthly', at: '23:59' })).timing).toEqual({
      kind: 'monthly',
      minuteOfDay: 23 * 60 + 59,
    })
  })

  test.each([
    ['an address that is none', { recipient: 'anna' }, 'body.recipient'],
    ['two addresses', { recipient: 'anna@example.org, bob@example.org' }, 'body.recipient'],
    ['an address with a line break', { recipient: 'anna@example.org\nBcc: x@example.org' }, 'body.recipient'],
    ['a time of day that is none', { at: '24:00' }, 'body.at'],
    ['cron without an expression', { schedule: 'cron', covers: 'yesterday' }, 'body.cron'],
    ['cron without a period', { schedule: 'cron', cron: '0 7 * * *' }, 'body.covers'],
    ['cron with a time', { schedule: 'cron', cron: '0 7 * * *', covers: 'yesterday', at: '06:00' }, 'body.at'],
    ['an expression without cron', { cron: '0 7 * * *' }, 'body.cron'],
    ['a period without cron', { covers: 'yesterday' }, 'body.covers'],
    ['no format', { formats: [] }, 'body.formats'],
    ['a gateway that there is not', { gateways: ['waha-9'] }, 'body.gateways'],
    ['an unknown template', { template: 'incident' }, 'body.template'],
  ])('refuses %s', (_what, body, path) =>
    withApi({}, async ({ url }) => {
      const answer = await post(url, { ...WEEKLY, ...body })
      expect(answer.status).toBe(400)
      expect((await read(answer, Problem)).faults[0]?.path).toBe(path)
    }),
  )

  test.each([
    ['a foreign domain', new SubscriptionError('invalid', 'must be at example.org', { field: 'recipient' }), 400, null],
    ['the same twice', new SubscriptionError('exists', 'This is subscribed already.'), 409, null],
    ['one too many', new SubscriptionError('full', 'There are 200.'), 409, null],
    ['too many at once', new SubscriptionError('too_often', '20 an hour.', { retryMs: NOW_MS + 90_000 }), 429, '90'],
    ['no mail server', new SubscriptionError('no_mail', 'Set reports.smtp.'), 503, null],
  ])('tells of %s', (_what, error, status, retryAfter) =>
    withApi({ reports: fakeReports({ subscriptions: { add: () => Promise.reject(error) } }) }, async ({ url }) => {
      const answer = await post(url, WEEKLY)
      expect(answer.status).toBe(status)
      expect(answer.headers.get('retry-after')).toBe(retryAfter)
      expect((await read(answer, Problem)).detail).toContain(error.message)
    }),
  )

  test('needs the role operate, and so does ending one', () =>
    withApi({ options }, async ({ url }) => {
      expect((await post(url, WEEKLY, as('rita'))).status).toBe(403)
      const end = (name: string) =>
        fetch(`${url}/api/reports/subscriptions/s1`, { method: 'DELETE', headers: as(name) })
      expect((await end('rita')).status).toBe(403)
      expect(await (await end('alice')).json()).toMatchObject({ subscription: { id: 's1', endedBy: 'alice' } })
    }))
})

describe('GET and DELETE /api/reports/subscriptions', () => {
  test('who may only read sees no mail address', () =>
    withApi({ options }, async ({ url }) => {
      const Listed = z.object({ subscriptions: z.array(z.object({ recipient: z.string() })) })
      const recipients = async (name: string) =>
        (await read(await fetch(`${url}/api/reports/subscriptions`, { headers: as(name) }), Listed)).subscriptions.map(
          ({ recipient }) => recipient,
        )
      expect(await recipients('rita')).toEqual(['a***@example.org'])
      expect(await recipients('alice')).toEqual(['anna@example.org'])
    }))

  test('those that have ended come only when asked for', () => {
    const all = async () => [subscriptionOf('s1', { endedMs: NOW_MS, endedBy: 'recipient' }), subscriptionOf('s2')]
    return withApi({ reports: fakeReports({ subscriptions: { all } }) }, async ({ url }) => {
      const ids = async (query: string) =>
        (
          await read(
            await fetch(`${url}/api/reports/subscriptions${query}`),
            z.object({ subscriptions: z.array(z.object({ id: z.string() })) }),
          )
        ).subscriptions.map(({ id }) => id)
      expect(await ids('')).toEqual(['s2'])
      expect(await ids('?ended=true')).toEqual(['s1', 's2'])
    })
  })

  test('one that is not there cannot be ended', () =>
    withApi({}, async ({ url }) => {
      expect((await fetch(`${url}/api/reports/subscriptions/s9`, { method: 'DELETE' })).status).toBe(404)
    }))

  test('a store that is away is told', () => {
    const all = () => Promise.reject(Object.assign(new Error('away'), { name: 'StoreError', code: 'unavailable' }))
    return withApi({ reports: fakeReports({ subscriptions: { all } }) }, async ({ url }) => {
      expect((await fetch(`${url}/api/reports/subscriptions`)).status).toBe(503)
    })
  })
})

describe('the link in a mail', () => {
  const LINK = '/api/reports/unsubscribe/token'

  test('shows a button to anybody who has it, and changes nothing', async () => {
    const ended: string[] = []
    const reports = fakeReports({
      subscriptions: {
        async end(id, by) {
          ended.push(`${id} by ${by}`)
          return subscriptionOf(id, { endedMs: NOW_MS, endedBy: by, recipient: '<b>@example.org' })
        },
      },
    })
    await withApi({ options, reports }, async ({ url }) => {
      const page = await fetch(url + LINK)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-security-policy')).toContain("form-action 'self'")
      expect(await page.text()).toContain('<form method="post"><button type="submit">Abbestellen</button></form>')
      expect(ended).toEqual([])
      // As a mail program sends it (RFC 8058), from anywhere.
      const done = await fetch(url + LINK, {
        method: 'POST',
        headers: { origin: 'https://mail.example' },
        body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      })
      expect(done.status).toBe(200)
      expect(await done.text()).toContain('Erledigt: &lt;b&gt;@example.org')
      expect(ended).toEqual(['s1 by recipient'])
    })
  })

  test('that is none of ours is a 404, for both', () =>
    withApi({ options }, async ({ url }) => {
      for (const method of ['GET', 'POST'])
        expect((await fetch(`${url}/api/reports/unsubscribe/other`, { method })).status).toBe(404)
    }))

  test('opens no other path to forms', () =>
    withApi({}, async ({ url }) => {
      const body = new URLSearchParams({ recipient: 'anna@example.org' })
      expect((await fetch(`${url}/api/reports/subscriptions`, { method: 'POST', body })).status).toBe(415)
    }))

  test('leaves no token in the log', async () => {
    const lines: string[] = []
    const write = (facts: object, text: string) => void lines.push(`${JSON.stringify(facts)} ${text}`)
    const log: Log = { ...silentLog, debug: write, info: write, error: write }
    const ofToken = () => Promise.reject(new Error('broken'))
    await withApi({ log, reports: fakeReports({ subscriptions: { ofToken } }) }, async ({ url }) => {
      expect((await fetch(url + LINK)).status).toBe(500)
    })
    await expect.poll(() => lines.length).toBe(2)
    for (const line of lines) expect(line).toContain('"/api/reports/unsubscribe/…"')
    expect(lines.join('\n')).not.toContain('unsubscribe/token')
  })
})
