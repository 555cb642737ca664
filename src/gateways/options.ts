import { accessSync, constants } from 'node:fs'
import { z } from 'zod'
import { REASONS, STATES } from '../accounts/vocabulary.ts'
import { duration, httpUrl, labels, secret, secretFile } from '../option-types.ts'
import { AccountOptions, desired, objective } from './account-options.ts'
import { basicAuth, credential } from './auth-options.ts'

const GATEWAY_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

const DRIVER = 'What the gateway is, and so how it is asked.'

/** Option type: the path of a file that must be readable now. */
function readableFile() {
  return z
    .string()
    .min(1)
    .refine((path) => {
      try {
        accessSync(path, constants.R_OK)
        return true
      } catch {
        return false
      }
    }, 'cannot be read. Check the path and its permissions')
}

/** Option type: the address of a gateway. What a base address cannot carry is refused rather than dropped in silence. */
function gatewayUrl() {
  return httpUrl()
    .refine((text) => {
      const url = URL.canParse(text) ? new URL(text) : null
      return url === null || (url.username === '' && url.password === '')
    }, 'must not hold a user name or password. Move them to auth')
    .refine((text) => !/[?#]/.test(text), 'must not hold a query or a fragment. Move a key to auth')
}

/** What every driver has. Durations are milliseconds in the program. */
function commonOptions(defaults: { discover: boolean }) {
  return {
    name: z
      .string()
      .regex(GATEWAY_NAME, 'must be 1 to 63 of a-z 0-9 . _ - and start with a letter or digit, for example waha-1')
      .describe('Name of the gateway, unique; label gateway.'),
    url: gatewayUrl().describe('Address of the gateway; a path prefix is kept.'),
    labels: labels().prefault({}).describe('Labels of every account behind this gateway.'),
    discover: z
      .boolean()
      .default(defaults.discover)
      .describe('Watch every account that the gateway lists, found again every minute.'),
    accounts: z
      .array(AccountOptions)
      .default([])
      .describe('Accounts by hand; with discover, details for accounts that the gateway lists.'),
    objective: objective().optional(),
    desired: desired().optional(),
    connections: z.int().min(1).max(20_000).default(64).describe('Most connections to the gateway at once.'),
    timeout: duration({ min: '100ms', max: '2m' })
      .optional()
      .describe('Limit of one request; checks.timeout if absent.'),
    staleAfter: duration({ min: '1m', max: '90d' })
      .optional()
      .describe('A connected account without activity for longer is degraded; health.staleAfter if absent.'),
    events: z
      .strictObject({
        secret: secret()
          .optional()
          .describe('Key with which the gateway signs its webhooks, or the key in their body.'),
        secretFile: secretFile().optional().describe('File that holds that key.'),
        verifyToken: secret().optional().describe('Meta only: token of the subscription handshake (hub.verify_token).'),
      })
      .transform(({ secret, secretFile, verifyToken }) => ({ secret: secret ?? secretFile, verifyToken }))
      .optional()
      .describe('Webhooks of the gateway, POST /api/gateways/{name}/events: each triggers a check at once.'),
    tls: z
      .strictObject({
        caFile: readableFile().optional().describe('Certificate authority in PEM that signed the gateway.'),
        insecureSkipVerify: z.boolean().optional().describe('Trust any certificate. For tests only.'),
      })
      .optional()
      .describe('How the certificate of the gateway is verified.'),
  }
}

/** RFC 6901: empty, or segments that each start with a slash. */
const jsonPointer = z.string().regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'must be a JSON pointer, for example /data/state')

const httpPath = z.string().regex(/^\/[^?#\s]*$/, 'must be a path that starts with a slash, without a query')
const accountPath = httpPath.refine((path) => path.includes('{account}'), 'must hold {account}')

const mappedState = z.union([
  z.enum(STATES),
  z.strictObject({ state: z.enum(STATES), reason: z.enum(REASONS).optional() }),
])

/** A bot's own endpoint. */
const HttpOptions = z.strictObject({
  driver: z.literal('http').describe(DRIVER),
  ...commonOptions({ discover: false }),
  auth: z
    .union([credential('bearerToken', 'Token that the endpoint asks for.'), basicAuth()], {
      error: 'must be { bearerToken }, { bearerTokenFile }, or { username, password | passwordFile }',
    })
    .optional()
    .describe('How the exporter signs in at the gateway.'),
  paths: z
    .strictObject({
      list: httpPath.default('/accounts').describe('Path of the list of all accounts.'),
      state: accountPath.default('/accounts/{account}').describe('Path of one account.'),
      restart: accountPath
        .nullable()
        .default('/accounts/{account}/restart')
        .describe('Path that restarts one account, by POST. null: no restart.'),
    })
    .prefault({})
    .describe('Paths of the endpoint, after url.'),
  map: z
    .strictObject({
      items: jsonPointer.default('').describe('Where the list is in the reply of paths.list.'),
      account: jsonPointer.default('/account').describe('Where the id is in an item.'),
      state: jsonPointer.default('/state').describe('Where the state is in an item.'),
      reason: jsonPointer.default('/reason').describe('Where the reason is in an item.'),
      phone: jsonPointer.default('/phone').describe('Where the phone number is in an item.'),
      name: jsonPointer.default('/name').describe('Where the display name is in an item.'),
      lastActivityAt: jsonPointer
        .default('/lastActivityAt')
        .describe('Where the time of the last activity is in an item.'),
      states: z
        .record(z.string(), mappedState)
        .default({})
        .describe('The endpoint’s own words and the state, or state and reason, that each means.'),
    })
    .prefault({})
    .describe('Where the fields are, as JSON pointers, for an endpoint with another shape.'),
})

/** devlikeapro/waha. */
const WahaOptions = z.strictObject({
  driver: z.literal('waha').describe(DRIVER),
  ...commonOptions({ discover: true }),
  auth: credential('apiKey', 'Key for X-Api-Key; it needs the actions read and control.').optional(),
})

/** Evolution API, v1 and v2. */
const EvolutionOptions = z.strictObject({
  driver: z.literal('evolution').describe(DRIVER),
  ...commonOptions({ discover: true }),
  auth: credential('apiKey', 'The global key, AUTHENTICATION_API_KEY.'),
})

/** WPPConnect-server. */
const WppconnectOptions = z.strictObject({
  driver: z.literal('wppconnect').describe(DRIVER),
  ...commonOptions({ discover: true }),
  auth: credential('secretKey', 'The server’s secretKey.'),
})

/** aldinokemal/go-whatsapp-web-multidevice. */
const GowaOptions = z.strictObject({
  driver: z.literal('gowa').describe(DRIVER),
  ...commonOptions({ discover: true }),
  auth: basicAuth().optional(),
})

/** Meta's WhatsApp Business Cloud API. */
const CloudApiOptions = z.strictObject({
  driver: z.literal('cloud-api').describe(DRIVER),
  ...commonOptions({ discover: true }),
  url: gatewayUrl().default('https://graph.facebook.com').describe('Address of the Graph API.'),
  auth: credential('accessToken', 'Token of a system user with whatsapp_business_management.'),
  wabaId: z.string().regex(/^\d+$/, 'must be digits').describe('WhatsApp Business Account id.'),
  apiVersion: z
    .string()
    .regex(/^v\d+\.\d+$/, 'must be a Graph API version such as v23.0')
    .default('v23.0')
    .describe('Version of the Graph API.'),
})

/** One entry of `gateways`. */
export const GatewayOptions = z
  .discriminatedUnion('driver', [
    HttpOptions,
    WahaOptions,
    EvolutionOptions,
    WppconnectOptions,
    GowaOptions,
    CloudApiOptions,
  ])
  .superRefine((gateway, context) => {
    const seen = new Set<string>()
    gateway.accounts.forEach(({ account }, index) => {
      if (seen.has(account)) {
        const message = `"${account}" is listed twice at this gateway. Remove one of them`
        context.addIssue({ code: 'custom', path: ['accounts', index, 'account'], message })
      }
      seen.add(account)
    })
  })

/** The section `gateways`. */
export const GatewaysOptions = z.array(GatewayOptions).superRefine((gateways, context) => {
  const seen = new Set<string>()
  gateways.forEach(({ name }, index) => {
    if (seen.has(name)) {
      const message = `"${name}" is the name of two gateways. Rename one of them`
      context.addIssue({ code: 'custom', path: [index, 'name'], message })
    }
    seen.add(name)
  })
})

export type HttpOptions = z.infer<typeof HttpOptions>
export type GatewayOptions = z.infer<typeof GatewayOptions>
export type GatewayKind = GatewayOptions['driver']
