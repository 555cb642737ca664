import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, relative, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Selection } from '../health/maintenance.ts'
import { type Log, silentLog } from '../log.ts'
import { maintenanceCalendar } from '../notifications/calendar.ts'
import { type AccountSink, analyse } from '../reports/analyse.ts'
import type { Analysis } from '../reports/analysis.ts'
import { csvReport } from '../reports/csv-report.ts'
import { TEMPLATES, type Template } from '../reports/document/report.ts'
import { HISTORY_CHOICES, type HistoryChoice, historyReader } from '../reports/history-choice.ts'
import { PdfError } from '../reports/pdf.ts'
import { PeriodError, parsePeriod } from '../reports/period.ts'
import { PrometheusError } from '../reports/prometheus-api.ts'
import { jsonReport } from '../reports/report-json.ts'
import { type StoreReader, sqliteReader } from '../store/sqlite-reader.ts'
import { StoreError } from '../store/store.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'
import { documentFile } from './report-document.ts'

const FORMATS = ['csv', 'json', 'html', 'pdf'] as const
type Format = (typeof FORMATS)[number]

interface Options {
  readonly config: string
  readonly period: string
  readonly timeZone: string
  readonly format?: Format
  readonly out?: string
  readonly account?: readonly string[]
  readonly gateway?: readonly string[]
  readonly label?: readonly string[]
  readonly template: Template
  readonly language: 'en' | 'de'
  readonly paper: 'a4' | 'letter'
  readonly worst: string
  readonly source: HistoryChoice
}

/** What went wrong for a reason that the user can change; its message says how. */
class ReportFault extends Error {
  override readonly name = 'ReportFault'
}

/**
 * `whatsapp-exporter report`: analyses a period and writes it as files. It reads the store's file beside a running
 * exporter or without one. Exit code 0, 1 where an objective was missed, 2 where no report could be made.
 */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter report')
    .description('Write the SLA report of a period. Works with and without a running exporter.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option(
      '-p, --period <period>',
      'last-week, this-month, last-30-days, 2026-03, 2026-W10, 2026-03-01..2026-03-15 …',
      'last-week',
    )
    .option('--time-zone <zone>', 'IANA time zone in which days begin', 'UTC')
    .addOption(
      new Option('-f, --format <format>', 'what is written (default: from the name in --out, else json)').choices(
        FORMATS,
      ),
    )
    .option('-o, --out <path>', 'file, or folder for csv (default: json to the terminal, else a name with the period)')
    .option('--account <id...>', 'only these accounts, by id, phone or gateway/account')
    .option('--gateway <name...>', 'only accounts of these gateways')
    .option('--label <name=value...>', 'only accounts with all of these labels')
    .addOption(new Option('--template <name>', 'html and pdf: how much is told').choices(TEMPLATES).default('monthly'))
    .addOption(new Option('--language <code>', 'html and pdf: language').choices(['en', 'de']).default('en'))
    .addOption(new Option('--paper <size>', 'html and pdf: paper').choices(['a4', 'letter']).default('a4'))
    .option('--worst <count>', 'how many of the worst accounts are told in full', '50')
    .addOption(new Option('--source <source>', 'where the history comes from').choices(HISTORY_CHOICES).default('auto'))
  return runCommand(command, args, io, async () => {
    const options = command.opts<Options>()
    const loaded = loadConfig(resolve(io.cwd, options.config), io.env)
    if (!reportFaults(options.config, loaded, io)) return EXIT.usage
    try {
      return await report(loaded.config, options, io, signal)
    } catch (error) {
      if (!isExpected(error)) throw error
      io.stderr.write(`${error.message}\n`)
      return EXIT.usage
    }
  })
}

async function report(config: Config, options: Options, io: CommandIo, signal: AbortSignal): Promise<number> {
  const nowMs = Date.now()
  const period = parsePeriod(options.period, options.timeZone, nowMs)
  const format = formatOf(options)
  const request = { period, selection: selectionOf(options), worst: worstOf(options) }
  const out = outOf(options, format, period.name, io)
  const log = toStderr(io)
  const reader = openReader(config, io, log)
  const progress = progressBar(io)
  try {
    const windows = await windowsOf(config, reader, nowMs)
    const { history, trouble } = historyReader(options.source, config.prometheus, reader)
    const csv = format === 'csv' && out !== null ? await csvReport(out) : null
    const sink: AccountSink = async (account, done, total) => {
      progress.show(done, total)
      await csv?.add(account)
    }
    try {
      const analysis = await analyse(
        request,
        {
          accounts: () => reader.accounts(),
          ledger: reader,
          history,
          historyTrouble: trouble,
          windows,
          defaultObjective: config.slo.objective,
          now: () => nowMs,
        },
        signal,
        sink,
      )
      progress.end()
      if (csv !== null && out !== null) told(io, out, `${(await csv.finish(analysis)).length} tables`)
      else await writeDocument(analysis, format, out, options, io, signal, log)
      for (const { detail } of analysis.notes) io.stderr.write(`note: ${detail}\n`)
      return analysis.fleet.missed > 0 ? EXIT.unhealthy : EXIT.fine
    } finally {
      await csv?.discard()
    }
  } finally {
    progress.end()
    await reader.close()
  }
}

