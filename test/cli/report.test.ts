import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/report.ts'
import { silentLog } from '../../src/log.ts'
import { ReportDocument } from '../../src/reports/report-schema.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { sqliteReader } from '../../src/store/sqlite-reader.ts'
import { type Store, StoreError } from '../../src/store/store.ts'
import { accountOf, DAY, HOUR, live, storeOf } from '../reports/simulated-month.ts'
import { recordingIo } from './transcript.ts'

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'
const FROM = Date.parse('2026-03-02T00:00:00Z')
let folder = ''
let exporter: Store

// An exporter has the store open, and locked, all the while.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-command-'))
  const outage = {
    fromMs: FROM + 5 * HOUR,
    toMs: FROM + 7 * HOUR,
    state: 'disconnected' as const,
    reason: 'network' as const,
  }
  const lives = ['good', 'bad'].map((name) =>
    live(
      { account: accountOf(name), bornMs: FROM - DAY, script: name === 'bad' ? [outage] : [] },
      FROM + 8 * DAY,
      [],
      [],
    ),
  )
  exporter = await storeOf(lives, [], sqliteStore({ path: join(folder, 'exporter.db') }, silentLog))
  await writeFile(
    join(folder, 'config.yml'),
    `
gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:9", auth: { apiKey: "\${KEY}" } }]
store: { kind: sqlite, path: exporter.db }
prometheus: { url: "http://127.0.0.1:9" }
reports:
  language: de
  paper: letter
  brand: { name: Acme Support, colour: "#7a1f5c", logoFile: logo.svg }
  pdf: { browser: ./browser, timeout: 20s }
`,
  )
  await writeFile(join(folder, 'logo.svg'), LOGO)
  // Stands for a browser that crashes: only its path and its end are of interest here.
  await writeFile(join(folder, 'browser'), `#!/bin/sh\necho "$@" >> '${folder}/browser.started'\nexit 3\n`)
  await chmod(join(folder, 'browser'), 0o755)
}, 60_000)
afterAll(async () => {
  await exporter.close()
  await rm(folder, { recursive: true, force: true })
})

async function report(...args: string[]) {
  return await reportOn({ isTTY: false }, ...args)
}

async function reportOn({ isTTY }: { readonly isTTY: boolean }, ...args: string[]) {
  const io = recordingIo(folder, { KEY: 'k' })
  Object.assign(io.stderr, { isTTY })
  const code = await run(args, io, new AbortController().signal)
  return { code, out: io.said.out, err: io.said.err }
}

