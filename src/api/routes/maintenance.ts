import { CronExpressionParser } from 'cron-parser'
import { z } from 'zod'
import type { MaintenanceSpec, Selection } from '../../health/maintenance.ts'
import type { CalendarWindow, MaintenancePlan } from '../../notifications/calendar.ts'
import { labels, parseDurationMs, timeZone } from '../../option-types.ts'
import { Seconds, seconds, Time, time, timeOrNull } from '../documents/fields.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { faulty, rangeKeys, rangeOf } from '../query-fields.ts'
import { type Route, route } from '../route.ts'
import { readStore } from '../store-read.ts'

const DAY_MS = 86_400_000
const LONGEST_MS = 7 * DAY_MS
const LONGEST_RANGE_MS = 400 * DAY_MS
/** What was measured stays: a window may not begin earlier than this before it is planned. */
const GRACE_MS = 60_000

const names = z.array(z.string().min(1).max(512)).min(1).max(1000)
const SelectionFields = {
  accounts: names.optional().describe('Account ids, gateway/account keys or phone digits. Absent: every account.'),
  gateways: names.optional().describe('Names of gateways. Absent: every gateway.'),
  labels: labels().optional().describe('Labels that an account must have, all of them.'),
}
const moment = z.iso.datetime({ offset: true, error: 'must be a moment with its offset such as 2026-03-01T22:00:00Z' })

const PlanDocument = z
  .object({
    id: z.string().describe('DELETE /api/maintenance/{id} ends it. `config-…` stands in the configuration.'),
    origin: z.enum(['config', 'api']),
    ...SelectionFields,
    startsAt: Time.optional(),
    endsAt: Time.optional(),
    cron: z.string().optional(),
    durationSeconds: Seconds.optional(),
    timeZone: z.string().optional(),
    author: z.string(),
    reason: z.string(),
    createdAt: Time.nullable(),
    createdBy: z.string().nullable(),
    endedAt: Time.nullable().describe('When somebody ended it before its time.'),
    endedBy: z.string().nullable(),
  })
  .meta({ id: 'MaintenancePlan', description: 'One planned maintenance: once, or again and again.' })

const WindowDocument = z
  .object({
    id: z.string().describe('DELETE /api/maintenance/{id} ends this window only.'),
    plan: z.string(),
    origin: z.enum(['config', 'api']),
    ...SelectionFields,
    startsAt: Time,
    endsAt: Time,
    open: z.boolean(),
    author: z.string(),
    reason: z.string(),
    endedBy: z.string().nullable().describe('Who ended it before its time.'),
    silence: z
      .enum(['set', 'due', 'over'])
      .describe('Whether Alertmanager mutes its alerts; `due`: when it is near, or Alertmanager answers again.'),
  })
  .meta({
    id: 'MaintenanceWindow',
    description: 'A stretch of time in which alerts are muted and the SLA clock rests.',
  })

const NewPlan = z
  .strictObject({
    ...SelectionFields,
    start: moment
      .optional()
      .describe('First moment of a window that happens once. Absent, with `end` or `duration`: now.'),
    end: moment.optional().describe('First moment after a window that happens once.'),
    cron: z.string().max(200).optional().describe('When a recurring window begins: five fields.'),
    duration: z.string().optional().describe('How long it lasts, for example 90m: at most 7d.'),
    timeZone: timeZone().optional().describe('IANA time zone in which cron is read.'),
    author: z.string().trim().min(1).max(200).optional().describe('Who plans it. Absent: whoever is signed in.'),
    reason: z.string().trim().min(1).max(500).describe('Why; printed in reports.'),
  })
  .meta({ id: 'NewMaintenance' })

/** GET, POST and DELETE /api/maintenance. */
export function maintenanceRoutes({ maintenance, now, log }: ApiParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/maintenance',
      access: 'read',
      id: 'maintenance',
      summary: 'Planned maintenance and its windows',
      description: 'Without from and to: the windows of the last day and the next week.',
      query: z.strictObject(rangeKeys),
      success: {
        status: 200,
        description: 'All plans, and the windows that touch the range, oldest first.',
        schema: z.object({ plans: z.array(PlanDocument), windows: z.array(WindowDocument) }),
      },
      handle({ query }) {
        const nowMs = now()
        const { fromMs, toMs } = windowRange(query, nowMs)
        const windows = maintenance.calendar.windows(fromMs, toMs)
        return {
          json: {
            plans: maintenance.calendar.plans().map(planDocument),
            windows: windows.map((window) => windowDocument(window, nowMs)),
          },
        }
      },
    }),
    route({
      method: 'post',
      path: '/api/maintenance',
      access: 'operate',
      id: 'planMaintenance',
      summary: 'Plan maintenance',
      description:
        'Once (`end` or `duration`, from `start` or from now), or again and again (`cron`, `duration`, `timeZone`). Mutes alerts, pauses repairs and leaves the time out of the SLA.',
      body: NewPlan,
      success: { status: 201, description: 'Planned.', schema: z.object({ plan: PlanDocument }) },
      problems: ['unavailable'],
      async handle({ body, raw }) {
        const by = raw.principal.name
        const plan = await readStore(maintenance.calendar.add(specOf(body, by, now()), by))
        log.info({ plan: plan.id, by, author: plan.spec.author, reason: plan.spec.reason }, 'maintenance planned')
        return { json: { plan: planDocument(plan) } }
      },
    }),
    route({
      method: 'delete',
      path: '/api/maintenance/{id}',
      access: 'operate',
      id: 'endMaintenance',
      summary: 'End maintenance before its time',
      description:
        'A plan ends with all its windows; a window ends alone, also one of the configuration. What has been stays in reports.',
      params: z.strictObject({ id: z.string().min(1).max(128) }),
      success: {
        status: 200,
        description: 'Ended: alerts and repairs are back.',
        schema: z.union([z.object({ plan: PlanDocument }), z.object({ window: WindowDocument })]),
      },
      problems: ['not-found', 'over', 'unavailable'],
      async handle({ params, raw }) {
        const by = raw.principal.name
        const result = await readStore(maintenance.calendar.end(params.id, by))
        if (result.ended === 'nothing') throw notEnded(params.id, result.why)
        log.info({ id: params.id, by }, 'maintenance ended early')
        return {
          json:
            result.ended === 'plan'
              ? { plan: planDocument(result.plan) }
              : { window: windowDocument(result.window, now()) },
        }
      },
    }),
  ]

  function windowDocument(window: CalendarWindow, nowMs: number): z.output<typeof WindowDocument> {
    const { id, plan, origin, select, startMs, endMs, author, reason, endedBy } = window
    return {
      id,
      plan,
      origin,
      ...selectionDocument(select),
      startsAt: time(startMs),
      endsAt: time(endMs),
      open: startMs <= nowMs && nowMs < endMs,
      author,
      reason,
      endedBy,
      silence: maintenance.silenceOf(window),
    }
  }
}

