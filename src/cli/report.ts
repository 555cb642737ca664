import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Log, silentLog } from '../log.ts'
import { maintenanceCalendar } from '../notifications/calendar.ts'
import { type AccountSink, analyse } from '../reports/analyse.ts'
import { analyseIncident } from '../reports/analyse-incident.ts'
import { csvReport } from '../reports/csv-report.ts'
import { TEMPLATES } from '../reports/document/report.ts'
import { DEFAULT_LOOK } from '../reports/document/writing.ts'
import { HISTORY_CHOICES, historyReader } from '../reports/history-choice.ts'
import { PdfError } from '../reports/pdf.ts'
import { PeriodError, parsePeriod } from '../reports/period.ts'
import { PrometheusError } from '../reports/prometheus-api.ts'
import { openReader } from '../store/open-reader.ts'
import type { StoreReader } from '../store/reader.ts'
import { StoreError } from '../store/store.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'
import { type ProgressBar, progressBar } from './progress-bar.ts'
import { type DocumentParts, incidentFile, reportFile } from './report-document.ts'
import {
  checkFlags,
  FORMATS,
  type Format,
  formatOf,
  incidentFormatOf,
  lookFor,
  outOf,
  ReportFault,
  type ReportFlags,
  selectionOf,
  worstOf,
} from './report-request.ts'

/** What every kind of report needs. */
interface World {
  readonly config: Config
  readonly flags: ReportFlags
  readonly io: CommandIo
  readonly signal: AbortSignal
  readonly log: Log
  readonly nowMs: number
  readonly reader: StoreReader
  readonly progress: ProgressBar
}

/**
 * `whatsapp-exporter report`: analyses a period or an incident and writes it as files. It reads the store beside a
 * running exporter or without one. Exit code 0, 1 where an objective was missed, 2 where no report could be made.
 */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter report')
    .description('Write the SLA report of a period, or the post-mortem of an incident. It needs no running exporter.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option(
      '-p, --period <period>',
      'last-week, this-month, last-30-days, 2026-03, 2026-W10, 2026-03-01..2026-03-15 …',
      'last-week',
    )
    .option('--time-zone <zone>', 'IANA time zone in which days begin', 'UTC')
    .option('--incident <id>', 'tell one incident instead, by the id that GET /api/incidents gives')
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
    .addOption(
      new Option('--language <code>', 'html and pdf: language (default: reports.language)').choices(['en', 'de']),
    )
    .addOption(new Option('--paper <size>', 'html and pdf: paper (default: reports.paper)').choices(['a4', 'letter']))
    .option('--worst <count>', 'how many of the worst accounts are told in full', '50')
    .addOption(new Option('--source <source>', 'where the history comes from').choices(HISTORY_CHOICES).default('auto'))
  return runCommand(command, args, io, async () => {
    const flags = command.opts<ReportFlags>()
    const loaded = loadConfig(resolve(io.cwd, flags.config), io.env)
    if (!reportFaults(flags.config, loaded, io)) return EXIT.usage
    try {
      checkFlags(flags, (option) => command.getOptionValueSource(option) === 'cli')
      return await report(loaded.config, flags, io, signal)
    } catch (error) {
      if (signal.aborted) io.stderr.write('Interrupted. No report was written.\n')
      else if (isExpected(error)) io.stderr.write(`${error.message}\n`)
      else throw error
      return EXIT.usage
    }
  })
}

async function report(config: Config, flags: ReportFlags, io: CommandIo, signal: AbortSignal): Promise<number> {
  const log = toStderr(io)
  const { store } = config
  const options = store.kind === 'sqlite' ? { ...store, path: resolve(io.cwd, store.path) } : store
  const reader = await openReader(options, log)
  const progress = progressBar(io)
  const world = { config, flags, io, signal, log, nowMs: Date.now(), reader, progress }
  try {
    return flags.incident === undefined ? await periodReport(world) : await incidentReport(flags.incident, world)
  } finally {
    progress.end()
    await reader.close()
  }
}

