import { stringify } from 'yaml'
import type { ListenAddress } from '../api/options.ts'
import type { HttpSignIn } from '../option-types.ts'
import type { Config } from './schema.ts'

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/** Milliseconds as Prometheus and Alertmanager write durations: `1h30m`, `15s`, `0s`. */
export function promDuration(durationMs: number): string {
  let rest = Math.round(durationMs)
  let text = ''
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs)
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text === '' ? '0s' : text
}

/** Where another program of the same machine reaches what listens here: an open address becomes the loopback one. */
export function reachableAddress({ host, port }: ListenAddress): string {
  const everywhere: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }
  const reached = everywhere[host] ?? host
  return `${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Base address of the exporter for another program, without a slash at its end. */
export function exporterUrl({ api }: Pick<Config, 'api'>): string {
  return `${api.tls === undefined ? 'http' : 'https'}://${reachableAddress(api.listen)}`
}

/** Sign-in as the HTTP clients of Prometheus and Alertmanager are told it. Secrets from variables stand in the text. */
export function clientSignIn(signIn: HttpSignIn | undefined): Record<string, unknown> {
  if (signIn === undefined) return {}
  if (signIn.username !== undefined) {
    const { username, password, passwordFile } = signIn
    return {
      basic_auth:
        passwordFile === undefined
          ? { username, password: password?.reveal() }
          : { username, password_file: passwordFile },
    }
  }
  const { bearerToken, bearerTokenFile } = signIn
  return {
    authorization:
      bearerTokenFile === undefined ? { credentials: bearerToken?.reveal() } : { credentials_file: bearerTokenFile },
  }
}

/** Scheme, host and path prefix of an address. */
export function urlParts(address: string): { scheme: string; target: string; prefix: string } {
  const url = new URL(address)
  const scheme = url.protocol.replace(':', '')
  const target = url.port === '' ? `${url.hostname}:${scheme === 'https' ? 443 : 80}` : url.host
  return { scheme, target, prefix: url.pathname.replace(/\/$/, '') }
}

/** A rendered file with the line that says where it comes from. */
export function renderedYaml(content: object): string {
  const head = '# Made by "whatsapp-exporter render" from the configuration of the exporter. Edit that, not this.\n'
  return head + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
}
