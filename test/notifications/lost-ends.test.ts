import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { AlertmanagerClient, EndedAlert } from '../../src/notifications/alertmanager.ts'
import { type NotificationAudit, notificationAudit } from '../../src/notifications/audit.ts'
import { lostEnds } from '../../src/notifications/lost-ends.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { alertOf, messageOf, NOW_MS } from './messages.ts'

// The real Alertmanager has its say in test/e2e/alert-classes.test.ts; here it is a few lines, so that clocks can be turned.
const MINUTE = 60_000
const { signal } = new AbortController()

let store: Store
let audit: NotificationAudit
let nowMs: number
let startedMs: number
/** Receiver that does not want to hear of ends. */
let deaf: string | null
let present: Set<string>
let ended: EndedAlert[][]
let look: (signal: AbortSignal) => Promise<void>
beforeEach(async () => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
  nowMs = NOW_MS
  startedMs = 0
  present = new Set()
  ended = []
  audit = notificationAudit({ store, nowMs: () => nowMs, counted() {} })
  const client: AlertmanagerClient = {
    silences: async () => [],
    createSilence: async () => '',
    expireSilence: async () => {},
    endAlerts: async (alerts) => void ended.push([...alerts]),
    alertFingerprints: async () => present,
    startedMs: async () => startedMs,
  }
  deaf = null
  look = lostEnds({
    store,
    audit,
    client: () => client,
    hearsEnds: (receiver) => receiver !== deaf,
    nowMs: () => nowMs,
    log: silentLog,
  })
  for (const receiver of ['exporter-audit', 'on-call']) await audit.record(messageOf([alertOf('a')], { receiver }))
  nowMs += 11 * MINUTE
})
afterEach(() => store.close())

const lookTwice = async () => {
  await look(signal)
  nowMs += MINUTE
  await look(signal)
}
const statuses = async () => (await store.notifications({ limit: 9 })).items.map(({ status }) => status)

test('an alert that two looks do not find is told to be over, once for all its receivers', async () => {
  const missedMs = nowMs
  await look(signal)
  expect(ended).toEqual([])
  nowMs += MINUTE
  await look(signal)
  expect(ended).toEqual([[expect.objectContaining({ labels: alertOf('a').labels, endsMs: missedMs })]])
})

test('until its end was told it is told again, and goes on in the audit', async () => {
  await lookTwice()
  nowMs += MINUTE
  await look(signal)
  expect(ended).toHaveLength(2)
  expect(await statuses()).toEqual(['firing', 'firing'])
})

test('after a day nobody waits for it any longer: the audit closes it', async () => {
  await lookTwice()
  nowMs += 25 * 60 * MINUTE
  await look(signal)
  expect(ended).toHaveLength(1)
  expect(await statuses()).toEqual(['resolved', 'resolved'])
})

test('a receiver that does not hear of ends is owed none: the audit closes its entry', async () => {
  deaf = 'on-call'
  await lookTwice()
  const { items } = await store.notifications({ limit: 9 })
  expect(items.map(({ receiver, status, resolvedMs }) => [receiver, status, resolvedMs]).sort()).toEqual([
    ['exporter-audit', 'firing', null],
    ['on-call', 'resolved', null],
  ])
})

test('an alert that Alertmanager still holds is left alone', async () => {
  present.add('f-a')
  await lookTwice()
  expect(ended).toEqual([])
})

test('an alert that was missing only once is left alone', async () => {
  await look(signal)
  present.add('f-a')
  await look(signal)
  present.clear()
  await look(signal)
  expect(ended).toEqual([])
})

test('a young notification is left alone: the message about its end may be under way', async () => {
  nowMs = NOW_MS + 5 * MINUTE
  await lookTwice()
  expect(ended).toEqual([])
})

test('an Alertmanager that was just started knows nothing yet, and is not believed', async () => {
  startedMs = nowMs - MINUTE
  await lookTwice()
  expect(ended).toEqual([])
})
