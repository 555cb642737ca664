import { createHash } from 'node:crypto'
import type { Log } from '../log.ts'
import type { AlertmanagerClient, Matcher, Silence, SilenceDraft } from './alertmanager.ts'
import type { CalendarWindow } from './calendar.ts'
import { type AccountLabels, silenceMatchers } from './silence-matchers.ts'

/** Whether a window mutes alerts. */
export type SilenceState =
  /** Alertmanager has the silence. */
  | 'set'
  /** It will be set when the window is near, or as soon as Alertmanager answers. */
  | 'due'
  /** The window is over. */
  | 'over'

/** Turns windows into silences and back. */
export interface Silences {
  /**
   * Makes Alertmanager's silences those that the calendar asks for, and no other of ours. Doing it again changes nothing.
   * Rejects with AlertmanagerError; what was left undone is done next time.
   */
  sync(signal: AbortSignal): Promise<void>
  stateOf(window: CalendarWindow): SilenceState
}

export interface SilencesParts {
  readonly client: () => AlertmanagerClient
  readonly windows: (fromMs: number, toMs: number) => readonly CalendarWindow[]
  readonly accountsOf: (id: string) => readonly AccountLabels[]
  /** Names this exporter among all that share an Alertmanager: it leaves the silences of others alone. */
  readonly scope: string
  readonly nowMs: () => number
  readonly log: Log
}

/** A silence is set so long before its window opens. */
const LEAD_MS = 10 * 60_000

interface Wanted extends SilenceDraft {
  readonly marker: string
  readonly windowId: string
}

export function maintenanceSilences({ client, windows, accountsOf, scope, nowMs, log }: SilencesParts): Silences {
  let setFor: ReadonlySet<string> = new Set()

  function wanted(atMs: number): readonly Wanted[] {
    return windows(atMs, atMs + LEAD_MS).flatMap((window) => {
      if (window.endMs <= atMs) return []
      return silenceMatchers(window.select, accountsOf).map((matchers): Wanted => {
        const marker = `[${scope} ${window.id} ${printOf(matchers, window.endMs)}]`
        return {
          matchers,
          // Alertmanager refuses a silence that begins in the past.
          startsMs: Math.max(window.startMs, atMs),
          endsMs: window.endMs,
          createdBy: window.author,
          comment: `Maintenance: ${window.reason} ${marker}`,
          marker,
          windowId: window.id,
        }
      })
    })
  }

  return {
    async sync(signal) {
      const atMs = nowMs()
      const desired = new Map(wanted(atMs).map((one) => [one.marker, one]))
      const alertmanager = client()
      const ours = (await alertmanager.silences(signal)).filter((one) => one.state !== 'expired' && isOurs(one))
      const found = new Set<string>()
      const surplus: Silence[] = []
      for (const silence of ours) {
        const marker = markerOf(silence)
        if (marker !== null && desired.has(marker) && !found.has(marker)) found.add(marker)
        else surplus.push(silence)
      }
      for (const [marker, draft] of desired) {
        if (found.has(marker)) continue
        const { matchers, startsMs, endsMs, createdBy, comment } = draft
        await alertmanager.createSilence({ matchers, startsMs, endsMs, createdBy, comment }, signal)
        log.info({ window: draft.windowId }, 'The alerts of a maintenance window are silenced.')
      }
      // New ones first: a window that is moved or widened is never open to alerts in between.
      for (const { id, comment } of surplus) {
        await alertmanager.expireSilence(id, signal)
        log.info({ silence: id, comment }, 'A silence of a maintenance window that is over or changed is ended.')
      }
      setFor = new Set([...desired.values()].map(({ windowId }) => windowId))
    },
    stateOf(window) {
      if (window.endMs <= nowMs()) return 'over'
      return setFor.has(window.id) ? 'set' : 'due'
    },
  }

  function isOurs({ comment }: Silence): boolean {
    return comment.includes(`[${scope} `)
  }

  function markerOf({ comment }: Silence): string | null {
    const start = comment.lastIndexOf(`[${scope} `)
    return start < 0 ? null : comment.slice(start)
  }
}

/** Changes with what is muted and until when: then it is another silence. */
function printOf(matchers: readonly Matcher[], endMs: number): string {
  const text = JSON.stringify([matchers.map(({ name, value, isRegex }) => [name, value, isRegex]), endMs])
  return createHash('sha256').update(text).digest('base64url').slice(0, 10)
}
