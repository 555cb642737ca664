import { readFileSync, statSync } from 'node:fs'
import type { Server } from 'node:https'
import type { DetailedPeerCertificate, SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls'
import { createSecureContext } from 'node:tls'
import type { Log } from '../log.ts'
import { ListenError } from './listen-error.ts'
import type { ApiOptions } from './options.ts'

type Tls = NonNullable<ApiOptions['tls']>

/** The certificate files of the server, followed as they change. */
export interface ServerCertificate {
  /** For createServer. */
  readonly options: TlsOptions
  /** Reads changed files before the next handshake, and turns away clients whose certificate carries no allowed name. */
  attach(server: Server): void
}

/**
 * Reads certificate, key and client CA. Throws ListenError where one cannot be read or the pair does not fit.
 * Later faults leave the last good pair in use and are logged once per change.
 */
export function serverCertificate(tls: Tls, log: Log): ServerCertificate {
  const files = [tls.certFile, tls.keyFile, ...(tls.clientCaFile === undefined ? [] : [tls.clientCaFile])]
  let known = fingerprint(files)
  const first = readContext(tls)

  return {
    options: {
      ...first,
      ...(tls.clientCaFile === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
    },
    attach(server) {
      // Before the TLS layer sees the connection, so that this very handshake uses the new files.
      server.prependListener('connection', () => {
        const present = fingerprint(files)
        if (present === known) return
        known = present
        try {
          server.setSecureContext(readContext(tls))
          log.info({ certFile: tls.certFile }, 'the TLS certificate was read again')
        } catch (error) {
          log.error({ err: error }, 'the changed TLS certificate cannot be used; the last good one stays')
        }
      })
      const allowed = tls.clientAllowedSans
      if (allowed === undefined) return
      server.prependListener('secureConnection', (socket: TLSSocket) => {
        const names = alternativeNames(socket.getPeerCertificate(true))
        if (allowed.some((name) => names.has(name))) return
        log.warn({ names: [...names].slice(0, 10) }, 'a client certificate carries none of api.tls.clientAllowedSans')
        socket.destroy()
      })
    },
  }
}

function readContext(tls: Tls): SecureContextOptions {
  const context: SecureContextOptions = {
    cert: read(tls.certFile, 'api.tls.certFile'),
    key: read(tls.keyFile, 'api.tls.keyFile'),
    minVersion: `TLSv${tls.minVersion}`,
    ...(tls.clientCaFile === undefined ? {} : { ca: read(tls.clientCaFile, 'api.tls.clientCaFile') }),
  }
  try {
    createSecureContext(context)
  } catch (error) {
    throw new ListenError(
      `api.tls: ${tls.certFile} and ${tls.keyFile} are no usable certificate and key. Both must be PEM, and the key must belong to the certificate.`,
      { cause: error },
    )
  }
  return context
}

function read(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ListenError(`${option} cannot be read (${code}): ${path}. Check the path and its permissions.`, {
      cause: error,
    })
  }
}

/** Changes whenever one of the files does; secrets mounted by Kubernetes change their inode. */
function fingerprint(files: readonly string[]): string {
  return files
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      return stat === undefined ? 'absent' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`
    })
    .join('|')
}

function alternativeNames(certificate: DetailedPeerCertificate): Set<string> {
  const text = certificate.subjectaltname ?? ''
  return new Set(text.split(/,\s*/).map((entry) => entry.replace(/^[^:]*:/, '')))
}