describe('whatsapp-exporter report', () => {
  test('prints JSON beside a running exporter, and says what it had to do without', async () => {
    const { code, out, err } = await report('--period', '2026-W10')
    const document = ReportDocument.parse(JSON.parse(out))
    expect(document.ranking.map(({ account, verdict }) => [account, verdict])).toEqual([
      ['bad', 'missed'],
      ['good', 'met'],
    ])
    expect(document.fleet).toMatchObject({ downtimeSeconds: 7200, incidents: 1, mttrSeconds: 7200 })
    expect(code).toBe(1)
    expect(err).toContain('note: Prometheus at http://127.0.0.1:9 cannot be reached')
    expect(err).toContain("note: The history of 2 of 2 accounts comes from the exporter's store")
  })

  test('writes CSV into a folder, and exits with 0 where every objective was met', async () => {
    const { code, out } = await report(...'-p 2026-W10 -f csv -o week --account good --source store'.split(' '))
    expect([code, out]).toEqual([0, 'Wrote week (8 tables)\n'])
    const lines = (await readFile(join(folder, 'week', 'accounts.csv'), 'utf8')).trim().split('\r\n')
    expect(lines).toHaveLength(2)
  })

  test('takes the format from the name of the file', async () => {
    expect((await report(...'-p 2026-W10 -o week.html --source store --template executive'.split(' '))).code).toBe(1)
    expect(await readFile(join(folder, 'week.html'), 'utf8')).toMatch(/^<!doctype html>/i)
  })

  test('looks as the configuration says: name, logo, language, paper', async () => {
    const { err } = await report(...'-p 2026-W10 -o brand.html --source store'.split(' '))
    const page = await readFile(join(folder, 'brand.html'), 'utf8')
    expect(page).toContain('<html lang="de"')
    expect(page).toContain('Acme Support')
    expect(page).toContain(`data:image/svg+xml;base64,${Buffer.from(LOGO).toString('base64')}`)
    expect(page).toMatch(/size: *letter/i)
    expect(err).not.toContain('Printing')
  })

  test('takes language and paper from the command line where they are written there', async () => {
    await report(...'-p 2026-W10 -o english.html --source store --language en --paper a4'.split(' '))
    const page = await readFile(join(folder, 'english.html'), 'utf8')
    expect(page).toContain('<html lang="en"')
    expect(page).toMatch(/size: *a4/i)
  })

  test('prints with the browser of the configuration, and says what is wrong with it', async () => {
    const { code, err } = await report(...'-p 2026-W10 -o week.pdf --source store'.split(' '))
    expect(code).toBe(2)
    expect(err).toContain(`${join(folder, 'browser')} failed while it made a PDF`)
    expect(await readFile(join(folder, 'browser.started'), 'utf8')).toContain('--headless')
  })

  test('shows on a terminal how far it is, and leaves a clean line', async () => {
    const { err } = await reportOn({ isTTY: true }, ...'-p 2026-W10 -o week.html --source store'.split(' '))
    expect(err).toContain('\r[##########..........] 1 of 2 accounts')
    expect(err).toContain('\r[####################] 2 of 2 accounts')
    expect(err).toMatch(/\rWriting the document … *\n$/)
  })

  test('tells one incident by its id', async () => {
    const [incident] = (await exporter.incidents({ limit: 1 })).items
    const id = incident?.id ?? ''
    const { code, out } = await report('--incident', id)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ incident: { id, cause: 'network' }, account: { key: 'waha-1/bad' } })
    expect((await report('--incident', id, '-f', 'html', '--language', 'en')).out).toContain('incident of waha-1/bad')
    const name = `incident-${id.replace(/[^A-Za-z0-9._-]+/g, '_')}.html`
    expect(await readFile(join(folder, name), 'utf8')).toContain('Incident confirmed')
  })

  test('ends at once when it is interrupted, and leaves nothing behind', async () => {
    const io = recordingIo(folder, { KEY: 'k' })
    expect(
      await run(['-p', '2026-W10', '-f', 'csv', '-o', 'never', '--source', 'store'], io, AbortSignal.abort()),
    ).toBe(2)
    expect(io.said.err).toMatch(/\nInterrupted\. No report was written\.\n$/)
    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([])
  })

  test.each([
    [['-p', 'soon'], /"soon" is not a period/],
    [['--time-zone', 'Mars'], /"Mars" is not a time zone/],
    [['--label', 'acme'], /--label "acme" is not name=value/],
    [['--worst', 'all'], /--worst "all" is not a number/],
    [['-c', 'nowhere.yml'], /nowhere.yml/],
    [['--incident', 'i9'], /The store has no incident "i9"/],
    [['--incident', 'i9', '--period', '2026-03', '--gateway', 'x'], /so --period, --gateway cannot be used with it/],
    [['--incident', 'i9', '-f', 'csv'], /told as pdf, html or json/],
    [['-p', '2026-W10', '--account', 'nobody'], /None of the 2 accounts .* \(nobody\)/],
    [['-p', '2026-W10', '--source', 'prometheus'], /Prometheus at http:\/\/127.0.0.1:9 cannot be reached/],
    [['-p', '2026-W10', '--source', 'store', '-o', 'config.yml/x.json'], /ENOTDIR|EEXIST/],
  ])('%j is refused with exit code 2 and a sentence', async (args, message) => {
    const { code, out, err } = await report(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
  })
})

describe('the reader of a store', () => {
  test('changes nothing, and needs a file that an exporter has made', async () => {
    expect(() => sqliteReader(join(folder, 'none.db'), silentLog)).toThrow(/There is no store at .*none.db/)
    await writeFile(join(folder, 'text.db'), 'this is no database, and long enough to be read as one'.repeat(20))
    expect(() => sqliteReader(join(folder, 'text.db'), silentLog)).toThrow(StoreError)
    await writeFile(join(folder, 'empty.db'), '')
    expect(() => sqliteReader(join(folder, 'empty.db'), silentLog)).toThrow(/older version/)
  })

  test('sees what the exporter writes meanwhile, and accounts that left', async () => {
    const reader = sqliteReader(join(folder, 'exporter.db'), silentLog)
    try {
      expect((await reader.accounts()).map(({ account, gone }) => [account.account, gone])).toEqual([
        ['bad', false],
        ['good', false],
      ])
      const { nextSeq } = await exporter.load()
      const none = { samples: [], transitions: [], incidents: [], recoveries: [], ledgers: [] }
      await exporter.write({ seq: nextSeq, atMs: FROM + 9 * DAY, ...none, removed: ['waha-1/good'] })
      expect((await reader.accounts()).find(({ gone }) => gone)?.account.account).toBe('good')
      await exporter.write({ seq: nextSeq + 1, atMs: FROM + 9 * DAY, ...none, removed: [] })
    } finally {
      await reader.close()
      await reader.close()
    }
    await expect(reader.accounts()).rejects.toThrow(/is closed/)
  })
})
