import { z } from 'zod'
import { Secret, secret, secretFile } from '../option-types.ts'

/** A secret that must travel in a header: what a header cannot carry is refused here, by name, not at run time. */
const HEADER_SAFE = /^[\x20-\x7e]+$/

/** User and password of HTTP Basic. */
export interface BasicAuth {
  readonly username: string
  readonly password: Secret
}

/**
 * Option type: one secret under `name`, or the path of its file under `nameFile`; exactly one of the two.
 * The program sees the Secret itself: `auth: { apiKey: … }` becomes `auth: Secret`.
 */
export function credential(name: string, description: string) {
  const file = `${name}File`
  return z
    .strictObject({
      [name]: secret().describe(`${description} Write it as \${ENV}, never in plain.`).optional(),
      [file]: secretFile().describe(`File that holds it. ${description}`).optional(),
    })
    .transform((given, context) => exactlyOne(given[name], given[file], name, context))
}

/** Option type: user and password for HTTP Basic, the password in place or in a file. */
export function basicAuth() {
  return z
    .strictObject({
      username: z
        .string()
        .min(1)
        .regex(/^[^:\r\n]+$/, 'must not hold a colon: HTTP Basic ends the user name there')
        .describe('User name for HTTP Basic.'),
      password: secret().optional().describe('Password. Take it from the environment.'),
      passwordFile: secretFile().optional().describe('File that holds the password.'),
    })
    .transform(
      (given, context): BasicAuth => ({
        username: given.username,
        password: exactlyOne(given.password, given.passwordFile, 'password', context),
      }),
    )
}

/** Value of the Authorization header, a secret itself. Source: RFC 7617, UTF-8. */
export function basicHeader(auth: BasicAuth): Secret {
  return new Secret(`Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`, 'utf8').toString('base64')}`)
}

function exactlyOne(
  inPlace: Secret | undefined,
  fromFile: Secret | undefined,
  name: string,
  context: z.RefinementCtx,
): Secret {
  const value = inPlace ?? fromFile
  if (value === undefined || (inPlace !== undefined && fromFile !== undefined)) {
    context.addIssue({ code: 'custom', message: `needs ${name} or ${name}File, exactly one of them` })
    return z.NEVER
  }
  if (name !== 'password' && !HEADER_SAFE.test(value.reveal())) {
    context.addIssue({
      code: 'custom',
      message: `${name} holds a line break or a character that an HTTP header cannot carry. Write it again`,
    })
    return z.NEVER
  }
  return value
}
