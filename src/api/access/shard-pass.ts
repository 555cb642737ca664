import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { ApiOptions } from '../options.ts'

/** Proves that a request was passed on by another exporter of the fleet, which has counted it against its rate limit. */
export const SHARD_PASS_HEADER = 'x-shard-pass'

type SignIn = Pick<ApiOptions, 'basicAuth' | 'bearerTokens'>

/**
 * The pass for a caller's Authorization header: an HMAC (RFC 2104) under a key that is derived (RFC 5869) from everything
 * that may sign in, which exporters of one configuration have in common and no caller knows. It opens nothing: the caller
 * is identified as ever. Null where nobody signs in by name, so that there is no such key.
 */
export function shardPass(signIn: SignIn, authorization: string | undefined): string | null {
  const key = keyOf(signIn)
  if (key === null) return null
  // A gateway that tells of an event signs it instead.
  return createHmac('sha256', key)
    .update(authorization ?? '')
    .digest('hex')
}

/** Whether another exporter of this configuration gave the pass for this Authorization header. */
export function isShardPass(signIn: SignIn, pass: string, authorization: string | undefined): boolean {
  const wanted = shardPass(signIn, authorization)
  if (wanted === null || pass.length !== wanted.length) return false
  const given = Buffer.from(pass)
  return given.length === wanted.length && timingSafeEqual(given, Buffer.from(wanted))
}

function keyOf({ basicAuth, bearerTokens }: SignIn): Buffer | null {
  const users = Object.entries(basicAuth?.users ?? {}).map(([name, { hash }]) => ['user', name, hash.reveal()])
  // A token and its digest are the same token.
  const tokens = bearerTokens.map(({ name, token, tokenFile, sha256 }) => [
    'token',
    name,
    sha256?.reveal() ??
      createHash('sha256')
        .update((token ?? tokenFile)?.reveal() ?? '')
        .digest('hex'),
  ])
  const secrets = [...users, ...tokens].map((parts) => JSON.stringify(parts)).sort()
  if (secrets.length === 0) return null
  return Buffer.from(hkdfSync('sha256', secrets.join('\n'), '', 'whatsapp-exporter shard pass', 32))
}
