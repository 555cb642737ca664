import type { Incident, Transition } from '../health/health.ts'
import type { RecoveryAttempt } from '../health/recovery.ts'
import { time } from './documents/fields.ts'
import { incidentDocument, transitionDocument } from './documents/incident.ts'
import { recoveryDocument } from './documents/recovery.ts'
import { type EventFeed, eventFeed } from './event-feed.ts'

/** What happened to the fleet since the last time. */
export interface FleetChanges {
  readonly atMs: number
  readonly transitions: readonly Transition[]
  /** Every incident that changed, in its newest version. */
  readonly incidents: readonly Incident[]
  readonly recoveries: readonly RecoveryAttempt[]
}

/** Tells clients what changes in the fleet: events named `change`. */
export interface ChangeFeed extends Pick<EventFeed, 'follow'> {
  publish(changes: FleetChanges): void
}

// A gateway that fails takes thousands of accounts along; nobody reads that many lines.
const MOST_PER_EVENT = 50

/** @param startedMs when this process began; incidents detected before it are not news */
export function changeFeed(startedMs: number, feed: EventFeed = eventFeed(startedMs.toString(36))): ChangeFeed {
  const open = new Set<string>()

  function newsOf(incident: Incident): 'opened' | 'resolved' | null {
    if (incident.endMs !== null) {
      open.delete(incident.id)
      return 'resolved'
    }
    if (open.has(incident.id)) return null
    open.add(incident.id)
    return incident.detectedMs >= startedMs ? 'opened' : null
  }

  return {
    follow: (lastEventId, signal) => feed.follow(lastEventId, signal),
    publish({ atMs, transitions, incidents, recoveries }) {
      const news = incidents.flatMap((incident) => {
        const what = newsOf(incident)
        return what === null ? [] : [{ what, incident }]
      })
      if (transitions.length + news.length + recoveries.length === 0) return
      const omitted = [transitions, news, recoveries].reduce(
        (sum, list) => sum + Math.max(0, list.length - MOST_PER_EVENT),
        0,
      )
      feed.publish('change', {
        at: time(atMs),
        transitions: transitions
          .slice(0, MOST_PER_EVENT)
          .map((transition) => ({ key: transition.key, ...transitionDocument(transition) })),
        incidents: news
          .slice(0, MOST_PER_EVENT)
          .map(({ what, incident }) => ({ what, incident: incidentDocument(incident) })),
        recoveries: recoveries.slice(0, MOST_PER_EVENT).map(recoveryDocument),
        omitted,
      })
    },
  }
}
