import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { START_OPTIONS } from '../src/young-generation.ts'

/** A program that a benchmark started. */
export interface Program {
  readonly pid: number
  /** First line on its stdout that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  end(): Promise<void>
}

/** Starts a program; its stderr is kept for the error message. */
export function startProgram(command: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (text) => said.push(text))
  const lines = createInterface({ input: child.stdout })
  return {
    pid: child.pid ?? -1,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) =>
          reject(new Error(`${command} ended with ${code}: ${said.slice(-5).join(' | ')}`))
        if (child.exitCode !== null) ended(child.exitCode)
        lines.on('line', (text) => {
          const found = pattern.exec(text)
          if (found !== null) resolve(found)
        })
        child.once('exit', ended)
        child.once('error', reject)
      }),
    end: () => endProgram(child),
  }
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(force)
}

/** The program itself as its package starts it, in a process of its own; gives the address of its API. */
export async function startServe(configFile: string): Promise<Program & { readonly url: string }> {
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const args = [...START_OPTIONS, main, 'serve', '--config', configFile]
  const program = startProgram(process.execPath, args, { LOG_FORMAT: 'json' })
  const [, url = ''] = await program.line(/"url":"(http[^"]+)","msg":"the API listens"/)
  return { ...program, url }
}

/** User and system time that a process has used, in seconds, from /proc (clock ticks of 10 ms). */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid)
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Resident memory of a process in MB. */
export function residentMb(pid: number): number {
  return (Number(statFields(pid)[21]) * 4096) / 1e6
}

/** Fields of /proc/<pid>/stat after the program's name, which may hold spaces. */
function statFields(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The bench's gateway in a process of its own; gives its address. */
export async function startTarget(latencyMs: number): Promise<Program & { readonly url: string }> {
  const program = startProgram(process.execPath, [new URL('./target.ts', import.meta.url).pathname, String(latencyMs)])
  const [port] = await program.line(/^\d+$/)
  return { ...program, url: `http://127.0.0.1:${port}` }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
