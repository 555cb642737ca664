import type { Log } from '../log.ts'
import type { Analysis } from '../reports/analysis.ts'
import { reportDocument, type Template } from '../reports/document/report.ts'
import { DEFAULT_LOOK, type ReportLook } from '../reports/document/writing.ts'
import { createPdfRenderer } from '../reports/pdf.ts'

const PDF_LIMIT_MS = 120_000

/** The report as a document for people. The same analysis gives the same bytes: a PDF is dated by the period's end. */
export async function documentFile(
  analysis: Analysis,
  format: 'html' | 'pdf',
  options: { readonly template: Template } & Pick<ReportLook, 'language' | 'paper'>,
  searchPath: string,
  log: Log,
  signal: AbortSignal,
): Promise<string | Uint8Array> {
  const { language, paper, template } = options
  const page = await reportDocument(analysis, template, { ...DEFAULT_LOOK, language, paper })
  if (format === 'html') return page
  const renderer = createPdfRenderer({ browser: null, searchPath, sandbox: 'auto', timeoutMs: PDF_LIMIT_MS, log })
  return await renderer.render(page, analysis.asOfMs, signal)
}
