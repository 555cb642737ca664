import type { Writable } from 'node:stream'

/** The world of a command: results go to stdout, diagnostics to stderr. */
export interface CommandIo {
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** Exit codes of every command. */
export const EXIT = { fine: 0, unhealthy: 1, usage: 2 } as const
