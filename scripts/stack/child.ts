import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

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
  /** Settles when the process is gone. */
  readonly ended: Promise<string>
  /** Asks it to end, and forces it after the limit. */
  end(limitMs: number): Promise<void>
}

/** Starts a part and waits until it is ready. Rejects, with its last lines, where it ends or takes too long. */
export async function startPart(part: Part, print: (line: string) => void, signal: AbortSignal): Promise<RunningPart> {
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
      if (lastLines.length > 20) lastLines.shift()
      print(line)
    })
  }
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`${part.name} cannot be started: ${error.message}`))
    child.once('exit', (code, exitSignal) => resolve(`${part.name} ended (${exitSignal ?? `exit code ${code}`})`))
  })
  const running: RunningPart = {
    name: part.name,
    pid: child.pid ?? -1,
    ended,
    end: (limitMs) => endChild(child, limitMs),
  }

  let gone: string | null = null
  ended.then((how) => {
    gone = how
  })
  const deadline = Date.now() + part.readyWithinMs
  while (!(await answers(part.readyUrl))) {
    if (gone !== null) throw new Error(`${gone}\n${lastLines.join('\n')}`)
    if (signal.aborted || Date.now() > deadline) {
      await running.end(5_000)
      if (signal.aborted) throw new Error(`${part.name}: interrupted while it started`)
      throw new Error(
        `${part.name} is not ready after ${part.readyWithinMs / 1000} s (${part.readyUrl})\n${lastLines.join('\n')}`,
      )
    }
    await sleep(150)
  }
  return running
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

async function endChild(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), limitMs)
  await exited
  clearTimeout(force)
}
