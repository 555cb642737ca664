import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { analyse } from '../../src/reports/analyse.ts'
import { csvLine } from '../../src/reports/csv.ts'
import { csvReport } from '../../src/reports/csv-report.ts'
import { parsePeriod } from '../../src/reports/period.ts'
import { jsonReport } from '../../src/reports/report-json.ts'
import { reportJsonSchema } from '../../src/reports/report-schema.ts'
import { storeHistory } from '../../src/reports/store-history.ts'
import { accountOf, attemptOf, DAY, HOUR, live, MINUTE, storeOf } from './simulated-month.ts'

const FROM = Date.parse('2026-03-02T00:00:00Z')

async function smallWeek() {
  const script = [
    { fromMs: FROM + 5 * HOUR, toMs: FROM + 6 * HOUR, state: 'disconnected' as const, reason: 'network' as const },
  ]
  const lives = ['=1+1', 'plain'].map((name) =>
    live({ account: accountOf(name, { name: 'Sales, "Dubai"' }), bornMs: FROM - DAY, script }, FROM + 8 * DAY, [], []),
  )
  const [incident] = lives[1]?.incidents.keys() ?? []
  const store = await storeOf(lives, [
    attemptOf('waha-1/plain', { requestedMs: FROM + 5 * HOUR + 4 * MINUTE, incidentId: incident ?? null }),
  ])
  const window = {
    id: 'w',
    select: {},
    startMs: FROM + 2 * DAY,
    endMs: FROM + 2 * DAY + HOUR,
    author: 'Ada',
    reason: '@home',
  }
  return { lives, store, window }
}

describe('one line', () => {
  test.each([
    ['=SUM(A1)', "'=SUM(A1)"],
    ['+49', "'+49"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\t=1', "'\t=1"],
    [' =1', "' =1"],
    [' plain', '" plain"'],
    ['a,b', '"a,b"'],
    ['say "no"', '"say ""no"""'],
    ['two\nlines', '"two\nlines"'],
    ['plain', 'plain'],
  ])('text %j becomes %j', (text, field) => expect(csvLine([text])).toBe(`${field}\r\n`))

  test('numbers are never made text, and what is missing is empty', () => {
    expect(csvLine([-1.5, 0, null, true, Number.NaN])).toBe('-1.5,0,,true,\r\n')
  })
})

test('a report is tables that agree with the data dictionary, in a folder whose other files stay', async () => {
  const { lives, store, window } = await smallWeek()
  const parent = await mkdtemp(join(tmpdir(), 'csv-report-'))
  try {
    const folder = join(parent, 'week')
    const first = await csvReport(folder)
    await first.discard()
    expect(await readdir(parent)).toEqual([])

    const report = await csvReport(folder)
    const analysis = await analyse(
      { period: parsePeriod('2026-W10', 'UTC', FROM + 8 * DAY), selection: {} },
      {
        accounts: () => lives.map(({ account }) => ({ account, gone: false })),
        ledger: store,
        history: storeHistory(store),
        windows: () => [window],
        defaultObjective: 0.99,
        now: () => FROM + 8 * DAY,
      },
      new AbortController().signal,
      (account) => report.add(account),
    )
    const names = await report.finish(analysis)
    await writeFile(join(folder, 'mine.txt'), 'stays')
    const again = await csvReport(folder)
    await again.finish(analysis)
    await again.discard()
    expect((await readdir(folder)).toSorted()).toEqual([...names, 'mine.txt'].toSorted())
    expect(await readdir(parent)).toEqual(['week'])

    const dictionary = (await readFile(join(folder, 'data-dictionary.csv'), 'utf8')).split('\r\n').slice(1, -1)
    for (const name of names.filter((one) => one !== 'data-dictionary.csv')) {
      const text = await readFile(join(folder, name), 'utf8')
      expect(text.startsWith('\ufeff')).toBe(true)
      const columns = (text.slice(1).split('\r\n')[0] ?? '').split(',')
      const documented = dictionary.filter((line) => line.startsWith(`${name},`)).map((line) => line.split(',')[1])
      expect([name, columns]).toEqual([name, documented])
    }
    await report.discard()
  } finally {
    await store.close()
    await rm(parent, { recursive: true, force: true })
  }
})

test('the lines hold what was analysed, and no formula', async () => {
  const { lives, store, window } = await smallWeek()
  const folder = await mkdtemp(join(tmpdir(), 'csv-lines-'))
  try {
    const report = await csvReport(join(folder, 'week'))
    const analysis = await analyse(
      { period: parsePeriod('2026-W10', 'UTC', FROM + 8 * DAY), selection: {} },
      {
        accounts: () => lives.map(({ account }) => ({ account, gone: false })),
        ledger: store,
        history: storeHistory(store),
        windows: () => [window],
        defaultObjective: 0.99,
        now: () => FROM + 8 * DAY,
      },
      new AbortController().signal,
      (account) => report.add(account),
    )
    await report.finish(analysis)
    const table = async (name: string) => await readFile(join(folder, 'week', name), 'utf8')
    expect(await table('accounts.csv')).toContain(
      `waha-1,'=1+1,971505760056,"Sales, ""Dubai""",team=sales,false,0.995,`,
    )
    expect((await table('days.csv')).split('\r\n')).toHaveLength(1 + 2 * 7 + 1)
    expect(await table('incidents.csv')).toMatch(
      /waha-1,plain,2026-03-02T05:00:00.000Z,2026-03-02T05:02:00.000Z,2026-03-02T06:00:00.000Z,network,disconnected,3600,3600,false,1,/,
    )
    expect(await table('recovery-attempts.csv')).toContain('restart accepted')
    expect(await table('maintenance.csv')).toContain("Ada,'@home")

    const json: unknown = JSON.parse(jsonReport(analysis))
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(reportJsonSchema())
    expect(validate(json) ? [] : validate.errors).toEqual([])
    expect(json).toMatchObject({
      version: 1,
      period: { name: '2026-W10', from: '2026-03-02T00:00:00.000Z' },
      fleet: { accounts: 2, incidents: 2, downtimeSeconds: 7200, mttrSeconds: 3600 },
      planned: [{ author: 'Ada', startedAt: '2026-03-04T00:00:00.000Z' }],
    })
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
})
