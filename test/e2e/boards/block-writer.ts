import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promtool } from '../../rules/promtool.ts'
import { HOUR } from './past-troubles.ts'

/** Lengths that Prometheus gives its blocks: two hours, times three, again and again. */
export type BlockHours = 6 | 54 | 162

/** Turns OpenMetrics lines with timestamps into blocks of Prometheus. */
export interface BlockWriter {
  /** Adds lines of one moment; those of one series come in order of time. */
  add(atMs: number, lines: string, hours?: BlockHours): void
  /** Resolves when all that was added lies in blocks. */
  done(): Promise<void>
}

interface OpenBlock {
  readonly path: string
  readonly file: number
  readonly hours: BlockHours
  waiting: string
}

const WRITTEN_AT_ONCE = 1 << 20
/** Room for every block of five weeks and more. */
const USUAL_HOURS = 162

/**
 * @param folder for the files on the way @param data where the blocks go
 * @param order `by time`: all lines come in order of time, so that a block is made as soon as the next one begins
 */
export function blockWriter(folder: string, data: string, order: 'by time' | 'by series'): BlockWriter {
  const open = new Map<string, OpenBlock>()
  let files = 0
  // One at a time: the other core makes the lines.
  let work: Promise<void> = Promise.resolve()

  function close(): void {
    for (const { path, file, hours, waiting } of open.values()) {
      writeSync(file, `${waiting}# EOF\n`)
      closeSync(file)
      work = work.then(() => toBlock(path, hours, data))
    }
    work.catch(() => {}) // `done` reports it
    open.clear()
  }

  return {
    add(atMs, lines, hours = USUAL_HOURS) {
      const key = `${hours} ${Math.floor(atMs / (hours * HOUR))}`
      let block = open.get(key)
      if (block === undefined) {
        if (order === 'by time') close()
        const path = join(folder, `samples-${files++}.om`)
        block = { path, file: openSync(path, 'w'), hours, waiting: '' }
        open.set(key, block)
      }
      block.waiting += lines
      if (block.waiting.length < WRITTEN_AT_ONCE) return
      writeSync(block.file, block.waiting)
      block.waiting = ''
    },
    async done() {
      close()
      await work
    },
  }
}

async function toBlock(path: string, hours: BlockHours, data: string): Promise<void> {
  // A file is one block: promtool reads all of the file once for each block that it makes.
  const length = `--max-block-duration=${hours}h`
  const said = await promtool(['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', length, path, data])
  rmSync(path)
  if (said !== '') throw new Error(said)
}
