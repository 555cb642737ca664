import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../option-types.ts'

/** A webhook call before it is believed. */
export interface SignedEvent {
  readonly header: (name: string) => string | undefined
  readonly body: Buffer
  /** The body as JSON; null where it is none. */
  readonly json: Readonly<Record<string, unknown>> | null
}

/**
 * Whether the event was signed with the gateway's secret, each vendor in its own way: WAHA signs the raw body with
 * HMAC-SHA512 (X-Webhook-Hmac), Evolution puts its API key into the body, all others follow Meta: HMAC-SHA256 of the
 * raw body as `sha256=<hex>` in X-Hub-Signature-256.
 */
export function isSigned(driver: string, secret: Secret, event: SignedEvent): boolean {
  switch (driver) {
    case 'waha':
      return isMac('sha512', secret, event.body, event.header('x-webhook-hmac'))
    case 'evolution':
      return sameText(event.json?.['apikey'], secret.reveal())
    default: {
      const [scheme, mac] = (event.header('x-hub-signature-256') ?? '').split('=')
      return scheme === 'sha256' && isMac('sha256', secret, event.body, mac)
    }
  }
}

/** Compares without telling by its time where the texts differ. */
export function sameText(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false
  return timingSafeEqual(digest(given), digest(expected))
}

function isMac(algorithm: string, secret: Secret, body: Buffer, given: string | undefined): boolean {
  const expected = createHmac(algorithm, secret.reveal()).update(body).digest('hex')
  return sameText(given?.toLowerCase(), expected)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
