import { createHash, timingSafeEqual } from 'node:crypto'

const TOKEN_MIN_CHARACTERS = 16

/**
 * Checks an Authorization header against one token, in a time that tells nothing of the token.
 * `null` lets everybody in.
 * @throws TypeError where the token is missing or too short to be one
 */
export function bearerCheck(token: string | null): (header: string | undefined) => boolean {
  if (token === null) return () => true
  if (typeof token !== 'string' || token.length < TOKEN_MIN_CHARACTERS || /\s/.test(token)) {
    throw new TypeError(
      `whatsappAgent: token must have at least ${TOKEN_MIN_CHARACTERS} characters and no blank. ` +
        'Make one with `openssl rand -hex 24`, or pass null on purpose to let everybody in.',
    )
  }
  // Hashes have equal lengths, which timingSafeEqual needs, and hide the length of the token.
  const expected = digest(token)
  return (header) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(header ?? '') ?? []
    return given !== undefined && timingSafeEqual(digest(given), expected)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
