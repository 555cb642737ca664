import { z } from 'zod'
import { hiddenAddresses } from '../../accounts/hidden-addresses.ts'
import { timeZone } from '../../option-types.ts'
import type { WantedSubscription } from '../../reports/subscriptions.ts'
import type { Principal } from '../access/principal.ts'
import {
  FormatField,
  LanguageField,
  SelectionFields,
  SubscriptionDocument,
  subscriptionDocument,
  TemplateField,
} from '../documents/report.ts'
import { refuseUnknownGateways } from '../known-gateways.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { faulty, flag } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { fleetKeys } from '../shards/find-keys.ts'
import { readStore } from '../store-read.ts'

const NewSubscription = z
  .strictObject({
    recipient: z.email('must be a mail address').max(254).describe('Mail address that receives the reports.'),
    schedule: z
      .enum(['weekly', 'monthly', 'cron'])
      .describe('After each week (on Monday), after each month (on the first), or by `cron`.'),
    at: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 06:30')
      .optional()
      .describe('Time of day of a weekly or monthly one; absent: 06:00.'),
    cron: z.string().max(200).optional().describe('Five fields, read in the time zone.'),
    covers: z
      .string()
      .max(40)
      .optional()
      .describe(
        'With cron: `yesterday`, `last-week`, `last-month`, `last-quarter`, `last-30-days`. One mail per period.',
      ),
    timeZone: timeZone().default('UTC').describe('IANA time zone in which days begin and times are read.'),
    ...SelectionFields,
    template: TemplateField.optional().describe('Absent: as the schedule, `monthly` with cron.'),
    formats: z.array(FormatField).min(1).max(4).default(['pdf', 'csv']),
    language: LanguageField.optional().describe('Absent: as the configuration has it.'),
  })
  .meta({ id: 'NewSubscription' })

const answer = z.object({ subscription: SubscriptionDocument })

/** GET, POST and DELETE /api/reports/subscriptions. */
export function subscriptionRoutes(parts: ApiParts): readonly Route[] {
  const { subscriptions } = parts.reports
  return [
    route({
      method: 'get',
      path: '/api/reports/subscriptions',
      access: 'read',
      id: 'subscriptions',
      summary: 'Who has which report sent to whom',
      query: z.strictObject({ ended: flag().optional().describe('Whether those that have ended come too.') }),
      success: {
        status: 200,
        description: 'Oldest first.',
        schema: z.object({
          subscriptions: z.array(SubscriptionDocument),
          allowedDomains: z.array(z.string()).describe('Mail domains that may be subscribed.'),
        }),
      },
      problems: ['unavailable'],
      async handle({ query, raw }) {
        const all = await readStore(subscriptions.all())
        const shown = all.filter(({ endedMs }) => query.ended === true || endedMs === null)
        return {
          json: {
            subscriptions: shown.map((one) => subscriptionDocument(one, addressesFor(raw.principal))),
            allowedDomains: [...subscriptions.domains()],
          },
        }
      },
    }),
    route({
      method: 'post',
      path: '/api/reports/subscriptions',
      access: 'operate',
      id: 'subscribe',
      summary: 'Have a report sent to somebody, again and again',
      description:
        'Only to mail domains that `reports.subscriptions.allowedDomains` names, else to those of the recipients of the configured schedules.',
      body: NewSubscription,
      success: {
        status: 201,
        description: 'Subscribed; the first report is the next one that is due.',
        schema: answer,
      },
      problems: ['not-found', 'exists', 'full', 'unavailable'],
      async handle({ body, raw }) {
        const { accounts, gateways, labels, schedule } = body
        refuseUnknownGateways(parts.monitor.fleet, gateways ?? [])
        const wanted: WantedSubscription = {
          recipient: body.recipient,
          timing: timingOf(body),
          timeZone: body.timeZone,
          select: {
            ...(accounts === undefined ? {} : { accounts: await fleetKeys(parts, accounts, raw) }),
            ...(gateways === undefined ? {} : { gateways }),
            ...(labels === undefined ? {} : { labels }),
          },
          template: body.template ?? (schedule === 'cron' ? 'monthly' : schedule),
          formats: [...new Set(body.formats)].toSorted(),
          language: body.language ?? null,
        }
        const added = await subscribed(readStore(subscriptions.add(wanted, raw.principal.name)), parts.now)
        return { json: { subscription: subscriptionDocument(added, addressesFor(raw.principal)) } }
      },
    }),
    route({
      method: 'delete',
      path: '/api/reports/subscriptions/{id}',
      access: 'operate',
      id: 'unsubscribe',
      summary: 'End a subscription',
      params: z.strictObject({ id: z.string().min(1).max(64) }),
      success: { status: 200, description: 'Ended: nothing more is sent.', schema: answer },
      problems: ['not-found', 'unavailable'],
      async handle({ params, raw }) {
        const ended = await readStore(subscriptions.end(params.id, raw.principal.name))
        if (ended === null)
          throw new Problem(
            'not-found',
            `No subscription has the id "${params.id}". GET /api/reports/subscriptions lists them.`,
          )
        return { json: { subscription: subscriptionDocument(ended, addressesFor(raw.principal)) } }
      },
    }),
  ]
}

/** Who may end a subscription must see whose it is. */
function addressesFor({ role }: Principal): (address: string) => string {
  return role === 'operate' ? (address) => address : hiddenAddresses
}

function timingOf({ schedule, at, cron, covers }: z.output<typeof NewSubscription>): WantedSubscription['timing'] {
  if (schedule === 'cron') {
    if (cron === undefined) throw faulty('body.cron', 'is required by the schedule cron, for example 0 7 * * 1')
    if (covers === undefined) throw faulty('body.covers', 'is required by the schedule cron, for example last-week')
    if (at !== undefined) throw faulty('body.at', 'is given together with cron, which tells the time already')
    return { kind: 'cron', cron: cron.trim(), covers }
  }
  if (cron !== undefined) throw faulty('body.cron', 'is of the schedule cron only')
  if (covers !== undefined)
    throw faulty(
      'body.covers',
      `is of the schedule cron only; this one covers the last ${schedule === 'weekly' ? 'week' : 'month'}`,
    )
  const [hours = 6, minutes = 0] = (at ?? '06:00').split(':').map(Number)
  return { kind: schedule, minuteOfDay: hours * 60 + minutes }
}

/** A SubscriptionError, known by its name, as a problem. */
async function subscribed<T>(work: Promise<T>, now: () => number): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SubscriptionError' || !('code' in error)) throw error
    const { message } = error
    switch (error.code) {
      case 'exists':
      case 'full':
        throw new Problem(error.code, message, { cause: error })
      case 'too_often': {
        const untilMs = 'retryMs' in error && typeof error.retryMs === 'number' ? error.retryMs : now()
        const seconds = Math.max(1, Math.ceil((untilMs - now()) / 1000))
        throw new Problem('too-many-requests', message, { cause: error, headers: { 'retry-after': String(seconds) } })
      }
      case 'no_mail':
        throw new Problem('unavailable', message, { cause: error })
      default:
        throw faulty(`body.${'field' in error ? String(error.field) : 'recipient'}`, message)
    }
  }
}
