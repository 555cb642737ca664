import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Without grafana/: where Grafana is installed, it would be one more part to wait for. */
const COPIED = [
  'src',
  'scripts',
  'prometheus',
  'alertmanager',
  'Makefile',
  'package.json',
  'package-lock.json',
  'config.example.yml',
]
const READY_WITHIN_MS = 90_000
const END_WITHIN_MS = 30_000

/** A stack that was started with `make up`. */
export interface RunningStack {
  /** Addresses by the names that the announcement gives them, without a slash at the end. */
  readonly addresses: Readonly<Record<string, string>>
  readonly startedMs: number
  readonly output: () => string
  /** Process ids by part, as .data/stack.pids has them. */
  readonly pids: () => ReadonlyMap<string, number>
  /** Ctrl-C in a terminal: the whole foreground group gets SIGINT. Settles with the exit code. */
  readonly interrupt: () => Promise<number | null>
  /** Settles when `make` is gone. */
  readonly ended: Promise<number | null>
}

/** A copy of the checkout, without a config.yml and without data. It shares the installed packages. */
export function copiedCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'))
  for (const name of COPIED) cpSync(resolve(name), join(folder, name), { recursive: true, preserveTimestamps: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Runs `make up` in the folder, as a person would. `-o` only keeps make from installing the shared packages anew. */
export function makeUp(folder: string): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn('make', ['-o', 'node_modules/.installed', 'up'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part))
  const ended = once(child, 'close').then(() => child.exitCode)
  return { child, output: () => text, ended }
}

/** Starts a stack and waits until it says where everything is. */
export async function startStack(folder: string): Promise<RunningStack> {
  const startedMs = Date.now()
  const { child, output, ended } = makeUp(folder)
  while (!output().includes('Ctrl-C ends all parts')) {
    if (child.exitCode !== null || Date.now() > startedMs + READY_WITHIN_MS) {
      interrupt()
      throw new Error(`the stack did not start:\n${output()}`)
    }
    await sleep(100)
  }
  function interrupt(): void {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
  }
  const found = output().matchAll(/^ {2}([A-Z][a-z ]+?) {2,}(http:\/\/127\.0\.0\.1:\d+)/gm)
  return {
    addresses: Object.fromEntries([...found].map(([, name = '', url = '']) => [name, url])),
    startedMs,
    output,
    pids: () => pidsOf(folder),
    ended,
    async interrupt() {
      interrupt()
      const limit = sleep(END_WITHIN_MS, 'late' as const, { ref: false })
      const code = await Promise.race([ended, limit])
      if (code === 'late') throw new Error(`the stack did not end within ${END_WITHIN_MS} ms:\n${output()}`)
      return code
    },
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function pidsOf(folder: string): ReadonlyMap<string, number> {
  const path = join(folder, '.data/stack.pids')
  if (!existsSync(path)) return new Map()
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return new Map(lines.map((line) => line.split(' ')).map(([pid, , name = '']) => [name, Number(pid)]))
}
