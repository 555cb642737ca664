import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { z } from 'zod'

/** A value that no log, error, page or JSON ever shows. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself; call it only where it is sent. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '<secret>'
  }

  toJSON(): string {
    return '<secret>'
  }

  [inspect.custom](): string {
    return '<secret>'
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/

/** Reads a Prometheus-style duration (`15s`, `1h30m`, `500ms`) as milliseconds; null where it is none. */
export function parseDurationMs(text: string): number | null {
  if (!DURATION.test(text)) return null
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0)
  }
  return totalMs
}

/** Option type: a duration in the file, milliseconds in the program. */
export function duration(limits: { min: string; max: string }) {
  const minMs = parseDurationMs(limits.min) ?? 0
  const maxMs = parseDurationMs(limits.max) ?? Number.POSITIVE_INFINITY
  return z
    .string()
    .regex(DURATION, 'must be a duration such as 500ms, 15s, 3m or 1h30m')
    .transform((text, context) => {
      const parsedMs = parseDurationMs(text) ?? 0
      if (parsedMs < minMs || parsedMs > maxMs) {
        context.addIssue({ code: 'custom', message: `must be between ${limits.min} and ${limits.max}` })
        return z.NEVER
      }
      return parsedMs
    })
    .describe(`Duration between ${limits.min} and ${limits.max}, for example 15s.`)
}

/**
 * Option type: a secret given in place, in practice as `${ENV}`.
 * `writeOnly` is how the JSON Schema, the redaction of the configuration and its faults know a secret.
 */
export function secret() {
  return z
    .string()
    .min(1)
    .meta({ writeOnly: true })
    .transform((text) => new Secret(text))
}

/** Option type: the path of a file that holds a secret; one trailing line break is not part of it. */
export function secretFile() {
  return z
    .string()
    .min(1)
    .transform((path, context) => {
      try {
        const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
        if (text !== '') return new Secret(text)
        context.addIssue({ code: 'custom', message: `names an empty file: ${path}. Write the secret into it` })
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
        context.addIssue({
          code: 'custom',
          message: `cannot be read (${code}): ${path}. Check the path and its permissions`,
        })
      }
      return z.NEVER
    })
}

/** Names that our own metrics or Prometheus give to labels; an operator's label may not shadow them. */
const RESERVED_LABELS: ReadonlySet<string> = new Set([
  'account',
  'gateway',
  'driver',
  'phone',
  'name',
  'state',
  'status',
  'reason',
  'code',
  'le',
  'job',
  'instance',
  'alertname',
  'severity',
  'receiver',
  'cause',
])

/** Option type: operator labels. */
export function labels() {
  return z.record(
    z
      .string()
      .regex(
        /^[a-zA-Z_][a-zA-Z0-9_]*$/,
        'must be a Prometheus label name: letters, digits and _, not starting with a digit',
      )
      .max(64)
      .refine((name) => !name.startsWith('__'), 'must not start with __: Prometheus keeps such labels for itself')
      .refine((name) => !RESERVED_LABELS.has(name), 'would shadow a label of ours; choose another name'),
    z.string().max(256),
  )
}

/** Option type: an absolute http or https address. */
export function httpUrl() {
  return z.url({
    protocol: /^https?$/,
    error: 'is not a URL. Write it with a scheme, for example http://localhost:3000',
  })
}

/** Option type: the path of a file that another program reads, relative to the configuration file. */
export function filePath() {
  return z.string().min(1)
}

/**
 * Option type: how a program of the stack (Prometheus, Alertmanager) signs in at an HTTP server: a bearer token or a user with a password.
 * Files stay paths, because it is that program, not we, that reads them.
 */
export function httpSignIn() {
  return z
    .strictObject({
      bearerToken: secret()
        .describe('Bearer token. Take it from the environment, never write it in plain text.')
        .optional(),
      bearerTokenFile: filePath().describe('File that holds the bearer token.').optional(),
      username: z.string().min(1).describe('User name for basic authentication.').optional(),
      password: secret()
        .describe('Password of that user. Take it from the environment, never write it in plain text.')
        .optional(),
      passwordFile: filePath().describe('File that holds the password.').optional(),
    })
    .superRefine((auth, context) => {
      const refuse = (message: string) => context.addIssue({ code: 'custom', message })
      const tokens = [auth.bearerToken, auth.bearerTokenFile].filter((value) => value !== undefined).length
      const passwords = [auth.password, auth.passwordFile].filter((value) => value !== undefined).length
      if (tokens > 1) refuse('has both bearerToken and bearerTokenFile. Keep one')
      if (passwords > 1) refuse('has both password and passwordFile. Keep one')
      if (tokens > 0 && auth.username !== undefined) refuse('has both a bearer token and a user. Keep one')
      if (tokens === 0 && auth.username === undefined) refuse('names neither a bearer token nor a user. Give one')
      if ((auth.username !== undefined) !== passwords > 0)
        refuse('needs username together with password or passwordFile')
    })
}
export type HttpSignIn = z.infer<ReturnType<typeof httpSignIn>>

/** Option type: an IANA time zone that the runtime knows. */
export function timeZone() {
  return z.string().refine((zone) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
    } catch {
      return false
    }
  }, 'is not a time zone. Use an IANA name, for example Europe/Berlin')
}

/** Option type: the address of a service, to which paths are added: without sign-in, query and fragment. */
export function serviceUrl() {
  return httpUrl().refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : null
    return url === null || (url.username === '' && url.password === '' && !/[?#]/.test(text))
  }, 'must not hold a user, a password, a query or a fragment. Use the options for signing in')
}
