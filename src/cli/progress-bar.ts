import type { CommandIo } from './io.ts'

/** Shows on a terminal how far a long work is; elsewhere nothing. */
export interface ProgressBar {
  /** @param what is counted, in the plural */
  show(done: number, total: number, what: string): void
  /** Work of which nobody knows how long it takes. */
  say(text: string): void
  /** Leaves the terminal at the beginning of an empty line. Idempotent. */
  end(): void
}

const WIDTH = 20

export function progressBar({ stderr }: Pick<CommandIo, 'stderr'>): ProgressBar {
  let shown = ''
  const draw = (line: string) => {
    if (stderr.isTTY !== true || line === shown) return
    // A shorter line must not leave the end of the longer one before it.
    stderr.write(`\r${line.padEnd(shown.length)}`)
    shown = line
  }
  return {
    show(done, total, what) {
      const filled = Math.floor((WIDTH * done) / total)
      draw(`[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${total} ${what}`)
    },
    say: draw,
    end() {
      if (shown !== '') stderr.write('\n')
      shown = ''
    },
  }
}
