import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Twilio's Messages resource as its documentation describes it. */
export interface FakeTwilio {
  readonly url: string
  /** Forms of the requests to send, refused ones included. */
  readonly sent: readonly Readonly<Record<string, string>>[]
  readonly looks: number
  /** How it answers to a request to send to a number; null: it takes it. */
  answer(to: string, how: { readonly status: number; readonly body: string } | null): void
  /** What becomes of messages to a number. */
  fate(to: string, fate: { readonly status: string; readonly error_code?: number }): void
  close(): Promise<void>
}

export async function startFakeTwilio({ sid, token }: { sid: string; token: string }): Promise<FakeTwilio> {
  const sent: Record<string, string>[] = []
  const answers = new Map<string, { status: number; body: string }>()
  const fates = new Map<string, object>()
  const recipients = new Map<string, string>()
  let looks = 0
  const wanted = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
  const base = `/2010-04-01/Accounts/${sid}/Messages`
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const reply = (status: number, json: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(json)
    if (request.headers.authorization !== wanted) return reply(401, '{"code":20003,"message":"Authenticate"}')
    if (request.method === 'POST' && request.url === `${base}.json`) {
      const form = Object.fromEntries(new URLSearchParams(body))
      sent.push(form)
      const to = form['To'] ?? ''
      const how = answers.get(to)
      if (how !== undefined) return reply(how.status, how.body)
      const id = `SM${String(sent.length).padStart(32, '0')}`
      recipients.set(id, to)
      return reply(201, JSON.stringify({ sid: id, status: 'queued', error_code: null }))
    }
    const id = /\/Messages\/(SM\d+)\.json$/.exec(request.url ?? '')?.[1] ?? ''
    looks += 1
    const fate = fates.get(recipients.get(id) ?? '') ?? { status: 'sent', error_code: null }
    return reply(recipients.has(id) ? 200 : 404, JSON.stringify({ sid: id, ...fate }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    get looks() {
      return looks
    },
    answer(to, how) {
      if (how === null) answers.delete(to)
      else answers.set(to, how)
    },
    fate: (to, fate) => void fates.set(to, fate),
    async close() {
      if (!server.listening) return
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
