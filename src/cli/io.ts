/** What a command may write to. */
export interface CommandOutput {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
}

/** The world of a command: results go to stdout, diagnostics to stderr. */
export interface CommandIo {
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Calls back at each SIGHUP. */
  readonly onHangup: (callback: () => void) => void
  /** Told after each cycle how many accounts are watched. */
  readonly onFleetSize?: (accounts: number) => void
}

/** Exit codes of every command. */
export const EXIT = { fine: 0, unhealthy: 1, usage: 2 } as const
