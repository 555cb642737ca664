import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { INBOX_KINDS, type Inbox, type InboxKind, type InboxMessage } from './inbox.ts'
import { inboxPage } from './inbox-page.ts'
import { Problem, parse, readJson, readText, sendJson, sendPage, sendText } from './json-api.ts'

const kind = z.enum(INBOX_KINDS)

const MessagesQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  kind: kind.optional(),
  /** Long poll: how long to wait for the first message, milliseconds. */
  waitMs: z.coerce.number().int().min(0).max(60_000).default(0),
})

const MisbehaveOrder = z.strictObject({
  kind,
  mode: z.enum(['delay', 'error', 'hang', 'refuse', 'none']),
  delayMs: z.int().min(0).max(600_000).default(5_000),
  times: z.int().min(1).optional(),
})

const SlackMessage = z.looseObject({
  text: z.string().optional(),
  channel: z.string().optional(),
  username: z.string().optional(),
  attachments: z
    .array(
      z.looseObject({
        title: z.string().optional(),
        pretext: z.string().optional(),
        text: z.string().optional(),
        fallback: z.string().optional(),
        fields: z.array(z.looseObject({ title: z.string().optional(), value: z.string().optional() })).optional(),
      }),
    )
    .optional(),
  blocks: z.array(z.unknown()).optional(),
})

