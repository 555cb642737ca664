import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { hiddenAddresses } from '../accounts/hidden-addresses.ts'
import type { Selection } from '../health/maintenance.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../option-types.ts'
import type { ReportSubscription, Store } from '../store/store.ts'
import type { Template } from './document/report.ts'
import type { ReportsOptions } from './options.ts'
import { PeriodError, parsePeriod } from './period.ts'
import { type ReportFormat, type ReportOrder, subscribedOrder } from './report-order.ts'
import { cronFault } from './timetable.ts'
import { keptKey, subscriptionOfToken, unsubscribeToken } from './unsubscribe-key.ts'
import { LANGUAGES, type Language } from './words/words.ts'

/** What somebody wants to have sent, and to whom. */
export interface WantedSubscription {
  readonly recipient: string
  readonly timing: ReportSubscription['timing']
  readonly timeZone: string
  readonly select: Selection
  readonly template: Template
  readonly formats: readonly ReportFormat[]
  readonly language: Language | null
}

/** Why somebody cannot be subscribed; the message says what can be done. */
export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError'
  readonly code: 'invalid' | 'exists' | 'full' | 'too_often' | 'no_mail'
  /** What of the wish is at fault, of an `invalid` one. */
  readonly field: keyof WantedSubscription | 'cron' | 'covers' | null
  /** From when on it may be tried again, of one that is `too_often`. */
  readonly retryMs: number | null

  constructor(
    code: SubscriptionError['code'],
    message: string,
    told: { readonly field?: SubscriptionError['field']; readonly retryMs?: number } = {},
  ) {
    super(message)
    this.code = code
    this.field = told.field ?? null
    this.retryMs = told.retryMs ?? null
  }
}

/** Reports that people have sent to somebody. Every method that reads or writes the store rejects with StoreError. */
export interface Subscriptions {
  /** All that go on and those that ended lately, oldest first. */
  all(): Promise<readonly ReportSubscription[]>
  /** @param by who asks. Rejects with SubscriptionError. */
  add(wanted: WantedSubscription, by: string): Promise<ReportSubscription>
  /** Null where there is none; one that has ended stays as it is. */
  end(id: string, by: string): Promise<ReportSubscription | null>
  /** The subscription of a link in a mail; null where the link is none of ours. */
  ofToken(token: string): Promise<ReportSubscription | null>
  /** Where the recipient ends it; null where nobody knows under which address the exporter is reached. */
  endUrl(subscription: ReportSubscription): string | null
  /** Mail domains that may be subscribed now. */
  domains(): readonly string[]
  /** What the recipient of a subscription is spoken to in. */
  languageOf(subscription: ReportSubscription): Language
  /** What is to be made for those that go on, as far as the store was read. */
  orders(): readonly ReportOrder[]
  /** Reads the store again: another exporter may have written. */
  refresh(): Promise<void>
}

export interface SubscriptionsParts {
  /** Asked again and again: a reload may change it. */
  options(): ReportsOptions
  readonly store: Pick<Store, 'subscriptions' | 'putSubscription'>
  /** Under which people reach the exporter, without a slash at the end. */
  externalUrl(): string | null
  /** Told after each change of what `orders` gives. */
  changed(): void
  now(): number
  readonly log: Log
}

const HOUR_MS = 3_600_000
/** Periods that a cron expression may ask for: all are over when it comes true. */
const COVERS = /^(?:yesterday|last-(?:day|week|month|quarter)|last-\d{1,3}-days)$/
/** Longest mail address (RFC 5321 §4.5.3.1.3). */
const LONGEST_ADDRESS = 254

