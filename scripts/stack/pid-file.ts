import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'

/** A process of a stack. */
export interface StackProcess {
  readonly pid: number
  readonly name: string
}

/** The processes of the stack that a folder belongs to, so that a second one does not write into the same data. */
export interface PidFile {
  /** Processes of an earlier stack that still run. */
  alive(): Promise<readonly StackProcess[]>
  write(processes: readonly StackProcess[]): Promise<void>
  remove(): Promise<void>
}

export function pidFile(path: string): PidFile {
  return {
    async alive() {
      const text = await readFile(path, 'utf8').catch(() => '')
      return text.split('\n').flatMap((line) => {
        const [pid = '', start = '', name = ''] = line.split(' ')
        return /^\d+$/.test(pid) && startOf(Number(pid)) === start ? [{ pid: Number(pid), name }] : []
      })
    },
    async write(processes) {
      await writeFile(path, processes.map(({ pid, name }) => `${pid} ${startOf(pid) ?? '-'} ${name}\n`).join(''))
    },
    async remove() {
      await rm(path, { force: true })
    },
  }
}

/**
 * When a process began, in clock ticks since the boot: the number of a process that is gone is soon another's.
 * `unknown` where the system has no /proc and the process exists; null where it does not exist.
 */
function startOf(pid: number): string | null {
  try {
    process.kill(pid, 0)
  } catch {
    return null
  }
  try {
    // Field 22 of proc(5); the name before it stands in brackets and may hold blanks.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