const AlertmanagerMessage = z.looseObject({
  status: z.string(),
  receiver: z.string().optional(),
  alerts: z.array(
    z.looseObject({
      status: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

/** Serves `/inbox`: the page, the JSON API and the sinks for Slack, webhooks and SMS. Rejects with Problem. */
export async function serveInbox(
  inbox: Inbox,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: URLSearchParams,
): Promise<void> {
  const { method = 'GET' } = request
  if (method === 'GET' && path === '/inbox') {
    sendPage(response, inboxPage(inbox.messages().toReversed()))
  } else if (path === '/inbox/api/messages') {
    await serveMessages(inbox, request, response, query)
  } else if (method === 'POST' && path === '/inbox/api/misbehave') {
    const { kind: which, mode, delayMs, times } = await readJson(request, MisbehaveOrder)
    inbox.misbehave(which, mode === 'none' ? null : { mode, delayMs, times: times ?? Number.POSITIVE_INFINITY })
    response.writeHead(204).end()
  } else if (method === 'POST' && (path === '/inbox/slack' || path.startsWith('/inbox/slack/'))) {
    await receive(inbox, 'slack', request, response, (text) => slack(text, path))
  } else if (method === 'POST' && (path === '/inbox/webhook' || path.startsWith('/inbox/webhook/'))) {
    await receive(inbox, 'webhook', request, response, (text) => webhook(text, path))
  } else if (method === 'POST' && TWILIO.test(path)) {
    const signedIn = request.headers.authorization?.startsWith('Basic ') === true
    await receive(inbox, 'sms', request, response, (text) => twilio(text, TWILIO.exec(path)?.[1] ?? '', signedIn))
  } else {
    throw new Problem(404, `${method} ${path} does not exist; the inbox is at /inbox`)
  }
}

const TWILIO = /^\/inbox\/twilio\/2010-04-01\/Accounts\/([^/]+)\/Messages\.json$/

async function serveMessages(
  inbox: Inbox,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  if (request.method === 'DELETE') {
    inbox.clear()
    response.writeHead(204).end()
    return
  }
  if (request.method !== 'GET') throw new Problem(405, 'GET reads the messages, DELETE forgets them')
  const { after, waitMs, kind: which } = parse(MessagesQuery, Object.fromEntries(query))
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const filter = which === undefined ? { after } : { after, kind: which }
  sendJson(response, 200, { messages: await inbox.waitFor({ ...filter, waitMs, signal: gone.signal }) })
}

interface Received {
  readonly message: Omit<InboxMessage, 'n' | 'receivedAtMs'> | null
  readonly status: number
  readonly type: string
  readonly body: string
}

async function receive(
  inbox: Inbox,
  which: InboxKind,
  request: IncomingMessage,
  response: ServerResponse,
  read: (text: string) => Received,
): Promise<void> {
  const received = read(await readText(request))
  const trouble = inbox.spoil(which)
  switch (trouble?.mode) {
    case 'hang':
      return
    case 'refuse':
      request.socket.resetAndDestroy()
      return
    case 'error':
      sendText(response, 500, 'text/plain', 'the sink is told to fail')
      return
    case 'delay':
      setTimeout(finish, trouble.delayMs).unref()
      return
    default:
      finish()
  }

  function finish(): void {
    if (received.message !== null) inbox.add(received.message)
    sendText(response, received.status, received.type, received.body)
  }
}

function slack(text: string, path: string): Received {
  const refuse = (body: string): Received => ({ message: null, status: 400, type: 'text/plain', body })
  const parsed = SlackMessage.safeParse(jsonOf(text))
  if (!parsed.success) return refuse('invalid_payload')
  const { text: own, attachments = [], blocks, channel, username } = parsed.data
  const lines = attachments.flatMap((one) => [
    one.pretext ?? '',
    one.text ?? one.fallback ?? '',
    ...(one.fields ?? []).map((field) => `${field.title ?? ''}: ${field.value ?? ''}`),
  ])
  const whole = [own ?? '', ...lines].filter((line) => line !== '').join('\n')
  if (whole === '' && blocks === undefined && !attachments.some((one) => one.title)) return refuse('no_text')
  const subject = attachments.find((one) => one.title)?.title ?? own ?? ''
  const message = {
    kind: 'slack',
    from: username ?? 'webhook',
    to: channel ?? path,
    subject,
    text: whole,
    html: null,
  } as const
  return { message: { ...message, attachments: [], payload: parsed.data }, status: 200, type: 'text/plain', body: 'ok' }
}

function webhook(text: string, path: string): Received {
  const payload = jsonOf(text)
  if (payload === undefined) {
    return { message: null, status: 400, type: 'application/json', body: '{"error":"the body is not JSON"}' }
  }
  const alerts = AlertmanagerMessage.safeParse(payload)
  const subject = alerts.success ? `${alerts.data.status}: ${alerts.data.alerts.length} alerts` : 'webhook'
  const lines = alerts.success ? alerts.data.alerts.map(alertLine).join('\n') : JSON.stringify(payload, null, 2)
  const from = alerts.success ? (alerts.data.receiver ?? 'alertmanager') : 'webhook'
  const message = {
    kind: 'webhook',
    from,
    to: path,
    subject,
    text: lines,
    html: null,
    attachments: [],
    payload,
  } as const
  return { message, status: 200, type: 'application/json', body: '{"ok":true}' }
}

function alertLine(alert: z.output<typeof AlertmanagerMessage>['alerts'][number]): string {
  const { alertname = 'alert', account = '', gateway = '' } = alert.labels ?? {}
  const summary = alert.annotations?.['summary'] ?? alert.annotations?.['description'] ?? ''
  return [`[${alert.status ?? '?'}]`, alertname, gateway, account, summary].filter((part) => part !== '').join(' ')
}

function twilio(text: string, sid: string, signedIn: boolean): Received {
  const refuse = (status: number, code: number, message: string): Received => {
    const moreInfo = `https://www.twilio.com/docs/errors/${code}`
    return {
      message: null,
      status,
      type: 'application/json',
      body: JSON.stringify({ code, message, more_info: moreInfo, status }),
    }
  }
  if (!signedIn) return refuse(401, 20003, 'Authenticate')
  const form = new URLSearchParams(text)
  const to = form.get('To') ?? ''
  const from = form.get('From') ?? form.get('MessagingServiceSid') ?? ''
  const body = form.get('Body') ?? ''
  if (to === '') return refuse(400, 21604, "A 'To' phone number is required.")
  if (from === '') return refuse(400, 21603, "A 'From' phone number is required.")
  if (body === '') return refuse(400, 21602, 'Message body is required.')
  const payload = Object.fromEntries(form)
  const reply = {
    sid: `SM${'0'.repeat(32)}`,
    account_sid: sid,
    to,
    from,
    body,
    status: 'queued',
    num_segments: String(Math.ceil(body.length / 160)),
    error_code: null,
    error_message: null,
  }
  const message = { kind: 'sms', from, to, subject: '', text: body, html: null, attachments: [], payload } as const
  return { message, status: 201, type: 'application/json', body: JSON.stringify(reply) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
