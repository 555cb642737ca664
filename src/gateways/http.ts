import { z } from 'zod'
import type { Reading } from '../accounts/observation.ts'
import { Secret } from '../option-types.ts'
import { basicHeader } from './auth-options.ts'
import { type Driver, gatewayHttpClient } from './driver.ts'
import type { Gateway, RestartReceipt, TimedReading } from './gateway.ts'
import { type HttpAccount, httpAccountReader } from './http-account.ts'
import { LIST_BYTES, type Reply } from './http-client.ts'
import { pointerReader } from './json-pointer.ts'
import { bounded } from './native-state.ts'
import type { HttpOptions } from './options.ts'
import { pathSegment } from './path-segment.ts'
import { excerpt } from './redact.ts'

const RESTART_TIMEOUT_MS = 30_000
/** Answers to a restart that are about the account, not about our access to the endpoint. */
const REFUSALS: ReadonlySet<number> = new Set([400, 405, 409, 422, 500, 501, 502])

/** What went wrong, as problem documents and most frameworks say it. */
const Refusal = z
  .object({ detail: z.string().optional(), message: z.string().optional(), error: z.string().optional() })
  .transform(({ detail, message, error }) => detail ?? message ?? error ?? '')
  .catch('')

/** A bot's own endpoint; the bot's side ships as `whatsapp-exporter/agent`. */
export const httpGateway: Driver<'http'> = (options, deps) => {
  const authorization = authorizationOf(options.auth)
  const secrets = secretsOf(options.auth, authorization)
  const http = gatewayHttpClient(options, deps, {
    secrets,
    ...(authorization === undefined ? {} : { headers: () => ({ authorization: authorization.reveal() }) }),
  })
  const { paths, map } = options
  const readAccount = httpAccountReader(map)
  const itemsOf = pointerReader(map.items)

  const One = z.unknown().transform((value, context): HttpAccount => {
    const account = readAccount(value)
    if (!('unreadable' in account)) return account
    context.addIssue({ code: 'custom', message: account.unreadable })
    return z.NEVER
  })
  const Items = z.unknown().transform((value, context): readonly unknown[] => {
    const items = itemsOf(value)
    if (Array.isArray(items)) return items
    context.addIssue({ code: 'custom', message: `has no array at ${map.items || 'the top'} (map.items)` })
    return z.NEVER
  })

  const statePath = paths.state.split('{account}')
  const restartPath = paths.restart?.split('{account}')

  function counted({ reading, unknownReason }: HttpAccount): Reading {
    if (reading.unmapped === true) deps.events.unmapped(options.name, bounded(`state ${reading.native}`))
    if (unknownReason !== null) deps.events.unmapped(options.name, bounded(`reason ${unknownReason}`))
    return reading
  }

  const timed = ({ body, durationMs, atMs }: Reply<HttpAccount>): TimedReading => ({
    reading: counted(body),
    durationMs,
    atMs,
  })

  async function list(signal: AbortSignal): Promise<Reply<ReadonlyMap<string, Reading>>> {
    const reply = await http.send({ path: paths.list, schema: Items, maxBytes: LIST_BYTES }, signal)
    const readings = new Map<string, Reading>()
    reply.body.forEach((item, index) => {
      const account = readAccount(item)
      if ('unreadable' in account)
        deps.events.unmapped(options.name, bounded(`list item ${index} ${account.unreadable}`))
      else if (account.account === null) {
        deps.events.unmapped(options.name, bounded(`list item ${index} has no id at ${map.account} (map.account)`))
      } else readings.set(account.account, counted(account))
    })
    return { ...reply, body: readings }
  }

  return {
    name: options.name,
    driver: options.driver,

    check(account, signal) {
      return http.send({ path: statePath.join(pathSegment(account.nativeId)), schema: One }, signal).then(timed)
    },

    // Without discover the endpoint need not have a list at all.
    ...(options.discover && {
      async listAccounts(signal: AbortSignal) {
        const { body } = await list(signal)
        return [...body].map(([account, { evidence }]) => ({
          account,
          nativeId: account,
          phone: evidence.phone ?? null,
          name: evidence.name ?? null,
        }))
      },

      async checkAll(signal: AbortSignal) {
        const reply = await list(signal)
        return { readings: reply.body, durationMs: reply.durationMs, atMs: reply.atMs }
      },
    }),

    ...(restartPath !== undefined && {
      async restart(account: { readonly nativeId: string }, signal: AbortSignal): Promise<RestartReceipt> {
        const reply = await http.send(
          {
            method: 'POST',
            path: restartPath.join(pathSegment(account.nativeId)),
            schema: Refusal,
            anyBody: true,
            timeoutMs: RESTART_TIMEOUT_MS,
            accept: (status) => (status >= 200 && status < 300) || REFUSALS.has(status),
          },
          signal,
        )
        if (!REFUSALS.has(reply.status)) return { accepted: true, detail: `answered ${reply.status}` }
        const said = reply.body === '' ? '' : `: ${excerpt(reply.body, secrets)}`
        return { accepted: false, detail: `answered ${reply.status}${said}`, needsHuman: false }
      },
    }),

    close: () => http.close(),
  } satisfies Gateway
}

function authorizationOf(auth: HttpOptions['auth']): Secret | undefined {
  if (auth === undefined) return undefined
  return auth instanceof Secret ? new Secret(`Bearer ${auth.reveal()}`) : basicHeader(auth)
}

function secretsOf(auth: HttpOptions['auth'], authorization: Secret | undefined): readonly Secret[] {
  if (auth === undefined || authorization === undefined) return []
  return [auth instanceof Secret ? auth : auth.password, authorization]
}
