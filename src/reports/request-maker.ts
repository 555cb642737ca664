import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Analytics } from './analytics.ts'
import { incidentDocument } from './document/post-mortem.ts'
import type { ReportLook } from './document/writing.ts'
import type { PdfRenderer } from './pdf.ts'
import { parsePeriod } from './period.ts'
import { makeFiles, replaced } from './report-folder.ts'
import { incidentJson } from './report-json.ts'
import type { ReportWish } from './requested-report.ts'

/** What making a report on request needs from the running exporter. */
export interface RequestMakerParts {
  readonly analytics: Pick<Analytics, 'analysis' | 'incidentAnalysis'>
  pdf(): PdfRenderer
  /** How reports look by the configuration; throws where it cannot be had. */
  look(): ReportLook
  readonly log: Log
  now(): number
}

/** How long a report waits for analyses of others. */
const BUSY_PAUSE_MS = 2_000

/**
 * Makes the files of a report on request.
 * @throws StoreError, PdfError, the file system's error, or the signal's reason
 */
export async function makeRequested(
  wish: ReportWish,
  folder: string,
  parts: RequestMakerParts,
  signal: AbortSignal,
): Promise<void> {
  const { template } = wish
  if (template === 'incident') await makePostMortem(wish, folder, parts, signal)
  else {
    const { timeZone, select, formats } = wish
    const period = parsePeriod(wish.period, timeZone, parts.now())
    const order = { fileName: template, timeZone, select, template, formats }
    const from = { analytics: parts.analytics, pdf: parts.pdf(), look: lookFor(wish, parts.look()), log: parts.log }
    await whenNotBusy(signal, () => makeFiles(order, period, folder, from, signal))
  }
}

async function makePostMortem(
  { incident, timeZone, formats, ...wish }: ReportWish,
  folder: string,
  parts: RequestMakerParts,
  signal: AbortSignal,
): Promise<void> {
  const analysis = incident === null ? null : await parts.analytics.incidentAnalysis(incident, timeZone)
  if (analysis === null) throw new Error(`There is no incident with the id "${incident}" any more.`)
  const base = join(folder, 'incident')
  const page = incidentDocument(analysis, lookFor(wish, parts.look()))
  if (formats.includes('json')) await replaced(`${base}.json`, incidentJson(analysis))
  if (formats.includes('html')) await replaced(`${base}.html`, page)
  if (formats.includes('pdf')) await replaced(`${base}.pdf`, await parts.pdf().render(page, analysis.asOfMs, signal))
}

function lookFor({ language, paper }: Pick<ReportWish, 'language' | 'paper'>, look: ReportLook): ReportLook {
  const spoken = language === null || language === look.language ? look : { ...look, language, locale: null }
  return paper === null ? spoken : { ...spoken, paper }
}

/** Tries again while the analyses of others take all places. */
async function whenNotBusy<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'AnalyticsBusyError') throw error
    }
    await pause(BUSY_PAUSE_MS, undefined, { signal })
  }
}
