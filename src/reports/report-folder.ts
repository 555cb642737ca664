import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import type { Analysis, Period } from './analysis.ts'
import type { Analytics } from './analytics.ts'
import { csvReport } from './csv-report.ts'
import { verdictOf } from './document/cover.ts'
import { reportDocument } from './document/report.ts'
import { periodText, type ReportLook, selectionText, writingFor } from './document/writing.ts'
import type { Attachment, Mail } from './mail.ts'
import type { PdfRenderer } from './pdf.ts'
import { jsonReport } from './report-json.ts'
import type { ReportFormat, ReportOrder } from './report-order.ts'

/** What making a report needs from the running exporter. */
export interface FolderParts {
  readonly analytics: Pick<Analytics, 'analysis'>
  readonly pdf: PdfRenderer
  readonly look: ReportLook
  readonly log: Log
}

/** What the mails of a report say; written beside its files, so that a retry needs no analysis. */
interface MailText {
  readonly subject: string
  readonly lines: readonly string[]
}

const WORST = 50
const CSV_FOLDER = 'csv'
const MAIL_FILE = 'mail.json'
/** Many mail servers take 25 MB; base64 makes a third more of every file. */
const MOST_ATTACHED_BYTES = 15_000_000

const TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
}

/** Folder of one report; period names hold nothing that a path could mind. */
export function reportFolder(directory: string, schedule: string, period: string): string {
  return join(directory, schedule, period)
}

/**
 * Makes the files of a report and what its mails say. Made twice, it is the same: each file is replaced as a whole.
 * @throws StoreError, PdfError, the file system's error, or the signal's reason
 */
export async function makeReport(
  order: ReportOrder,
  period: Period,
  folder: string,
  parts: FolderParts,
  signal: AbortSignal,
): Promise<void> {
  const analysis = await makeFiles(order, period, folder, parts, signal)
  await replaced(join(folder, MAIL_FILE), JSON.stringify(mailText(order, analysis, parts.look)))
}

/**
 * Makes the files of a report, `<fileName>-<period>.<format>` and the CSV tables, and returns what they say.
 * @throws as makeReport does
 */
export async function makeFiles(
  order: Pick<ReportOrder, 'fileName' | 'timeZone' | 'select' | 'template' | 'formats'>,
  period: Period,
  folder: string,
  parts: FolderParts,
  signal: AbortSignal,
): Promise<Analysis> {
  const { analytics, pdf, look } = parts
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const has = (format: ReportFormat) => order.formats.includes(format)
  const csv = has('csv') ? await csvReport(join(folder, CSV_FOLDER)) : null
  try {
    const query = { period: period.name, timeZone: order.timeZone, selection: order.select, worst: WORST }
    const analysis = await analytics.analysis(query, signal, async (account) => csv?.add(account))
    await csv?.finish(analysis)
    const base = join(folder, `${order.fileName}-${period.name}`)
    if (has('json')) await replaced(`${base}.json`, jsonReport(analysis))
    if (has('html') || has('pdf')) {
      const page = reportDocument(analysis, order.template, look)
      if (has('html')) await replaced(`${base}.html`, await page)
      if (has('pdf')) await replaced(`${base}.pdf`, await pdf.render(page, analysis.asOfMs, signal))
    }
    return analysis
  } finally {
    await csv?.discard()
  }
}

function mailText({ template, select }: ReportOrder, analysis: Analysis, look: ReportLook): MailText {
  const writing = writingFor(look, analysis.period.timeZone)
  const { words, formats } = writing
  const when = periodText(analysis.period, writing)
  const { text, notes } = verdictOf(analysis, writing)
  const { fleet } = analysis
  const { figures } = words
  return {
    subject: words.mail.subject(words.titles[template], when, look.brand.name),
    lines: [
      text,
      ...notes,
      '',
      `${figures.availability}: ${formats.availability(fleet.availability)}`,
      `${figures.accountsMet}: ${figures.of(formats.number(fleet.met), formats.number(fleet.accounts))}`,
      `${figures.downtime}: ${formats.span(fleet.downtimeMs)}`,
      `${figures.incidents}: ${formats.number(fleet.incidents)}`,
      `${figures.coverage}: ${formats.percent(fleet.coverage)}`,
      '',
      `${selectionText(select, writing)}, ${words.period.zone(analysis.period.timeZone)}`,
    ].map((line) => line.replaceAll('\u00a0', ' ')),
  }
}

