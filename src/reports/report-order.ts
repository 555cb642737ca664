import type { Selection } from '../health/maintenance.ts'
import type { ReportSubscription } from '../store/store.ts'
import { TEMPLATES, type Template } from './document/report.ts'
import type { ReportsOptions } from './options.ts'
import type { Schedule } from './timetable.ts'
import { LANGUAGES, type Language } from './words/words.ts'

/** What a report can be written as. */
export const REPORT_FORMATS = ['pdf', 'csv', 'json', 'html'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** A report that is to be made again and again: what it is about, how it looks, and who receives it. */
export interface ReportOrder {
  /** Its name is the folder of its reports. */
  readonly schedule: Schedule
  /** What the names of its files begin with. */
  readonly fileName: string
  readonly timeZone: string
  readonly select: Selection
  readonly template: Template
  readonly formats: readonly ReportFormat[]
  readonly recipients: readonly string[]
  /** Null: as the configuration has it. */
  readonly language: Language | null
  /** The subscription that it comes from; null of a schedule of the configuration. */
  readonly subscription: ReportSubscription | null
}

/** A schedule of the configuration as an order. */
export function configuredOrder(schedule: ReportsOptions['schedules'][number]): ReportOrder {
  const { name, period, timeZone, at, select, template, formats, recipients } = schedule
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  return {
    schedule: { name, period, timeZone, minuteOfDay: hours * 60 + minutes },
    fileName: name,
    timeZone,
    select,
    template: template ?? period,
    formats,
    recipients,
    language: null,
    subscription: null,
  }
}

/** No schedule of the configuration can have such a name. */
const SUBSCRIBED = '_'

/** A subscription as an order; words that this version does not know are replaced by what is nearest. */
export function subscribedOrder(subscription: ReportSubscription): ReportOrder {
  const { id, timing, timeZone, select, language, recipient } = subscription
  const name = `${SUBSCRIBED}${id}`
  const template = TEMPLATES.find((known) => known === subscription.template) ?? 'monthly'
  const formats = REPORT_FORMATS.filter((known) => subscription.formats.includes(known))
  return {
    schedule:
      timing.kind === 'cron'
        ? { name, timeZone, period: 'cron', cron: timing.cron, covers: timing.covers }
        : { name, timeZone, period: timing.kind, minuteOfDay: timing.minuteOfDay },
    fileName: template,
    timeZone,
    select,
    template,
    formats: formats.length > 0 ? formats : ['pdf'],
    recipients: [recipient],
    language: LANGUAGES.find((known) => known === language) ?? null,
    subscription,
  }
}
