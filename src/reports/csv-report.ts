import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { AccountAnalysis, Analysis } from './analysis.ts'
import { csvHeader } from './csv.ts'
import { ACCOUNT_TABLES, dataDictionary, NOTES_TABLE } from './csv-tables.ts'

const BYTE_ORDER_MARK = '\ufeff'
const DICTIONARY = 'data-dictionary.csv'

/** A folder of CSV files that fills while the accounts are analysed, so that memory holds no table. */
export interface CsvReport {
  /** Give this to `analyse` as its sink. */
  add(account: AccountAnalysis): Promise<void>
  /** Writes what is known at the end and puts the files in place; returns their names. */
  finish(analysis: Pick<Analysis, 'notes'>): Promise<readonly string[]>
  /** Leaves nothing behind. Safe after `finish`. */
  discard(): Promise<void>
}

/**
 * Begins a CSV report. Its files are written beside `folder` and moved into it at the end, so that nobody reads half a
 * report; files of the same names are replaced, others in the folder stay.
 * Files are UTF-8 with a byte order mark, because spreadsheets otherwise guess wrong.
 * Rejects with the error of the file system.
 */
export async function csvReport(folder: string): Promise<CsvReport> {
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}.draft-`)
  const tables = ACCOUNT_TABLES.map((table) => {
    const file = createWriteStream(join(draft, table.name))
    // Awaited where it matters; without a listener the first failure would end the process.
    let failure: Error | null = null
    file.on('error', (error) => {
      failure ??= error
    })
    file.write(`${BYTE_ORDER_MARK}${csvHeader(table.columns)}`)
    return { table, file, failure: () => failure }
  })
  let done = false

  return {
    async add(account) {
      for (const { table, file, failure } of tables) {
        const lines = table.lines(account)
        const error = failure()
        if (error !== null) throw error
        if (lines.length > 0 && !file.write(lines.join(''))) await once(file, 'drain')
      }
    },
    async finish(analysis) {
      for (const { file } of tables) file.end()
      await Promise.all(tables.map(({ file }) => finished(file)))
      const notes = analysis.notes.map(NOTES_TABLE.line).join('')
      await writeFile(join(draft, NOTES_TABLE.name), `${BYTE_ORDER_MARK}${csvHeader(NOTES_TABLE.columns)}${notes}`)
      await writeFile(join(draft, DICTIONARY), `${BYTE_ORDER_MARK}${dataDictionary()}`)
      const names = [...ACCOUNT_TABLES.map(({ name }) => name), NOTES_TABLE.name, DICTIONARY]
      await mkdir(folder, { recursive: true })
      for (const name of names) await rename(join(draft, name), join(folder, name))
      done = true
      await rm(draft, { recursive: true, force: true })
      return names
    },
    async discard() {
      if (done) return
      for (const { file } of tables) file.destroy()
      await rm(draft, { recursive: true, force: true })
    },
  }
}
