import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A Node process of its own that runs a script of this folder. */
export interface OtherProcess {
  /** Resolves with the next line that the script prints; rejects where it ends first. */
  line(): Promise<string>
  kill(): Promise<void>
  /** Stops the process in the middle of whatever it does, until `resume`. */
  pause(): void
  resume(): void
}

/** @param user runs the script as this user; only root may ask for one */
export function otherProcess(script: string, args: readonly string[], user?: number): OtherProcess {
  const child: ChildProcess = spawn(process.execPath, [new URL(script, import.meta.url).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  })
  const ended = once(child, 'exit')
  const { stdout } = child
  if (stdout === null) throw new Error(`${script} has no output to read.`)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return {
    async line() {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${script} ended before it printed the line that the test waits for.`)
      return value
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
