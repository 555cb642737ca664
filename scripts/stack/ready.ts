import { request } from 'node:http'
import { request as requestTls } from 'node:https'

const LIMIT_MS = 2_000

/** Whether a part of our own answers 200. Its certificate is not judged: this asks whether it is up, and tells it nothing. */
export function isReady(url: string): Promise<boolean> {
  const { protocol } = new URL(url)
  const options = { timeout: LIMIT_MS, rejectUnauthorized: false }
  return new Promise((resolve) => {
    const asked = (protocol === 'https:' ? requestTls : request)(url, options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('close', () => resolve(false))
    asked.on('error', (error) => resolve(wantsCertificate(error)))
    asked.end()
  })
}

/** A server that asks for a client certificate answers us with a TLS alert: it is up. */
function wantsCertificate(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_SSL_TLSV13_ALERT_CERTIFICATE')
}
