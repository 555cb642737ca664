import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { DEFAULT_LOOK } from '../../src/reports/document/writing.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { PdfError } from '../../src/reports/pdf.ts'
import type { ReportWish } from '../../src/reports/requested-report.ts'
import { createRequestedReports, type RequestedReportsParts } from '../../src/reports/requested-reports.ts'
import { sampleFleet } from './sample-fleet.ts'

const NOW = Date.UTC(2026, 3, 10, 9, 30)
const DAY = 86_400_000
const WISH: ReportWish = {
  period: '2026-03',
  timeZone: 'Europe/Berlin',
  select: {},
  template: 'executive',
  incident: null,
  formats: ['html', 'csv', 'json'],
  language: null,
  paper: null,
}

let directory: string
let clock: { nowMs: number }
let counted: { begun: number }
let ending: AbortController
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'requested-'))
  clock = { nowMs: NOW }
  counted = { begun: 0 }
  ending = new AbortController()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Printing is the matter of another test: here a PDF is what it was made of. */
function reports(over: Partial<RequestedReportsParts> = {}) {
  const fleet = sampleFleet(3)
  const options = ReportsOptions.parse({ directory, keep: '30d' })
  return createRequestedReports({
    options: () => options,
    analytics: {
      analysis: ({ period, timeZone }, _signal, sink) => fleet.analysis(period, timeZone, sink),
      incidentAnalysis: async (id) => (id === 'known' ? fleet.incident() : null),
    },
    pdf: () => ({ render: async (page) => Buffer.from(`%PDF- ${await page}`) }),
    look: () => ({ ...DEFAULT_LOOK, locale: 'en-US' }),
    log: silentLog,
    events: {
      begun: () => {
        counted.begun += 1
      },
    },
    now: () => clock.nowMs,
    signal: ending.signal,
    ...over,
  })
}

