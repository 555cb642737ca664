import { resolve } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Log } from '../log.ts'
import type { Analysis, IncidentAnalysis } from '../reports/analysis.ts'
import { incidentDocument } from '../reports/document/post-mortem.ts'
import { reportDocument, type Template } from '../reports/document/report.ts'
import type { ReportLook } from '../reports/document/writing.ts'
import { createPdfRenderer } from '../reports/pdf.ts'
import { incidentJson, jsonReport } from '../reports/report-json.ts'
import type { CommandIo } from './io.ts'

/** How documents are made. */
export interface DocumentParts {
  readonly look: ReportLook
  /** `reports.pdf` of the configuration. */
  readonly pdf: Config['reports']['pdf']
  readonly io: Pick<CommandIo, 'cwd' | 'env'>
  readonly log: Log
  /** Told before something that takes long. */
  readonly begins: (what: string) => void
  readonly signal: AbortSignal
}

type DocumentFormat = 'json' | 'html' | 'pdf'

/**
 * The report as one file. The same analysis gives the same bytes: a PDF is dated by its figures.
 * @throws PdfError
 */
export async function reportFile(
  analysis: Analysis,
  format: DocumentFormat,
  template: Template,
  parts: DocumentParts,
): Promise<string | Uint8Array> {
  if (format === 'json') return jsonReport(analysis)
  parts.begins('Writing the document …')
  const page = reportDocument(analysis, template, parts.look)
  return format === 'html' ? await page : await printed(page, analysis.asOfMs, parts)
}

/**
 * The post-mortem of one incident as one file.
 * @throws PdfError
 */
export async function incidentFile(
  analysis: IncidentAnalysis,
  format: DocumentFormat,
  parts: DocumentParts,
): Promise<string | Uint8Array> {
  if (format === 'json') return incidentJson(analysis)
  const page = incidentDocument(analysis, parts.look)
  return format === 'html' ? page : await printed(page, analysis.asOfMs, parts)
}

async function printed(
  page: string | Promise<string>,
  dateMs: number,
  { pdf, io, log, begins, signal }: DocumentParts,
) {
  const { browser, sandbox, timeout } = pdf
  begins('Printing the PDF …')
  const renderer = createPdfRenderer({
    browser: browser === undefined ? null : resolve(io.cwd, browser),
    searchPath: io.env['PATH'] ?? '',
    sandbox,
    timeoutMs: timeout,
    log,
  })
  return await renderer.render(page, dateMs, signal)
}
