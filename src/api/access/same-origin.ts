/** What of a request says where it comes from. */
export interface Provenance {
  readonly method: string
  /** Host header, or what a trusted proxy says was there. */
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
}

const HARMLESS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Why a request is refused as forged by another site, or null. Every browser sends Origin with a POST, so a request
 * without it comes from a program, which has no ambient credentials to abuse.
 */
export function forgery(request: Provenance, hosts: readonly string[]): string | null {
  if (HARMLESS.has(request.method)) return null
  const { origin, secFetchSite } = request
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin' && secFetchSite !== 'none') {
    return `a browser sent this from another site (Sec-Fetch-Site: ${secFetchSite.slice(0, 20)})`
  }
  if (origin === undefined) return null
  const originHost = URL.canParse(origin) ? new URL(origin).host : ''
  if (originHost !== '' && [request.host, ...hosts].some((host) => host?.toLowerCase() === originHost)) return null
  return `a browser sent this from another origin (${origin.slice(0, 100)}). Behind a reverse proxy, name the public host in api.hosts`
}

/**
 * Whether a Host header may name a service that listens on loopback only. A web page that rebinds its own name to
 * 127.0.0.1 would else read and operate the fleet from the operator's browser.
 */
export function isLocalHost(host: string | undefined, hosts: readonly string[]): boolean {
  if (host === undefined) return true
  const text = host.toLowerCase()
  if (hosts.some((known) => known.toLowerCase() === text)) return true
  const name = text.replace(/:\d+$/, '')
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    /^\[[0-9a-f:.]+\]$/.test(name) ||
    /^\d+(\.\d+){3}$/.test(name)
  )
}
