import { z } from 'zod'
import type { Evidence, Reading } from '../accounts/observation.ts'
import { basicHeader } from './auth-options.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import type { FleetReading, Gateway, ListedAccount } from './gateway.ts'
import { GatewayError } from './gateway-error.ts'
import { LIST_BYTES, type Reply } from './http-client.ts'
import { jidPhone } from './jid.ts'
import { bounded, known, type Meaning, unmapped } from './native-state.ts'
import { pathSegment } from './path-segment.ts'

const RESTART_TIMEOUT_MS = 30_000

/** What GOWA says where the pairing is gone: a reconnect can then never work. */
const SESSION_DELETED = /session deleted|not logged in/i

const Device = z.object({
  id: z.string().min(1),
  state: z.string(),
  // Go may leave empty fields out: absent and empty mean the same.
  jid: z.string().nullish().catch(undefined),
  phone_number: z.string().nullish().catch(undefined),
  display_name: z.string().nullish().catch(undefined),
})
type Device = z.infer<typeof Device>

const DeviceList = z.object({ results: z.array(z.unknown()).nullable() })
const ErrorReply = z.object({ message: z.string() }).catch({ message: '' })

/** GOWA (aldinokemal/go-whatsapp-web-multidevice), v8 and later: several devices behind one server. */
export const gowaGateway: Driver<'gowa'> = (options, deps) => {
  const authorization = options.auth === undefined ? undefined : basicHeader(options.auth)
  const http = gatewayHttpClient(options, deps, {
    secrets: options.auth === undefined || authorization === undefined ? [] : [options.auth.password, authorization],
    authOption: 'auth',
    ...(authorization === undefined ? {} : { headers: () => ({ authorization: authorization.reveal() }) }),
  })
  /** Devices whose reconnect said that the pairing is gone: their `disconnected` needs a human. */
  const unpaired = new Set<string>()

  async function list(signal: AbortSignal): Promise<Reply<readonly Device[]>> {
    const reply = await http.send({ path: '/devices', schema: DeviceList, maxBytes: LIST_BYTES }, signal)
    const devices: Device[] = []
    for (const [index, item] of (reply.body.results ?? []).entries()) {
      const parsed = Device.safeParse(item)
      if (parsed.success) devices.push(parsed.data)
      else deps.events.unmapped(options.name, `list item ${index}: ${parsed.error.issues[0]?.message ?? 'unreadable'}`)
    }
    return { ...reply, body: devices }
  }

  function judge(device: Device): Reading {
    const meaning = meaningOf(device, unpaired.has(device.id))
    if (meaning === undefined) {
      deps.events.unmapped(options.name, bounded(`state ${device.state}`))
      return unmapped(device.state, evidenceOf(device))
    }
    if (meaning.state === 'connected') unpaired.delete(device.id)
    return known(meaning, device.state, evidenceOf(device))
  }

  function missingDevice(nativeId: string): GatewayError {
    const what = `the gateway has no device "${bounded(nativeId)}". Create it, or correct accounts`
    return new GatewayError('not_found', `${options.name}: ${what}.`)
  }

  return {
    name: options.name,
    driver: options.driver,

    // The list is computed live and alone tells a lost pairing from a lost connection, so one account is read there too.
    async check(account, signal) {
      const reply = await list(signal)
      const device = reply.body.find(({ id }) => id === account.nativeId)
      if (device === undefined) throw missingDevice(account.nativeId)
      return { reading: judge(device), durationMs: reply.durationMs, atMs: reply.atMs }
    },

    async checkAll(signal): Promise<FleetReading> {
      const reply = await list(signal)
      const readings = new Map(reply.body.map((device) => [device.id, judge(device)]))
      return { readings, durationMs: reply.durationMs, atMs: reply.atMs }
    },

    async listAccounts(signal): Promise<readonly ListedAccount[]> {
      const { body } = await list(signal)
      return body.map((device) => {
        const { phone, name } = evidenceOf(device)
        return { account: device.id, nativeId: device.id, phone: phone ?? null, name: name ?? null }
      })
    },

    async restart(account, signal) {
      const reply = await http.send(
        {
          method: 'POST',
          path: `/devices/${pathSegment(account.nativeId)}/reconnect`,
          headers: { 'x-device-id': encodeURIComponent(account.nativeId.toWellFormed()) },
          schema: ErrorReply,
          anyBody: true,
          timeoutMs: RESTART_TIMEOUT_MS,
          accept: (status) => (status >= 200 && status < 300) || status === 500,
        },
        signal,
      )
      if (reply.status !== 500) {
        unpaired.delete(account.nativeId)
        return { accepted: true, detail: `answered ${reply.status}` }
      }
      if (isMissingDevice(reply.body.message)) throw missingDevice(account.nativeId)
      const needsHuman = SESSION_DELETED.test(reply.body.message)
      if (needsHuman) unpaired.add(account.nativeId)
      const detail = needsHuman ? 'the pairing is gone: scan the QR code again' : 'the gateway answered 500'
      return { accepted: false, detail, needsHuman }
    },

    close: () => http.close(),
  } satisfies Gateway
}

/** `connected` is only the socket: without a login it waits for a QR code. Source: GOWA v9, device state enum. */
function meaningOf(device: Device, isUnpaired: boolean): Meaning | undefined {
  switch (device.state) {
    case 'logged_in':
      return { state: 'connected', reason: null }
    case 'connecting':
      return { state: 'connecting', reason: null }
    case 'connected':
      return { state: 'awaiting_auth', reason: 'logged_out' }
    case 'disconnected':
      return isUnpaired || (device.jid ?? '') === ''
        ? { state: 'awaiting_auth', reason: 'logged_out' }
        : { state: 'disconnected', reason: 'network' }
    default:
      return undefined
  }
}

function evidenceOf(device: Device): Evidence {
  const digits = device.phone_number?.replace(/^\+/, '') ?? ''
  const phone = /^\d{5,15}$/.test(digits) ? digits : jidPhone(device.jid)
  const name = device.display_name ?? ''
  return { ...(phone === null ? {} : { phone }), ...(name === '' ? {} : { name }) }
}

/** True where GOWA panics over a device that it does not have; elsewhere it answers 404. */
function isMissingDevice(message: string): boolean {
  return /device .*not found/i.test(message)
}