async function periodReport(world: World): Promise<number> {
  const { config, flags, io, signal, nowMs, reader, progress } = world
  const period = parsePeriod(flags.period, flags.timeZone, nowMs)
  const format = formatOf(flags)
  const request = { period, selection: selectionOf(flags), worst: worstOf(flags) }
  const out = outOf(flags, format, `report-${period.name}`, io)
  const document = documentParts(format, world)
  const { history, trouble } = historyReader(flags.source, config.prometheus, reader)
  const csv = format === 'csv' && out !== null ? await csvReport(out) : null
  const sink: AccountSink = async (account, done, total) => {
    progress.show(done, total, 'accounts')
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
        windows: await windowsOf(world),
        defaultObjective: config.slo.objective,
        now: () => nowMs,
      },
      signal,
      sink,
    )
    if (analysis.fleet.accounts === 0) throw await nobody(world)
    if (csv !== null && out !== null) {
      const tables = await csv.finish(analysis)
      progress.end()
      told(io, out, `${tables.length} tables`)
    } else if (format !== 'csv') {
      const content = await reportFile(analysis, format, flags.template, document)
      await writeOut(content, out, `${analysis.fleet.accounts} accounts`, world)
    }
    for (const { detail } of analysis.notes) io.stderr.write(`note: ${detail}\n`)
    return analysis.fleet.missed > 0 ? EXIT.unhealthy : EXIT.fine
  } finally {
    await csv?.discard()
  }
}

async function incidentReport(id: string, world: World): Promise<number> {
  const { config, flags, io, nowMs, reader } = world
  const format = incidentFormatOf(flags)
  const document = documentParts(format, world)
  const analysis = await analyseIncident(id, flags.timeZone, {
    accounts: () => reader.accounts(),
    ledger: reader,
    windows: await windowsOf(world),
    defaultObjective: config.slo.objective,
    now: () => nowMs,
  })
  if (analysis === null) {
    throw new ReportFault(
      `The store has no incident "${id}". GET /api/incidents and report --format json list incidents with their ids; old ones expire after store.retention.summaries.`,
    )
  }
  const out = outOf(flags, format, `incident-${id}`, io)
  const content = await incidentFile(analysis, format, document)
  await writeOut(content, out, `incident of ${analysis.account.key}`, world)
  return EXIT.fine
}

/** Why a report would be empty, and what to do about it. */
async function nobody({ reader, flags }: World): Promise<ReportFault> {
  const { length } = await reader.accounts()
  return new ReportFault(
    length === 0
      ? 'The store knows no account yet. Run the exporter, and make the report when it has watched the fleet.'
      : `None of the ${length} accounts in the store is what --account, --gateway and --label ask for${
          flags.account === undefined ? '' : ` (${flags.account.join(', ')})`
        }. whatsapp-exporter accounts lists them.`,
  )
}

/** Made before the analysis: a logo that cannot be read is told at once, and only to who wants it. */
function documentParts(format: Format, { config, flags, io, log, signal, progress }: World): DocumentParts {
  const isForPeople = format === 'html' || format === 'pdf'
  return {
    look: isForPeople ? lookFor(config, flags, io) : DEFAULT_LOOK,
    pdf: config.reports.pdf,
    io,
    log,
    begins: (what) => progress.say(what),
    signal,
  }
}

async function writeOut(content: string | Uint8Array, out: string | null, what: string, { io, progress }: World) {
  progress.end()
  if (out === null) {
    io.stdout.write(content.toString())
    return
  }
  await replaceFile(out, content)
  told(io, out, what)
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

async function windowsOf({ config, reader, nowMs }: World) {
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

function isExpected(error: unknown): error is Error {
  if (error instanceof PeriodError || error instanceof StoreError || error instanceof PrometheusError) return true
  if (error instanceof ReportFault || error instanceof PdfError) return true
  // The file system's: the message names the path.
  return error instanceof Error && 'code' in error && 'path' in error
}
