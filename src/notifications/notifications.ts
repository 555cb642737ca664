import type { MaintenanceSpec } from '../health/maintenance.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { alertmanagerClient } from './alertmanager.ts'
import { type NotificationAudit, notificationAudit } from './audit.ts'
import { type CalendarWindow, type MaintenanceCalendar, maintenanceCalendar } from './calendar.ts'
import { lostEnds } from './lost-ends.ts'
import type { AlertingOptions, TwilioReceiver } from './options.ts'
import { type Repeated, repeated } from './repeated.ts'
import type { AccountLabels } from './silence-matchers.ts'
import { maintenanceSilences, type SilenceState } from './silences.ts'
import { type TextMessageBridge, type TextReceiver, textMessageBridge } from './text-messages.ts'
import { twilioClient } from './twilio.ts'

/** Everything between Alertmanager and people that is ours. */
export interface Notifications {
  readonly audit: NotificationAudit
  readonly textMessages: TextMessageBridge
  readonly maintenance: {
    readonly calendar: MaintenanceCalendar
    silenceOf(window: CalendarWindow): SilenceState
  }
  /** Begins to keep silences, follow messages and close lost ends, until the signal. */
  start(signal: AbortSignal): void
}

export interface NotificationParts {
  readonly store: Store
  /** Getters: a reload changes what they give. */
  readonly alerting: () => AlertingOptions
  readonly configuredMaintenance: () => readonly MaintenanceSpec[]
  /** The accounts that an id, key or phone names. */
  readonly accountsOf: (id: string) => readonly AccountLabels[]
  /** Names this exporter among all that share an Alertmanager; the same after a restart. */
  readonly scope: string
  readonly counted: (receiver: string, status: 'firing' | 'resolved' | 'failed') => void
  readonly nowMs: () => number
  readonly log: Log
  /** Pauses between two turns of the background work, milliseconds. @default 15 s; tests are faster */
  readonly everyMs?: number
}

const EVERY_MS = 15_000
const LOST_ENDS_EVERY = 4
const TEXT_MESSAGES_EVERY_MS = 5_000

/** Composes the audit, the bridge and the calendar. */
export function notifications(parts: NotificationParts): Notifications {
  const { store, alerting, counted, nowMs, log, everyMs = EVERY_MS } = parts
  const client = () => alertmanagerClient(alerting().url)
  let silencing: Repeated | null = null

  const hearsEnds = (name: string) => {
    const { slack, email, sms, webhook } = alerting()
    return [...slack, ...email, ...sms, ...webhook].find((one) => one.name === name)?.sendResolved ?? true
  }

  const audit = notificationAudit({ store, nowMs, counted })
  const calendar = maintenanceCalendar({
    configured: parts.configuredMaintenance,
    store,
    nowMs,
    changed: () => silencing?.soon(),
  })
  const silences = maintenanceSilences({
    client,
    windows: calendar.windows,
    accountsOf: parts.accountsOf,
    scope: parts.scope,
    nowMs,
    log,
  })
  const textMessages = textMessageBridge({
    receivers: () =>
      alerting().sms.flatMap((receiver) => (receiver.provider === 'twilio' ? [textReceiver(receiver)] : [])),
    repeatMs(name) {
      const { sms, repeatInterval } = alerting()
      return sms.find((receiver) => receiver.name === name)?.repeatInterval ?? repeatInterval
    },
    store,
    nowMs,
    failed: (receiver) => counted(receiver, 'failed'),
    log,
  })
  const lookForLostEnds = lostEnds({ store, audit, client, hearsEnds, nowMs, log })

  return {
    audit,
    textMessages,
    maintenance: { calendar, silenceOf: silences.stateOf },
    start(signal) {
      repeated({ name: 'read the maintenance calendar', everyMs, work: () => calendar.refresh() }, signal, log)
      silencing = repeated(
        {
          name: 'silence the alerts of maintenance windows',
          everyMs,
          work: silences.sync,
          matters: () => calendar.windows(nowMs(), nowMs() + 1).length > 0,
        },
        signal,
        log,
      )
      const auditing = { name: 'deliver the ends of alerts that were muted', everyMs: everyMs * LOST_ENDS_EVERY }
      repeated({ ...auditing, work: lookForLostEnds, matters: () => false }, signal, log)
      const following = { name: 'follow its text messages', everyMs: TEXT_MESSAGES_EVERY_MS }
      repeated({ ...following, work: textMessages.followUp, matters: () => false }, signal, log)
    },
  }
}

function textReceiver({ name, from, to, apiUrl, accountSid, authToken, authTokenFile }: TwilioReceiver): TextReceiver {
  const secret = authToken ?? authTokenFile
  // The options refuse a receiver without either.
  if (secret === undefined) throw new Error(`the SMS receiver ${name} has no auth token`)
  return { name, from, to, client: twilioClient({ apiUrl, accountSid, authToken: secret }) }
}
