import type { z } from 'zod'
import type { AccountAnalysis, Analysis, IncidentAnalysis } from './analysis.ts'
import { AccountAnalysisDocument, IncidentAnalysisDocument, ReportDocument } from './report-schema.ts'

/** Fields that are moments; every other number in milliseconds is a span. */
const MOMENTS: Readonly<Record<string, string>> = {
  fromMs: 'from',
  toMs: 'to',
  asOfMs: 'asOf',
  atMs: 'at',
  watchedFromMs: 'watchedFrom',
  startMs: 'startedAt',
  endMs: 'endedAt',
  detectedMs: 'detectedAt',
  requestedMs: 'requestedAt',
  acceptedMs: 'acceptedAt',
}

/** Their names are the operator's: nothing in them is renamed. */
const FOREIGN = new Set(['labels', 'select', 'selection'])

/** The analysis in its published form. */
export function publishedReport(analysis: Analysis): ReportDocument {
  return ReportDocument.parse({ version: 1, ...fieldsOf(analysis) })
}

/** One account in its published form. */
export function publishedAccount(analysis: AccountAnalysis): z.output<typeof AccountAnalysisDocument> {
  return AccountAnalysisDocument.parse(fieldsOf(analysis))
}

/** One incident in its published form. */
export function publishedIncident(analysis: IncidentAnalysis): z.output<typeof IncidentAnalysisDocument> {
  return IncidentAnalysisDocument.parse(fieldsOf(analysis))
}

/** The file of a JSON report: the same analysis gives the same bytes. */
export function jsonReport(analysis: Analysis): string {
  return `${JSON.stringify(publishedReport(analysis), null, 2)}\n`
}

/** The file of a post-mortem: the same analysis gives the same bytes. */
export function incidentJson(analysis: IncidentAnalysis): string {
  return `${JSON.stringify(publishedIncident(analysis), null, 2)}\n`
}

function fieldsOf(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => publish(name, value))
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function publish(name: string, value: unknown): readonly [name: string, value: unknown] {
  if (FOREIGN.has(name)) return [name, typeof value === 'object' && value !== null ? withoutUndefined(value) : value]
  const moment = MOMENTS[name]
  if (moment !== undefined) return [moment, typeof value === 'number' ? new Date(value).toISOString() : value]
  if (name.endsWith('Ms')) return [`${name.slice(0, -2)}Seconds`, inSeconds(value)]
  return [name, published(value)]
}

function published(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(published)
  return typeof value === 'object' && value !== null ? fieldsOf(value) : value
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined))
}

/** To the microsecond: what is behind it is noise of the arithmetic. */
function inSeconds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSeconds)
  return typeof value === 'number' ? Math.round(value * 1000) / 1_000_000 : value
}
