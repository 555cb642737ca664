import { z } from 'zod'
import { duration, Secret, secret, secretFile, serviceUrl } from '../option-types.ts'

/** Where to listen. An empty host is every address of the machine. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const LISTEN = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]/]*)):(?<port>\d{1,5})$/
const LISTEN_RULE = 'must be host:port, for example 127.0.0.1:19292, [::1]:19292, or :19292 for every address'
// Dearer than this, one wrong password costs seconds of a core.
const MAX_BCRYPT_COST = 14
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

const BCRYPT_RULE = 'must be a bcrypt hash ($2a$, $2b$ or $2y$). Make one with: htpasswd -nBC 10 "" | tr -d ":\\n"'

const Listen = z
  .string()
  .transform((text, context): ListenAddress => {
    const groups = LISTEN.exec(text)?.groups
    const port = Number(groups?.['port'])
    if (groups === undefined || port > 65_535) {
      context.addIssue({ code: 'custom', message: LISTEN_RULE })
      return z.NEVER
    }
    return { host: groups['v6'] ?? groups['host'] ?? '', port }
  })
  .describe(
    'Address of the HTTP server, host:port. Port 0 takes a free one. The default is reachable from this machine only.',
  )

const Role = z
  .enum(['read', 'operate'])
  .describe('`read` sees everything; `operate` may also check, restart, reload and change.')

const UserName = z.string().regex(/^[^\s:\p{Cc}]{1,64}$/u, 'must be 1 to 64 characters without spaces and colons')

const BcryptHash = z
  .string()
  .superRefine((text, context) => {
    const cost = BCRYPT.exec(text)?.[1]
    if (cost === undefined) {
      context.addIssue({
        code: 'custom',
        message: BCRYPT_RULE,
      })
    } else if (Number(cost) < 4 || Number(cost) > MAX_BCRYPT_COST) {
      context.addIssue({ code: 'custom', message: `must have a bcrypt cost from 4 to ${MAX_BCRYPT_COST}; 10 is usual` })
    }
  })
  // Somebody who writes a password here must not read it again in the fault.
  .meta({ writeOnly: true })
  .transform((text) => new Secret(text))

const BasicUser = z.union(
  [
    BcryptHash.transform((hash) => ({ hash, role: 'operate' as const })),
    z.strictObject({ hash: BcryptHash, role: Role }),
  ],
  BCRYPT_RULE,
)

const BearerToken = z
  .strictObject({
    name: UserName.describe('Who holds the token; named in the log and as author of what it does.'),
    role: Role.default('read'),
    token: secret().optional().describe('The token itself, in practice from the environment. At least 16 characters.'),
    tokenFile: secretFile().optional().describe('File that holds the token.'),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits, as sha256sum prints them')
      .meta({ writeOnly: true })
      .transform((text) => new Secret(text.toLowerCase()))
      .optional()
      .describe('SHA-256 of the token in hexadecimal, so that the file holds no token.'),
  })
  .superRefine((entry, context) => {
    const given = [entry.token, entry.tokenFile, entry.sha256].filter((value) => value !== undefined)
    if (given.length !== 1) {
      context.addIssue({ code: 'custom', message: 'needs exactly one of token, tokenFile and sha256' })
    }
    const token = entry.token ?? entry.tokenFile
    if (token !== undefined && token.reveal().length < 16) {
      context.addIssue({
        code: 'custom',
        message: 'has a token shorter than 16 characters. Make one with: openssl rand -hex 32',
      })
    }
  })

const Tls = z
  .strictObject({
    certFile: z.string().min(1).describe('Certificate chain, PEM. Read again when the file changes.'),
    keyFile: z.string().min(1).describe('Private key, PEM. Read again when the file changes.'),
    clientCaFile: z
      .string()
      .min(1)
      .optional()
      .describe('CA certificates, PEM. Clients must then show a certificate signed by one of them.'),
    clientAllowedSans: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Of these subject alternative names (DNS, IP, e-mail, URI) the client certificate must carry one.'),
    minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('Oldest TLS version that is spoken.'),
  })
  .refine((tls) => tls.clientAllowedSans === undefined || tls.clientCaFile !== undefined, {
    path: ['clientAllowedSans'],
    message: 'needs clientCaFile: without it no client certificate is asked for',
  })

/** Section `api` of the configuration. */
export const ApiOptions = z
  .strictObject({
    listen: Listen.prefault('127.0.0.1:19292'),
    hosts: z
      .array(
        z.string().regex(/^[a-zA-Z0-9.-]+(:\d+)?$/, 'must be a host name, with a port where it is not the usual one'),
      )
      .default([])
      .describe('Host names under which browsers reach the API, for example behind a reverse proxy.'),
    externalUrl: serviceUrl()
      .optional()
      .describe('Address under which people reach the API, for links in mails. Its host counts as one of hosts.'),
    tls: Tls.optional().describe('Serve HTTPS. Absent: plain HTTP.'),
    basicAuth: z
      .strictObject({
        users: z
          .record(UserName, BasicUser)
          .refine((users) => Object.keys(users).length > 0, 'must name at least one user')
          .describe('User name to bcrypt hash, or to { hash, role }. A bare hash may operate.'),
      })
      .optional()
      .describe('Users that sign in with a password.'),
    bearerTokens: z
      .array(BearerToken)
      .default([])
      .superRefine((tokens, context) => {
        const names = new Set<string>()
        tokens.forEach(({ name }, index) => {
          if (names.has(name)) {
            context.addIssue({
              code: 'custom',
              path: [index, 'name'],
              message: 'is used by another token; choose another name',
            })
          }
          names.add(name)
        })
      })
      .describe('Programs that sign in with a token.'),
    rateLimit: z
      .strictObject({
        interval: duration({ min: '1ms', max: '1h' }).describe('One request more is allowed per interval.'),
        burst: z.int().min(1).max(100_000).describe('So many requests may come at once.'),
      })
      .optional()
      .describe('Token bucket per client address. Absent: no limit.'),
    trustProxy: z
      .array(
        z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be an IP address or a network such as 10.0.0.0/8'),
      )
      .default([])
      .describe('Reverse proxies whose X-Forwarded-For, -Host and -Proto headers are believed.'),
    drain: duration({ min: '0s', max: '5m' })
      .prefault('10s')
      .describe('How long requests under way may take to end when the exporter stops.'),
  })
  .prefault({})
  .describe('The HTTP server: metrics, API and status page, and who may use them.')

export type ApiOptions = z.output<typeof ApiOptions>

/** Whether the address is reachable from this machine only. */
export function isLoopback(address: ListenAddress): boolean {
  return address.host === 'localhost' || address.host === '::1' || /^127(\.\d{1,3}){3}$/.test(address.host)
}

/** Every host name under which browsers may reach the API, beside that of the request itself. */
export function knownHosts({ hosts, externalUrl }: ApiOptions): readonly string[] {
  return externalUrl === undefined ? hosts : [...hosts, new URL(externalUrl).host]
}

/** Whether a request must say who it is. */
export function authRequired(options: ApiOptions): boolean {
  return options.basicAuth !== undefined || options.bearerTokens.length > 0 || options.tls?.clientCaFile !== undefined
}
