import type { Selection } from '../health/maintenance.ts'
import type { Template } from './document/report.ts'
import type { ReportFormat } from './report-order.ts'
import type { Language } from './words/words.ts'

/** What somebody wants to have made now. */
export interface ReportWish {
  /** As parsePeriod reads it; of a post-mortem without meaning. */
  readonly period: string
  /** IANA name. */
  readonly timeZone: string
  readonly select: Selection
  /** `incident` is the post-mortem of one incident. */
  readonly template: Template | 'incident'
  /** Id of that incident, else null. */
  readonly incident: string | null
  readonly formats: readonly ReportFormat[]
  /** Null: as the configuration has it. */
  readonly language: Language | null
  readonly paper: 'a4' | 'letter' | null
}

/** A report that somebody asked for. `period` is the name of the period then: `2026-03`. */
export interface RequestedReport extends ReportWish {
  readonly id: string
  readonly state: 'waiting' | 'making' | 'ready' | 'failed'
  /** Why it failed. */
  readonly detail: string
  readonly requestedMs: number
  readonly requestedBy: string
  /** When it was made or given up; null before. */
  readonly doneMs: number | null
  /** When its files are removed. */
  readonly expiresMs: number
  readonly files: readonly RequestedFile[]
}

/** A file of a requested report. */
export interface RequestedFile {
  /** `monthly-2026-03.pdf`, `accounts.csv`. */
  readonly name: string
  readonly format: ReportFormat
  readonly sizeBytes: number
}
