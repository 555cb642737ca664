import { randomUUID } from 'node:crypto'
import { type MaintenanceSpec, type MaintenanceWindow, windowsBetween } from '../health/maintenance.ts'
import type { MaintenanceRecord, Store } from '../store/store.ts'

/** One planned maintenance as people see it. */
export interface MaintenancePlan {
  /** `config-<n>` for the n-th entry of the configuration. */
  readonly id: string
  readonly origin: 'config' | 'api'
  readonly spec: MaintenanceSpec
  /** Null for plans of the configuration. */
  readonly createdMs: number | null
  readonly createdBy: string | null
  readonly endedMs: number | null
  readonly endedBy: string | null
}

/** A window with what led to it. */
export interface CalendarWindow extends MaintenanceWindow {
  readonly plan: string
  readonly origin: MaintenancePlan['origin']
  /** Who ended it before its time; null where nobody did. */
  readonly endedBy: string | null
}

/** What ending came to. */
export type EndResult =
  | { readonly ended: 'plan'; readonly plan: MaintenancePlan }
  | { readonly ended: 'window'; readonly window: CalendarWindow }
  /** Nothing has this id. */
  | { readonly ended: 'nothing'; readonly why: 'unknown' | 'over' | 'config' }

/** The one calendar: windows of the configuration and of the API. */
export interface MaintenanceCalendar {
  /** Windows that touch `[fromMs, toMs)`, oldest first. Windows that were ended early are short. */
  windows(fromMs: number, toMs: number): readonly CalendarWindow[]
  plans(): readonly MaintenancePlan[]
  /** Rejects with StoreError where it cannot be kept. */
  add(spec: MaintenanceSpec, by: string): Promise<MaintenancePlan>
  /**
   * Ends a plan of the API with all its windows, or the one window with this id. The past stays as it was.
   * Rejects with StoreError where it cannot be kept.
   */
  end(id: string, by: string): Promise<EndResult>
  /** Reads the store again: another exporter may have changed it. Rejects with StoreError. */
  refresh(): Promise<void>
}

export interface CalendarParts {
  /** What the configuration plans; a reload may change it. */
  readonly configured: () => readonly MaintenanceSpec[]
  readonly store: Pick<Store, 'putMaintenance' | 'maintenance'>
  readonly nowMs: () => number
  /** The calendar was changed by somebody. */
  readonly changed: () => void
}

type PlanRecord = Extract<MaintenanceRecord, { kind: 'plan' }>
type EarlyEnd = Extract<MaintenanceRecord, { kind: 'early_end' }>

/** Around now: a window that is to be ended by its id is looked for here. */
const NEAR_MS = 8 * 86_400_000

export function maintenanceCalendar({ configured, store, nowMs, changed }: CalendarParts): MaintenanceCalendar {
  let plans = new Map<string, PlanRecord>()
  let earlyEnds = new Map<string, EarlyEnd>()

  function windows(fromMs: number, toMs: number): readonly CalendarWindow[] {
    const found = [
      ...windowsBetween(configured(), fromMs, toMs).map((window) => ({
        ...window,
        plan: window.id.split('-').slice(0, 2).join('-'),
        origin: 'config' as const,
        endedBy: null,
      })),
      ...[...plans.values()].flatMap((plan) => windowsOf(plan, fromMs, toMs)),
    ]
    return found
      .map((window) => cut(window, earlyEnds.get(window.id)))
      .filter(({ startMs, endMs }) => startMs < endMs && startMs < toMs && endMs > fromMs)
      .sort((a, b) => a.startMs - b.startMs)
  }

  async function endWindow(window: CalendarWindow, by: string): Promise<EndResult> {
    const atMs = nowMs()
    if (window.endMs <= atMs) return { ended: 'nothing', why: 'over' }
    const record: EarlyEnd = { kind: 'early_end', id: window.id, endedMs: atMs, endedBy: by }
    await store.putMaintenance(record)
    earlyEnds.set(window.id, record)
    changed()
    return { ended: 'window', window: cut(window, record) }
  }

  async function endPlan(plan: PlanRecord, by: string): Promise<EndResult> {
    const atMs = nowMs()
    const isOver = plan.spec.kind === 'once' && plan.spec.endMs <= atMs
    if (plan.endedMs !== null || isOver) return { ended: 'nothing', why: 'over' }
    const ended: PlanRecord = { ...plan, endedMs: atMs, endedBy: by }
    await store.putMaintenance(ended)
    plans.set(ended.id, ended)
    changed()
    return { ended: 'plan', plan: planOf(ended) }
  }

  return {
    windows,
    plans: () => [
      ...configured().map(
        (spec, index): MaintenancePlan => ({
          id: `config-${index + 1}`,
          origin: 'config',
          spec,
          createdMs: null,
          createdBy: null,
          endedMs: null,
          endedBy: null,
        }),
      ),
      ...[...plans.values()].map(planOf),
    ],
    async add(spec, by) {
      const record: PlanRecord = {
        kind: 'plan',
        id: `m-${randomUUID().slice(0, 8)}`,
        spec,
        createdMs: nowMs(),
        createdBy: by,
        endedMs: null,
        endedBy: null,
      }
      await store.putMaintenance(record)
      plans.set(record.id, record)
      changed()
      return planOf(record)
    },
    async end(id, by) {
      const plan = plans.get(id)
      if (plan !== undefined) return endPlan(plan, by)
      const atMs = nowMs()
      const window = windows(atMs - NEAR_MS, atMs + NEAR_MS).find((one) => one.id === id)
      if (window !== undefined) return endWindow(window, by)
      const isConfigured = /^config-(\d+)$/.exec(id)
      const known = isConfigured !== null && configured()[Number(isConfigured[1]) - 1] !== undefined
      return { ended: 'nothing', why: known ? 'config' : 'unknown' }
    },
    async refresh() {
      const records = await store.maintenance()
      plans = new Map(records.flatMap((record) => (record.kind === 'plan' ? [[record.id, record]] : [])))
      earlyEnds = new Map(records.flatMap((record) => (record.kind === 'early_end' ? [[record.id, record]] : [])))
    },
  }
}

function windowsOf(plan: PlanRecord, fromMs: number, toMs: number): CalendarWindow[] {
  const name = (_index: number, startMs: number) => `${plan.id}-${new Date(startMs).toISOString()}`
  const untilMs = plan.endedMs ?? Number.POSITIVE_INFINITY
  // A rule that is made today planned nothing yesterday.
  const sinceMs = plan.spec.kind === 'recurring' ? plan.createdMs : Number.NEGATIVE_INFINITY
  return windowsBetween([plan.spec], fromMs, toMs, name).map((window) => ({
    ...window,
    startMs: Math.max(window.startMs, sinceMs),
    endMs: Math.min(window.endMs, untilMs),
    plan: plan.id,
    origin: 'api',
    endedBy: window.endMs > untilMs ? plan.endedBy : null,
  }))
}

function cut(window: CalendarWindow, early: EarlyEnd | undefined): CalendarWindow {
  if (early === undefined || early.endedMs >= window.endMs) return window
  return { ...window, endMs: early.endedMs, endedBy: early.endedBy }
}

function planOf({ kind: _kind, ...plan }: PlanRecord): MaintenancePlan {
  return { ...plan, origin: 'api' }
}
