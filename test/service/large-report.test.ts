import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ReportDocument } from '../../src/reports/report-schema.ts'

const run = promisify(execFile)
const CHILD = new URL('../reports/large-report-child.ts', import.meta.url).pathname
const ACCOUNTS = 10_000
/** Some four times what lives at any moment; the child with `keep`, which holds on to every account, does not live through it. */
const HEAP = ['--max-old-space-size=96', '--max-semi-space-size=8']

test('the report of 10 000 accounts needs no more memory than one of a hundred', {
  timeout: 240_000,
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'large-report-'))
  context.onTestFinished(() => rm(folder, { recursive: true }))
  const { stdout } = await run(process.execPath, [...HEAP, CHILD, folder, String(ACCOUNTS)])
  expect(JSON.parse(stdout)).toEqual({ accounts: ACCOUNTS, missed: 500, ranked: ACCOUNTS, full: 50, omitted: 9_950 })

  const { ranking, accounts } = ReportDocument.parse(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')))
  expect([ranking.length, accounts.length]).toEqual([ACCOUNTS, 50])
  const page = await readFile(join(folder, 'report.html'), 'utf8')
  expect(page.match(/<article class="account">/g)).toHaveLength(50)
  expect(await linesOf(join(folder, 'csv', 'accounts.csv'))).toBe(1 + ACCOUNTS)
  expect(await linesOf(join(folder, 'csv', 'days.csv'))).toBe(1 + 31 * ACCOUNTS)
})

async function linesOf(path: string): Promise<number> {
  let lines = 0
  for await (const _line of createInterface({ input: createReadStream(path) })) lines += 1
  return lines
}
