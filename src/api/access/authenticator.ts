import { createHash, timingSafeEqual } from 'node:crypto'
import type { ApiOptions } from '../options.ts'
import { passwordCheck } from './password.ts'
import { EVERYBODY, type Principal } from './principal.ts'

export type Identified =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly why: 'missing' | 'wrong' | 'busy' }

export interface Authenticator {
  /** Values of WWW-Authenticate: the schemes that are configured. */
  readonly challenges: readonly string[]
  /** Reads an Authorization header. Never says which part of it was wrong. */
  identify(authorization: string | undefined): Promise<Identified>
}

const MISSING = { ok: false, why: 'missing' } as const
const WRONG = { ok: false, why: 'wrong' } as const
// Compared for users that do not exist, so that their refusal takes as long; nobody knows a password for it.
const NOBODYS_HASH_TAIL = 'QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi'

/** Basic authentication by bcrypt hashes and bearer tokens by digest; whoever is known by neither is not let in. */
export function authenticator(options: ApiOptions): Authenticator {
  const users = new Map(Object.entries(options.basicAuth?.users ?? {}))
  const fakeHash = `$2b$${usualCost([...users.values()].map(({ hash }) => hash.reveal()))}$${NOBODYS_HASH_TAIL}`
  const tokens = options.bearerTokens.map(({ name, role, token, tokenFile, sha256: digest }) => ({
    principal: { name, role },
    digest: digest === undefined ? sha256((token ?? tokenFile)?.reveal() ?? '') : Buffer.from(digest.reveal(), 'hex'),
  }))
  const passwords = passwordCheck()

  async function basic(credentials: string): Promise<Identified> {
    const text = Buffer.from(credentials, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (colon < 0) return WRONG
    const name = text.slice(0, colon)
    const user = users.get(name)
    const matches = await passwords.matches(name, text.slice(colon + 1), user?.hash.reveal() ?? fakeHash)
    if (matches === undefined) return { ok: false, why: 'busy' }
    return matches && user !== undefined ? { ok: true, principal: { name, role: user.role } } : WRONG
  }

  function bearer(token: string): Identified {
    const digest = sha256(token)
    let found: Principal | undefined
    // All are compared, so that the time says nothing about which one was near.
    for (const known of tokens) if (timingSafeEqual(known.digest, digest)) found = known.principal
    return found === undefined ? WRONG : { ok: true, principal: found }
  }

  return {
    challenges: [
      ...(users.size > 0 ? ['Basic realm="whatsapp-exporter", charset="UTF-8"'] : []),
      ...(tokens.length > 0 ? ['Bearer realm="whatsapp-exporter"'] : []),
    ],
    async identify(authorization) {
      // With client certificates alone, the TLS handshake has let in only whom the operator trusts.
      if (users.size === 0 && tokens.length === 0) return { ok: true, principal: EVERYBODY }
      if (authorization === undefined) return MISSING
      const [, scheme = '', credentials = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(authorization) ?? []
      if (scheme.toLowerCase() === 'basic' && users.size > 0) return basic(credentials)
      if (scheme.toLowerCase() === 'bearer' && tokens.length > 0) return bearer(credentials)
      return WRONG
    },
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The dearest cost in use, so that an unknown user is not refused sooner than a known one. */
function usualCost(hashes: readonly string[]): string {
  const dearest = Math.max(...hashes.map((hash) => Number(hash.slice(4, 6))), 4)
  return String(dearest).padStart(2, '0')
}
