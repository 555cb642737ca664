import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { isReady } from './ready.ts'

/** One program of the stack. */
export interface Part {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Answers 200 when the part is ready. */
  readonly readyUrl: string
  readonly readyWithinMs: number
}

export interface RunningPart {
  readonly name: string
  readonly pid: number
  /** Settles when the process is gone, with a sentence that says how. */
  readonly ended: Promise<string>
  /** Asks it to end, and forces it after the limit. */
  end(limitMs: number): Promise<void>
  /** Ends it at once, for a supervisor that has no time left. */
  kill(): void
}

export interface PartEvents {
  /** A line of its output. */
  print(line: string): void
  /** It has a process from now on, which must be ended whatever comes next, also where it never becomes ready. */
  spawned(part: RunningPart): void
}

const KEPT_LINES = 20
const ASK_AGAIN_MS = 150

/** Starts a part and waits until it is ready. Rejects, with its last lines, where it ends or takes too long. */
export async function startPart(part: Part, events: PartEvents, signal: AbortSignal): Promise<void> {
  const child = spawn(part.command, [...part.args], {
    // A group of its own: Ctrl-C reaches only the supervisor, which then ends the parts in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...part.env },
  })
  const lastLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line)
      if (lastLines.length > KEPT_LINES) lastLines.shift()
      events.print(line)
    })
  }
  let gone: string | null = null
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${part.name} cannot be started: ${error.message}`))
    child.once('exit', (code, exitSignal) => resolve(`${part.name} ended (${exitSignal ?? `exit code ${code}`})`))
  }).then((how) => {
    gone = how
    return how
  })
  if (child.pid !== undefined) {
    const { pid } = child
    events.spawned({
      name: part.name,
      pid,
      ended,
      end: (limitMs) => endChild(child, limitMs),
      kill: () => killGroup(pid, 'SIGKILL'),
    })
  }

  const deadline = Date.now() + part.readyWithinMs
  while (!(await isReady(part.readyUrl))) {
    if (gone !== null) throw new Error(`${gone}\n${lastLines.join('\n')}`)
    if (signal.aborted) return
    if (Date.now() > deadline) {
      throw new Error(
        `${part.name} is not ready after ${part.readyWithinMs / 1000} s (${part.readyUrl})\n${lastLines.join('\n')}`,
      )
    }
    await sleep(ASK_AGAIN_MS)
  }
}

async function endChild(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const { pid } = child
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => killGroup(pid, 'SIGKILL'), limitMs)
  await exited
  clearTimeout(force)
}

/** Grafana starts plugins of its own: the whole group goes. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It is gone already.
  }
}