function planDocument({ id, origin, spec, ...plan }: MaintenancePlan): z.output<typeof PlanDocument> {
  const { select, author, reason } = spec
  return {
    id,
    origin,
    ...selectionDocument(select),
    ...(spec.kind === 'once'
      ? { startsAt: time(spec.startMs), endsAt: time(spec.endMs) }
      : { cron: spec.cron, durationSeconds: seconds(spec.durationMs), timeZone: spec.timeZone }),
    author,
    reason,
    createdAt: timeOrNull(plan.createdMs),
    createdBy: plan.createdBy,
    endedAt: timeOrNull(plan.endedMs),
    endedBy: plan.endedBy,
  }
}

function selectionDocument({ accounts, gateways, labels: wanted }: Selection) {
  return {
    ...(accounts === undefined ? {} : { accounts: [...accounts] }),
    ...(gateways === undefined ? {} : { gateways: [...gateways] }),
    ...(wanted === undefined ? {} : { labels: { ...wanted } }),
  }
}

function windowRange(query: { from?: number | undefined; to?: number | undefined }, nowMs: number) {
  const { fromMs, toMs } = rangeOf({
    from: query.from ?? Math.min(nowMs - DAY_MS, query.to === undefined ? nowMs : query.to - DAY_MS),
    to: query.to ?? Math.max(nowMs, query.from ?? nowMs) + 7 * DAY_MS,
  }) ?? { fromMs: nowMs - DAY_MS, toMs: nowMs }
  if (toMs - fromMs > LONGEST_RANGE_MS) throw faulty('query.to', 'must be at most 400 days after from')
  return { fromMs, toMs }
}

/** What the body plans. Throws a Problem `invalid` for what no schema can know. */
function specOf(body: z.output<typeof NewPlan>, by: string, nowMs: number): MaintenanceSpec {
  const { accounts, gateways, labels: wanted, start, end, cron, duration, timeZone: zone, author, reason } = body
  const planned = { select: { accounts, gateways, labels: wanted }, author: author ?? by, reason }
  const durationMs = durationOf(duration)
  if (cron !== undefined) {
    if (start !== undefined || end !== undefined)
      throw faulty('body.cron', 'is given together with start or end; keep either')
    if (durationMs === null) throw faulty('body.duration', 'is required with cron')
    if (zone === undefined) throw faulty('body.timeZone', 'is required with cron, for example Europe/Berlin')
    refuseBadCron(cron)
    return { ...planned, kind: 'recurring', cron, durationMs, timeZone: zone }
  }
  if (zone !== undefined) throw faulty('body.timeZone', 'is read with cron only; start and end carry their offset')
  const startMs = start === undefined ? nowMs : Date.parse(start)
  if (startMs < nowMs - GRACE_MS) throw faulty('body.start', 'lies in the past; what was measured stays as it is')
  if (end !== undefined && durationMs !== null) throw faulty('body.duration', 'is given together with end; keep either')
  if (end === undefined && durationMs === null)
    throw faulty('body', 'needs end or duration, or cron, duration and timeZone')
  const endMs = end === undefined ? startMs + (durationMs ?? 0) : Date.parse(end)
  if (endMs <= startMs) throw faulty('body.end', 'must be later than start')
  if (endMs <= nowMs) throw faulty('body.end', 'lies in the past')
  return { ...planned, kind: 'once', startMs, endMs }
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const ms = parseDurationMs(text)
  if (ms === null || ms < 1000 || ms > LONGEST_MS) throw faulty('body.duration', 'must be a duration from 1s to 7d')
  return ms
}

function refuseBadCron(cron: string): void {
  if (cron.trim().split(/\s+/).length !== 5)
    throw faulty('body.cron', 'must have five fields: minute hour day-of-month month day-of-week')
  try {
    CronExpressionParser.parse(cron, { currentDate: 0, tz: 'UTC' }).next()
  } catch {
    throw faulty('body.cron', 'is no cron expression that ever comes true')
  }
}

function notEnded(id: string, why: 'unknown' | 'over' | 'config'): Problem {
  switch (why) {
    case 'unknown':
      return new Problem(
        'not-found',
        `No maintenance has the id "${id}". GET /api/maintenance lists plans and windows.`,
      )
    case 'over':
      return new Problem('over', `${id} is over already.`)
    case 'config':
      return new Problem(
        'over',
        `${id} stands in the configuration: remove it there and reload. To end one of its windows early, give the id of the window.`,
      )
  }
}
