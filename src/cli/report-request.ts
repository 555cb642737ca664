import { extname, resolve } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Selection } from '../health/maintenance.ts'
import type { Template } from '../reports/document/report.ts'
import type { ReportLook } from '../reports/document/writing.ts'
import type { HistoryChoice } from '../reports/history-choice.ts'
import { lookOf } from '../reports/look.ts'
import type { CommandIo } from './io.ts'

export const FORMATS = ['csv', 'json', 'html', 'pdf'] as const
export type Format = (typeof FORMATS)[number]

/** What the command `report` was given. */
export interface ReportFlags {
  readonly config: string
  readonly period: string
  readonly timeZone: string
  readonly incident?: string
  readonly format?: Format
  readonly out?: string
  readonly account?: readonly string[]
  readonly gateway?: readonly string[]
  readonly label?: readonly string[]
  readonly template: Template
  readonly language?: 'en' | 'de'
  readonly paper?: 'a4' | 'letter'
  readonly worst: string
  readonly source: HistoryChoice
}

/** What went wrong for a reason that the user can change; its message says how. */
export class ReportFault extends Error {
  override readonly name = 'ReportFault'
}

export function formatOf({ format, out }: ReportFlags): Format {
  const ending = extname(out ?? '').slice(1)
  return format ?? FORMATS.find((one) => one === ending) ?? 'json'
}

/** @throws ReportFault for csv */
export function incidentFormatOf(flags: ReportFlags): Exclude<Format, 'csv'> {
  const format = formatOf(flags)
  if (format !== 'csv') return format
  throw new ReportFault('--incident is told as pdf, html or json: one incident makes no table. Choose one of them.')
}

/** Where it is written; null for the terminal. @param what names the file where nobody did */
export function outOf({ out }: ReportFlags, format: Format, what: string, io: Pick<CommandIo, 'cwd'>): string | null {
  if (out !== undefined) return resolve(io.cwd, out)
  if (format === 'json') return null
  const name = what.replace(/[^A-Za-z0-9._-]+/g, '_')
  return resolve(io.cwd, format === 'csv' ? name : `${name}.${format}`)
}

/** @throws ReportFault for a label that is none */
export function selectionOf({ account, gateway, label }: ReportFlags): Selection {
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

/** @throws ReportFault for a number that is none */
export function worstOf({ worst }: ReportFlags): number {
  if (/^\d{1,5}$/.test(worst)) return Number(worst)
  throw new ReportFault(`--worst "${worst}" is not a number from 0 to 99999.`)
}

/**
 * The look of the configuration, with the language and paper that were asked for.
 * @throws ReportFault where the logo cannot be used
 */
export function lookFor(
  { reports }: Pick<Config, 'reports'>,
  { language, paper }: ReportFlags,
  { cwd }: CommandIo,
): ReportLook {
  const { logoFile } = reports.brand
  const brand = logoFile === undefined ? reports.brand : { ...reports.brand, logoFile: resolve(cwd, logoFile) }
  try {
    const look = lookOf({ ...reports, brand })
    return {
      ...look,
      paper: paper ?? look.paper,
      // The locale of the configuration goes with its language.
      ...(language === undefined || language === look.language ? {} : { language, locale: null }),
    }
  } catch (error) {
    throw new ReportFault(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Options that say which accounts and which time a report is about; of an incident all is told. */
const ABOUT_MANY = ['period', 'account', 'gateway', 'label', 'template', 'worst', 'source'] as const

/**
 * @param isGiven whether an option was written, not taken from its default
 * @throws ReportFault where the options contradict each other
 */
export function checkFlags({ incident }: ReportFlags, isGiven: (option: string) => boolean): void {
  const extra = ABOUT_MANY.filter(isGiven)
  if (incident === undefined || extra.length === 0) return
  throw new ReportFault(
    `--incident tells all of one incident, so ${extra.map((name) => `--${name}`).join(', ')} cannot be used with it. Leave out one or the other.`,
  )
}
