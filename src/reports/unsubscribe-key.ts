import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../option-types.ts'

const FILE_NAME = 'unsubscribe.key'
const KEY_BYTES = 32

/**
 * The key that signs links to unsubscribe where none is configured: made at first use and kept beside the reports, so
 * that links in older mails go on to work.
 * @throws the file system's error
 */
export function keptKey(folder: string): Secret {
  const path = join(folder, FILE_NAME)
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  if (existsSync(path)) return readKey(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    // Linked into place: a crash leaves no half key, and of two processes that make one the first wins.
    writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flush: true })
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readKey(path)
}

function readKey(path: string): Secret {
  const text = readFileSync(path, 'utf8').trim()
  if (text.length < 16) throw new Error(`${path} is damaged. Remove it: links in mails that were sent end to work.`)
  return new Secret(text)
}

interface Subscribed {
  readonly id: string
  readonly recipient: string
}

/** Proves that its bearer received a mail of this subscription: `id.mac` (HMAC-SHA-256). */
export function unsubscribeToken({ id, recipient }: Subscribed, key: Secret): string {
  return `${id}.${macOf({ id, recipient }, key).toString('base64url')}`
}

/** The subscription that a token is of; null for one that was not signed with this key. */
export function subscriptionOfToken<T extends Subscribed>(
  token: string,
  subscriptions: readonly T[],
  key: Secret,
): T | null {
  const [, id, mac = ''] = /^([a-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? []
  const found = subscriptions.find((one) => one.id === id)
  if (found === undefined) return null
  return timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(found, key)) ? found : null
}

function macOf({ id, recipient }: Subscribed, key: Secret): Buffer {
  return createHmac('sha256', key.reveal())
    .update(JSON.stringify(['unsubscribe', id, recipient]))
    .digest()
}