export function createSubscriptions(parts: SubscriptionsParts): Subscriptions {
  const { store, log } = parts
  let known: readonly ReportSubscription[] = []
  let orders: readonly ReportOrder[] = []
  let kept: { readonly folder: string; readonly key: Secret } | null = null
  const told = new Set<string>()
  /** One after the other, so that two requests at once cannot both be the last one that is allowed. */
  let turn: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  function key(): Secret {
    const { directory, subscriptions } = parts.options()
    const configured = subscriptions.key ?? subscriptions.keyFile
    if (configured !== undefined) return configured
    if (kept?.folder !== directory) kept = { folder: directory, key: keptKey(directory) }
    return kept.key
  }

  async function read(): Promise<readonly ReportSubscription[]> {
    const found = await store.subscriptions()
    if (isDeepStrictEqual(known, found)) return found
    known = found
    orders = found.filter((one) => one.endedMs === null && canBeKept(one)).map(subscribedOrder)
    parts.changed()
    return found
  }

  /** A later version may have written what this one does not understand; it holds up no other. */
  function canBeKept({ id, timing, timeZone }: ReportSubscription): boolean {
    const fault =
      zoneFault(timeZone) ??
      (timing.kind === 'cron' ? (cronFault(timing.cron) ?? coversFault(timing.covers, timeZone, 0)) : null)
    if (fault !== null && !told.has(id)) {
      told.add(id)
      log.error({ id, fault }, 'A subscription cannot be kept, and its reports are not made.')
    }
    return fault === null
  }

  async function write(subscription: ReportSubscription): Promise<void> {
    await store.putSubscription(subscription)
    await read()
  }

  function domains(): readonly string[] {
    const { schedules, subscriptions } = parts.options()
    const configured = schedules.flatMap(({ recipients }) => recipients.map(domainOf))
    return subscriptions.allowedDomains ?? [...new Set(configured)].toSorted()
  }

  function refuseUnfit(wanted: WantedSubscription, all: readonly ReportSubscription[]): void {
    const { smtp, subscriptions } = parts.options()
    const { recipient, timing, timeZone } = wanted
    if (smtp === undefined)
      throw new SubscriptionError('no_mail', 'No mail server is configured. Set reports.smtp and reload.')
    const allowed = domains()
    if (recipient.length > LONGEST_ADDRESS || !allowed.includes(domainOf(recipient)))
      throw new SubscriptionError('invalid', domainRule(allowed), { field: 'recipient' })
    const fault = timing.kind === 'cron' ? cronFault(timing.cron) : null
    if (fault !== null) throw new SubscriptionError('invalid', fault, { field: 'cron' })
    const periodFault = timing.kind === 'cron' ? coversFault(timing.covers, timeZone, parts.now()) : null
    if (periodFault !== null) throw new SubscriptionError('invalid', periodFault, { field: 'covers' })
    const going = all.filter(({ endedMs }) => endedMs === null)
    const same = going.find((one) => isSame(one, wanted))
    if (same !== undefined)
      throw new SubscriptionError('exists', `This is subscribed already, by ${same.createdBy}: ${same.id}.`)
    if (going.length >= subscriptions.most)
      throw new SubscriptionError(
        'full',
        `There are ${going.length} subscriptions, and reports.subscriptions.most allows ${subscriptions.most}. End one first.`,
      )
    const lately = all.map(({ createdMs }) => createdMs).filter((createdMs) => createdMs > parts.now() - HOUR_MS)
    if (lately.length >= subscriptions.perHour)
      throw new SubscriptionError(
        'too_often',
        `${lately.length} subscriptions were added within an hour, and reports.subscriptions.perHour allows ${subscriptions.perHour}.`,
        { retryMs: Math.min(...lately) + HOUR_MS },
      )
  }

  return {
    all: read,
    add: (wanted, by) =>
      inTurn(async () => {
        refuseUnfit(wanted, await read())
        const added: ReportSubscription = {
          ...wanted,
          id: randomBytes(8).toString('hex'),
          createdMs: parts.now(),
          createdBy: by,
          endedMs: null,
          endedBy: null,
        }
        await write(added)
        log.info({ ...shown(added), by }, 'Somebody was subscribed to a report.')
        return added
      }),
    end: (id, by) =>
      inTurn(async () => {
        const found = (await read()).find((one) => one.id === id)
        if (found === undefined || found.endedMs !== null) return found ?? null
        const ended = { ...found, endedMs: parts.now(), endedBy: by }
        await write(ended)
        log.info({ ...shown(ended), by }, 'A subscription to a report has ended.')
        return ended
      }),
    ofToken: async (token) => subscriptionOfToken(token, await read(), key()),
    endUrl(subscription) {
      const address = parts.externalUrl()
      if (address === null) return null
      return `${address.replace(/\/+$/, '')}/api/reports/unsubscribe/${unsubscribeToken(subscription, key())}`
    },
    domains,
    languageOf: ({ language }) => LANGUAGES.find((one) => one === language) ?? parts.options().language,
    orders: () => orders,
    async refresh() {
      await read()
    },
  }
}

/** Domains may be written in any case (RFC 1035 §2.3.3). */
function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

function domainRule(allowed: readonly string[]): string {
  return allowed.length === 0
    ? 'is at no domain that may be subscribed: none is. Name domains in reports.subscriptions.allowedDomains'
    : `must be an address at ${allowed.join(', ')}. Further domains are allowed in reports.subscriptions.allowedDomains`
}

function coversFault(covers: string, timeZone: string, nowMs: number): string | null {
  if (!COVERS.test(covers))
    return 'must be yesterday, last-week, last-month, last-quarter, or so many days, for example last-30-days'
  return periodFault(covers, timeZone, nowMs)
}

function zoneFault(timeZone: string): string | null {
  return periodFault('yesterday', timeZone, 0)
}

function periodFault(period: string, timeZone: string, nowMs: number): string | null {
  try {
    parsePeriod(period, timeZone, nowMs)
    return null
  } catch (error) {
    if (error instanceof PeriodError) return error.message
    throw error
  }
}

/** Whether somebody receives just this already. */
function isSame(one: ReportSubscription, wanted: WantedSubscription): boolean {
  const { timing, timeZone, select, template, formats, language } = one
  const { recipient, ...rest } = wanted
  return (
    one.recipient.toLowerCase() === recipient.toLowerCase() &&
    isDeepStrictEqual(plain({ timing, timeZone, select, template, formats, language }), plain(rest))
  )
}

/** Without keys that hold undefined, as it is read from a store. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value))
}

function shown({ id, recipient, timing, template }: ReportSubscription): object {
  return { subscription: id, recipient: hiddenAddresses(recipient), when: timing.kind, template }
}