/** An analysis that waits until it is let go. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const fleet = sampleFleet(1)
  let waiting = 0
  return {
    waiting: () => waiting,
    open: resolve,
    analytics: {
      async analysis(...[{ period, timeZone }, signal]: Parameters<RequestedReportsParts['analytics']['analysis']>) {
        waiting += 1
        await Promise.race([promise, new Promise((_, reject) => signal.addEventListener('abort', reject))])
        return fleet.analysis(period, timeZone)
      },
      incidentAnalysis: async () => null,
    },
  }
}

describe('a report on request', () => {
  test('is made, kept and found again by the next process', async () => {
    const first = reports()
    const asked = await first.request(WISH, 'alice')
    expect(asked).toMatchObject({ state: 'waiting', period: '2026-03', requestedBy: 'alice', files: [], doneMs: null })
    expect(asked.expiresMs).toBe(NOW + 30 * DAY)
    await first.idle()
    const again = reports()
    const found = await again.get(asked.id)
    expect(found).toMatchObject({ ...WISH, state: 'ready', doneMs: NOW })
    expect(found?.files.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'accounts.csv',
        'data-dictionary.csv',
        'executive-2026-03.html',
        'executive-2026-03.json',
      ]),
    )
    for (const { name, sizeBytes } of found?.files ?? [])
      expect((await again.file(asked.id, name))?.content.byteLength).toBe(sizeBytes)
    expect(await again.list()).toEqual([found])
    expect(counted).toEqual({ begun: 1 })
  })

  test('speaks the language and has the paper that were asked for, else those of the configuration', async () => {
    const made = reports()
    const textOf = async (over: Partial<ReportWish>) => {
      const { id } = await made.request({ ...WISH, formats: ['pdf'], ...over }, 'alice')
      await made.idle()
      return Buffer.from((await made.file(id, 'executive-2026-03.pdf'))?.content ?? '').toString()
    }
    const german = await textOf({ language: 'de', paper: 'letter' })
    expect(german).toContain('<html lang="de')
    expect(german).toMatch(/size: ?letter/i)
    const plain = await textOf({})
    expect(plain).toContain('<html lang="en')
    expect(plain).toMatch(/size: ?a4/i)
  })

  test('may be the post-mortem of an incident', async () => {
    const made = reports()
    const { id } = await made.request(
      { ...WISH, template: 'incident', incident: 'known', formats: ['pdf', 'html', 'json'] },
      'alice',
    )
    await made.idle()
    const found = await made.get(id)
    expect(found).toMatchObject({ state: 'ready', period: '', incident: 'known' })
    expect(found?.files.map(({ name }) => name)).toEqual(['incident.html', 'incident.json', 'incident.pdf'])
    const json: unknown = JSON.parse(Buffer.from((await made.file(id, 'incident.json'))?.content ?? '').toString())
    expect(json).toMatchObject({ incident: { id: sampleFleet(3).incident().incident.id } })
  })

  test('of an incident that is gone fails and says so', async () => {
    const made = reports()
    const { id } = await made.request({ ...WISH, template: 'incident', incident: 'gone', formats: ['pdf'] }, 'alice')
    await made.idle()
    expect(await made.get(id)).toMatchObject({ state: 'failed', files: [], detail: expect.stringContaining('"gone"') })
  })

  test('freezes a relative period when it is asked for', async () => {
    const made = reports()
    const asked = await made.request({ ...WISH, period: 'last-week' }, 'alice')
    expect(asked.period).toBe('2026-W14')
    await made.idle()
  })

  test('of a period that means nothing is refused at once', async () => {
    await expect(reports().request({ ...WISH, period: 'then' }, 'alice')).rejects.toThrow('"then" is not a period')
    expect(counted.begun).toBe(0)
  })
})

describe('many reports on request', () => {
  test('two are made at once, eight wait, and one more is refused', async () => {
    const { analytics, open, waiting } = gate()
    const made = reports({ analytics })
    const asked = await Promise.all(Array.from({ length: 10 }, () => made.request(WISH, 'alice')))
    await expect(made.request(WISH, 'bob')).rejects.toMatchObject({ name: 'RequestsFullError' })
    await expect.poll(waiting).toBe(2)
    const states = async () => (await made.list()).map(({ state }) => state).toSorted()
    expect(await states()).toEqual([...Array(2).fill('making'), ...Array(8).fill('waiting')])
    open()
    await made.idle()
    expect(await states()).toEqual(Array(10).fill('ready'))
    expect(counted).toEqual({ begun: 10 })
    expect((await made.request(WISH, 'bob')).id).not.toBe(asked[0]?.id)
    await made.idle()
  })

  test('wait while the analyses of others take all places', async () => {
    const fleet = sampleFleet(1)
    let refusals = 1
    const made = reports({
      analytics: {
        async analysis({ period, timeZone }) {
          if (refusals-- > 0) throw Object.assign(new Error('busy'), { name: 'AnalyticsBusyError' })
          return fleet.analysis(period, timeZone)
        },
        incidentAnalysis: async () => null,
      },
    })
    const { id } = await made.request({ ...WISH, formats: ['json'] }, 'alice')
    await made.idle()
    expect(await made.get(id)).toMatchObject({ state: 'ready' })
  })

  test('old ones expire, and so do those beyond two hundred', async () => {
    const made = reports()
    const { id } = await made.request(WISH, 'alice')
    await made.idle()
    expect(await made.expire(NOW)).toBe(0)
    expect(await made.expire(NOW + 1)).toBe(1)
    expect(await made.get(id)).toBeNull()
    expect(readdirSync(join(directory, '_requested'))).toEqual([])
    const facts = { ...WISH, state: 'ready', detail: '', requestedBy: 'a', doneMs: 1, files: [] }
    const { id: seed } = await made.request({ ...WISH, formats: ['json'] }, 'alice')
    await made.idle()
    for (let index = 0; index < 200; index++) {
      const old = index.toString(16).padStart(16, '0')
      const folder = join(directory, '_requested', old)
      mkdirSync(folder)
      writeFileSync(join(folder, 'request.json'), JSON.stringify({ ...facts, id: old, requestedMs: NOW - DAY + index }))
    }
    await made.request({ ...WISH, formats: ['json'] }, 'alice')
    await made.idle()
    const kept = (await made.list()).map((one) => one.id)
    expect(kept).toHaveLength(200)
    expect(kept).toContain(seed)
    expect(kept).not.toContain('0'.repeat(16))
  })
})

describe('when something goes wrong', () => {
  test('a browser that is missing is told with the report', async () => {
    const made = reports({
      pdf: () => ({ render: () => Promise.reject(new PdfError('no_browser', 'No Chromium was found.')) }),
    })
    const { id } = await made.request({ ...WISH, formats: ['pdf'] }, 'alice')
    await made.idle()
    expect(await made.get(id)).toMatchObject({ state: 'failed', detail: 'No Chromium was found.', files: [] })
  })

  test('a folder that cannot be used is told at once, and takes no place', async () => {
    writeFileSync(join(directory, 'file'), '')
    const options = ReportsOptions.parse({ directory: join(directory, 'file') })
    const made = reports({ options: () => options })
    for (let count = 0; count < 11; count++)
      await expect(made.request(WISH, 'alice')).rejects.toMatchObject({ name: 'ReportsFolderError' })
  })

  test('the end of the exporter ends it, and the next process says so', async () => {
    const { analytics, waiting } = gate()
    const made = reports({ analytics })
    const running = await made.request(WISH, 'alice')
    await expect.poll(waiting).toBe(1)
    const facts = readFileSync(join(directory, '_requested', running.id, 'request.json'), 'utf8')
    ending.abort()
    await made.idle()
    expect(await made.get(running.id)).toMatchObject({ state: 'failed', detail: expect.stringContaining('ended') })
    // As kill -9 leaves it.
    writeFileSync(join(directory, '_requested', running.id, 'request.json'), facts)
    clock.nowMs += 1
    expect(await reports().get(running.id)).toMatchObject({ state: 'failed', detail: expect.stringContaining('ended') })
  })

  test('one that takes too long is given up, and says what to do', async () => {
    const { analytics } = gate()
    const made = reports({ analytics, limitMs: 30 })
    const { id } = await made.request({ ...WISH, formats: ['json'] }, 'alice')
    await made.idle()
    expect(await made.get(id)).toMatchObject({
      state: 'failed',
      detail: 'It was not ready within 0.0005 minutes. Ask for a shorter period or fewer accounts.',
    })
  })

  test('no id and no name leads out of the folder of a report', async () => {
    const made = reports()
    const { id } = await made.request({ ...WISH, formats: ['json'] }, 'alice')
    await made.idle()
    for (const name of ['request.json', '../request.json', `../${id}/request.json`, 'nothing.json'])
      expect(await made.file(id, name)).toBeNull()
    for (const other of ['..', '.', '', `../_requested/${id}`, 'ffffffffffffffff'])
      expect(await made.get(other)).toBeNull()
    expect(existsSync(join(directory, '_requested', id, 'request.json'))).toBe(true)
  })
})