async function writeDocument(
  analysis: Analysis,
  format: Format,
  out: string | null,
  options: Options,
  io: CommandIo,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const content =
    format === 'html' || format === 'pdf'
      ? await documentFile(analysis, format, options, io.env['PATH'] ?? '', log, signal)
      : jsonReport(analysis)
  if (out === null) {
    io.stdout.write(content.toString())
    return
  }
  await replaceFile(out, content)
  told(io, out, `${analysis.fleet.accounts} accounts`)
}

function told(io: CommandIo, path: string, what: string): void {
  io.stdout.write(`Wrote ${relative(io.cwd, path) || '.'} (${what})\n`)
}

async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(draft, content, { flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

function formatOf({ format, out }: Options): Format {
  if (format !== undefined) return format
  const ending = extname(out ?? '').slice(1)
  return FORMATS.find((one) => one === ending) ?? 'json'
}

function outOf({ out }: Options, format: Format, period: string, io: CommandIo): string | null {
  if (out !== undefined) return resolve(io.cwd, out)
  if (format === 'json') return null
  const name = `report-${period}`
  return resolve(io.cwd, format === 'csv' ? name : `${name}.${format}`)
}

function selectionOf({ account, gateway, label }: Options): Selection {
  const labels = label?.map((text) => {
    const at = text.indexOf('=')
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const
    throw new ReportFault(`--label "${text}" is not name=value. Write for example --label tenant=acme.`)
  })
  return {
    ...(account === undefined ? {} : { accounts: account }),
    ...(gateway === undefined ? {} : { gateways: gateway }),
    ...(labels === undefined ? {} : { labels: Object.fromEntries(labels) }),
  }
}

function worstOf({ worst }: Options): number {
  if (/^\d{1,5}$/.test(worst)) return Number(worst)
  throw new ReportFault(`--worst "${worst}" is not a number from 0 to 99999.`)
}

function openReader(config: Config, io: CommandIo, log: Log): StoreReader {
  if (config.store.kind === 'sqlite') return sqliteReader(resolve(io.cwd, config.store.path), log)
  throw new ReportFault(
    'store.kind is mongodb, which this command does not read. Ask a running exporter: GET /api/analytics/report.',
  )
}

async function windowsOf(config: Config, reader: StoreReader, nowMs: number) {
  const calendar = maintenanceCalendar({
    configured: () => config.maintenance,
    store: {
      maintenance: () => reader.maintenance(),
      putMaintenance: () => Promise.reject(new ReportFault('A report changes no maintenance.')),
    },
    nowMs: () => nowMs,
    changed: () => {},
  })
  await calendar.refresh()
  return (fromMs: number, toMs: number) => calendar.windows(fromMs, toMs)
}

/** Warnings and errors only: stdout may be the report. */
function toStderr(io: CommandIo): Log {
  const say = (_facts: object, text: string) => void io.stderr.write(`${text}\n`)
  return { ...silentLog, warn: say, error: say }
}

function progressBar({ stderr }: CommandIo): { show(done: number, total: number): void; end(): void } {
  let shown = ''
  return {
    show(done, total) {
      if (stderr.isTTY !== true) return
      const filled = Math.floor((20 * done) / total)
      const bar = `\r[${'#'.repeat(filled)}${'.'.repeat(20 - filled)}] ${done} of ${total} accounts`
      if (bar !== shown) stderr.write(bar)
      shown = bar
    },
    end() {
      if (shown !== '') stderr.write('\n')
      shown = ''
    },
  }
}

function isExpected(error: unknown): error is Error {
  if (error instanceof PeriodError || error instanceof StoreError || error instanceof PrometheusError) return true
  if (error instanceof ReportFault || error instanceof PdfError) return true
  // The file system's: the message names the path.
  return error instanceof Error && 'code' in error && 'path' in error
}
