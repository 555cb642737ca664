import { z } from 'zod'
import { secret, secretFile } from '../option-types.ts'

/** Option type: how webhooks of the gateway are believed (POST /api/gateways/{name}/events). */
export function eventOptions() {
  return z
    .strictObject({
      secret: secret().optional().describe('What the gateway signs with: the HMAC key; at Evolution its API key.'),
      secretFile: secretFile().optional().describe('File that holds the secret.'),
      verifyToken: secret()
        .optional()
        .describe("Token of Meta's handshake when the webhook is set up (hub.verify_token)."),
    })
    .transform(({ secret: inPlace, secretFile: fromFile, verifyToken }, context) => {
      const value = inPlace ?? fromFile
      if (value === undefined || (inPlace !== undefined && fromFile !== undefined)) {
        context.addIssue({ code: 'custom', message: 'needs secret or secretFile, exactly one of them' })
        return z.NEVER
      }
      return { secret: value, verifyToken: verifyToken ?? null }
    })
}
