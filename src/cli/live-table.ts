import type { AccountView, Fleet } from '../monitor/fleet.ts'
import type { CommandOutput } from './io.ts'
import { shortened, textTable } from './text-table.ts'

const REDRAW_MS = 120
const BAR_CELLS = 24
/** For the bar, a line for what does not fit, and the prompt. */
const OTHER_LINES = 3

export interface LiveTable {
  /** Takes the table off the screen. */
  end(): void
}

/** Shows the checks under way on a terminal: a bar, and as many accounts as the screen holds. Elsewhere it shows nothing. */
export function liveTable(output: CommandOutput, fleet: Fleet, wanted: readonly string[] | 'all'): LiveTable {
  if (output.isTTY !== true) return { end() {} }
  const startedMs = performance.now()
  let drawn = 0
  const erase = () => {
    if (drawn > 0) output.write(`\u001b[${drawn}A\r\u001b[J`)
    drawn = 0
  }
  const draw = () => {
    const views = wanted === 'all' ? [...fleet.accounts()] : wanted.flatMap((key) => fleet.get(key) ?? [])
    const lines = frame(views, performance.now() - startedMs, output.columns ?? 80, output.rows ?? 24)
    erase()
    output.write(`${lines.join('\n')}\n`)
    drawn = lines.length
  }
  draw()
  const timer = setInterval(draw, REDRAW_MS)
  return {
    end() {
      clearInterval(timer)
      erase()
    },
  }
}

/** One picture of the checks under way, no line longer and no more lines than the screen holds. */
export function frame(
  views: readonly AccountView[],
  elapsedMs: number,
  columns: number,
  rows: number,
): readonly string[] {
  const done = views.filter(isDone).length
  const share = views.length === 0 ? 1 : done / views.length
  const full = Math.floor(share * BAR_CELLS)
  const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${done} of ${views.length} checked, ${(elapsedMs / 1_000).toFixed(1)} s`
  const shown = views
    .toSorted((one, other) => urgency(one) - urgency(other))
    .slice(0, Math.max(0, rows - OTHER_LINES - 1))
  const hidden = views.length - shown.length
  const table = textTable(
    ['ACCOUNT', 'GATEWAY', 'STATUS', 'STATE', 'TIME'],
    shown.map((view) => {
      const { account, health } = view
      if (!isDone(view)) return [account.account, account.gateway, 'checking', '', '']
      const time = health.lastDurationMs === null ? '' : `${Math.round(health.lastDurationMs)} ms`
      return [account.account, account.gateway, health.status, health.state, time]
    }),
  )
  return [...table, ...(hidden > 0 ? [`… and ${hidden} more`] : []), bar].map((line) => shortened(line, columns - 1))
}

function isDone({ health }: AccountView): boolean {
  return health.lastCheckMs !== null
}

/** What needs a look comes first, then what is awaited. */
function urgency(view: AccountView): number {
  if (!isDone(view)) return 1
  return view.health.status === 'healthy' ? 2 : 0
}