/**
 * The mail that brings a report to one recipient; null where its files are gone.
 * @param lateDueMs when it was due, of a report that comes late
 * @param subscribed of a subscription: where the recipient ends it, null where no address is known
 * @param origin right side of the Message-ID: two exporters that send different mails must not share it
 */
export async function reportMail(
  report: { readonly schedule: string; readonly period: string; readonly dueMs: number },
  folder: string,
  recipient: string,
  lateDueMs: number | null,
  timeZone: string,
  look: ReportLook,
  subscribed: { readonly endUrl: string | null } | undefined,
  origin: string,
): Promise<Mail | null> {
  const told = await readFile(join(folder, MAIL_FILE), 'utf8').catch(() => null)
  if (told === null) return null
  const { subject, lines } = JSON.parse(told) as MailText
  const files = await filesOf(folder)
  const isTooLarge = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > MOST_ATTACHED_BYTES
  const { words, formats } = writingFor(look, timeZone)
  const { mail } = words
  const text = [
    ...lines,
    '',
    isTooLarge ? mail.tooLarge : mail.hello,
    ...(lateDueMs === null ? [] : [mail.late(formats.dateTime(lateDueMs))]),
    subscribed === undefined ? mail.reason(report.schedule) : mail.subscribed(subscribed.endUrl),
    '',
  ].join('\n')
  return {
    to: recipient,
    subject,
    text,
    attachments: isTooLarge ? [] : await Promise.all(files.map(attached)),
    messageId: `${report.schedule}.${report.period}.${recipient.replace(/[^A-Za-z0-9.-]/g, '-')}@${origin}`,
    dateMs: report.dueMs,
    unsubscribeUrl: subscribed?.endUrl,
  }
}

/** A file of a report that people read. */
export interface ReportFile {
  /** As it is asked for: `acme-2026-03.pdf`, `csv/accounts.csv`. */
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly type: string
}

/** A file that somebody may have. */
export interface ReadyFile {
  readonly name: string
  readonly type: string
  readonly content: Uint8Array
}

/** The files of a report, in the order of their names; none where there is no such folder. */
export async function filesOf(folder: string): Promise<readonly ReportFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const found: ReportFile[] = []
  for (const name of names.toSorted()) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (type === undefined || name === MAIL_FILE || name.includes('.draft')) continue
    const path = join(folder, name)
    const facts = await stat(path).catch(() => null)
    if (facts?.isFile() === true) found.push({ name: name.replaceAll('\\', '/'), path, sizeBytes: facts.size, type })
  }
  return found
}

async function attached({ name, path, type }: ReportFile): Promise<Attachment> {
  return { name: name.slice(name.lastIndexOf('/') + 1), type, content: await readFile(path) }
}

/**
 * Removes the reports that were made before, what was left of those that could not be made, and the folders of schedules
 * and subscriptions that have no report any more.
 * @returns how many
 */
export async function expireReports(directory: string, beforeMs: number): Promise<number> {
  let removed = 0
  for (const schedule of await folders(directory)) {
    for (const period of await folders(join(directory, schedule))) {
      const folder = reportFolder(directory, schedule, period)
      const facts = await stat(join(folder, MAIL_FILE)).catch(() => stat(folder).catch(() => null))
      if (facts === null || facts.mtimeMs >= beforeMs) continue
      await rm(folder, { recursive: true, force: true })
      removed += 1
    }
    // Refused where anything is in it.
    await rmdir(join(directory, schedule)).catch(() => {})
  }
  return removed
}

async function folders(of: string): Promise<readonly string[]> {
  const entries = await readdir(of, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Nobody reads half a file: it is written beside its place and then moved there. */
export async function replaced(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.draft`
  await writeFile(draft, content, { mode: 0o600 })
  await rename(draft, path)
}
