import { expect, test } from 'vitest'
import type { MaintenanceRecord, Notification, ReportSubscription, Store, TextMessage } from '../../src/store/store.ts'
import { DAY, HOUR, MINUTE, RETENTION, T0, tidy } from './fixtures.ts'

export function notificationOf(id: string, over: Partial<Notification> = {}): Notification {
  return {
    id,
    receiver: 'on-call',
    groupKey: '{}:{alertname="WhatsAppAccountBlocked"}',
    groupLabels: { alertname: 'WhatsAppAccountBlocked' },
    groupSize: 1,
    fingerprint: 'f1',
    alertname: 'WhatsAppAccountBlocked',
    severity: 'critical',
    labels: { account: 'sales-01', gateway: 'waha-1', team: '"sales"\n' },
    annotations: { summary: 'A sentence with ümlauts and {{ braces }}.' },
    gateway: 'waha-1',
    key: 'waha-1/sales-01',
    status: 'firing',
    startsMs: T0 - MINUTE,
    firedMs: T0,
    endsMs: null,
    resolvedMs: null,
    incidentId: 'i1',
    latencyMs: 90_000,
    ...over,
  }
}

export function textMessageOf(id: string, over: Partial<TextMessage> = {}): TextMessage {
  return {
    id,
    receiver: 'night',
    to: '+4915112345678',
    atMs: T0,
    text: 'CRITICAL',
    status: 'accepted',
    providerId: 'SM1',
    detail: 'queued',
    attempts: 1,
    updatedMs: T0,
    ...over,
  }
}

const plan: Extract<MaintenanceRecord, { kind: 'plan' }> = {
  kind: 'plan',
  id: 'm1',
  spec: {
    kind: 'recurring',
    cron: '0 3 * * 0',
    durationMs: HOUR,
    timeZone: 'Europe/Berlin',
    select: { gateways: ['waha-1'], labels: { team: 'sales' } },
    author: 'alice',
    reason: 'Upgrade',
  },
  createdMs: T0,
  createdBy: 'alice',
  endedMs: null,
  endedBy: null,
}

export function subscriptionOf(id: string, over: Partial<ReportSubscription> = {}): ReportSubscription {
  return {
    id,
    recipient: 'anna@example.org',
    timing: { kind: 'cron', cron: '0 7 * * 1-5', covers: 'yesterday' },
    timeZone: 'Europe/Berlin',
    select: { gateways: ['waha-1'], labels: { team: 'sales' } },
    template: 'executive',
    formats: ['pdf', 'csv'],
    language: 'de',
    createdMs: T0,
    createdBy: 'alice',
    endedMs: null,
    endedBy: null,
    ...over,
  }
}

/** What every store must do with notifications, text messages, maintenance and subscriptions. */
export function auditCases(store: () => Store, reopen: () => Promise<Store>, lasting: boolean): void {
  test('a notification is read back as it was, and told twice it is one', async () => {
    const told = notificationOf('n1')
    expect(await store().recordNotifications([told])).toEqual([told])
    expect(await store().recordNotifications([{ ...told, firedMs: T0 + HOUR, groupSize: 7 }])).toEqual([])
    expect(await store().notifications({ limit: 10 })).toEqual({ items: [told] })
  })

  test('the end of an alert keeps when it was told first, and may be taken back', async () => {
    const told = notificationOf('n1')
    await store().recordNotifications([told])
    const over = { status: 'resolved', endsMs: T0 + MINUTE, resolvedMs: T0 + 2 * MINUTE } as const
    const resolved = { ...told, ...over }
    expect(await store().recordNotifications([{ ...told, ...over, firedMs: T0 + HOUR, latencyMs: 1 }])).toEqual([
      resolved,
    ])
    expect(await store().notifications({ limit: 1, status: 'resolved' })).toEqual({ items: [resolved] })
    expect(await store().recordNotifications([told])).toEqual([told])
    expect(await store().notifications({ limit: 1, status: 'resolved' })).toEqual({ items: [] })
  })

  test('notifications are found by each filter, newest first, page by page', async () => {
    const rows = [
      notificationOf('a', { firedMs: T0 }),
      notificationOf('b', { firedMs: T0 + MINUTE, receiver: 'audit', severity: 'warning' }),
      notificationOf('c', { firedMs: T0 + MINUTE, alertname: 'WhatsAppGatewayDown', key: null, gateway: 'evo' }),
      notificationOf('d', { firedMs: T0 + HOUR, key: 'waha-1/other' }),
    ]
    await store().recordNotifications(rows)
    const ids = async (filter: Partial<Parameters<Store['notifications']>[0]>) =>
      (await store().notifications({ limit: 10, ...filter })).items.map(({ id }) => id).join('')
    expect(await ids({})).toBe('dcba')
    expect(await ids({ receiver: 'audit' })).toBe('b')
    expect(await ids({ severity: 'critical', status: 'firing' })).toBe('dca')
    expect(await ids({ alertname: 'WhatsAppGatewayDown' })).toBe('c')
    expect(await ids({ gateway: 'evo' })).toBe('c')
    expect(await ids({ keys: ['waha-1/sales-01'] })).toBe('ba')
    expect(await ids({ range: { fromMs: T0 + MINUTE, toMs: T0 + HOUR } })).toBe('cb')
    const first = await store().notifications({ limit: 2 })
    const second = await store().notifications({ limit: 2, cursor: first.nextCursor })
    expect([...first.items, ...second.items].map(({ id }) => id).join('')).toBe('dcba')
    expect(second.nextCursor).toBeUndefined()
  })

  test('a text message is replaced by its next version', async () => {
    const first = textMessageOf('t1')
    const next = textMessageOf('t1', { status: 'delivered', detail: 'delivered', updatedMs: T0 + MINUTE })
    await store().putTextMessage(first)
    await store().putTextMessage(next)
    await store().putTextMessage(textMessageOf('t2', { atMs: T0 + 1, status: 'failed', providerId: null }))
    expect(await store().textMessage('t1')).toEqual(next)
    expect(await store().textMessage('t9')).toBeNull()
    const ids = async (filter: object) =>
      (await store().textMessages({ limit: 9, ...filter })).items.map(({ id }) => id).join()
    expect(await ids({})).toBe('t2,t1')
    expect(await ids({ status: 'failed' })).toBe('t2')
    expect(await ids({ receiver: 'nobody' })).toBe('')
    expect(await ids({ range: { fromMs: T0, toMs: T0 + 1 } })).toBe('t1')
  })

  test('maintenance is kept oldest first, one record for each kind and id', async () => {
    const early: MaintenanceRecord = { kind: 'early_end', id: 'm1', endedMs: T0 + HOUR, endedBy: 'bob' }
    const ended: MaintenanceRecord = { ...plan, endedMs: T0 + DAY, endedBy: 'bob' }
    await store().putMaintenance(early)
    await store().putMaintenance(plan)
    await store().putMaintenance(ended)
    expect(await store().maintenance()).toEqual([ended, early])
  })

  test('a subscription is read back as it was, oldest first, and replaced by its next version', async () => {
    const later = subscriptionOf('s1', {
      createdMs: T0 + HOUR,
      timing: { kind: 'weekly', minuteOfDay: 390 },
      select: {},
      language: null,
    })
    const first = subscriptionOf('s2')
    const ended = subscriptionOf('s2', { endedMs: T0 + DAY, endedBy: 'anna@example.org' })
    await store().putSubscription(later)
    await store().putSubscription(first)
    expect(await store().subscriptions()).toEqual([first, later])
    await store().putSubscription(ended)
    expect(await store().subscriptions()).toEqual([ended, later])
  })

  test('upkeep drops what is over for longer than summaries are kept, and nothing that goes on', async () => {
    const once: MaintenanceRecord = {
      ...plan,
      id: 'once',
      spec: { kind: 'once', startMs: T0, endMs: T0 + HOUR, select: {}, author: 'a', reason: 'r' },
    }
    await store().recordNotifications([
      notificationOf('firing'),
      notificationOf('over', { status: 'resolved', endsMs: T0, resolvedMs: T0 }),
    ])
    await store().putTextMessage(textMessageOf('t'))
    await store().putMaintenance(plan)
    await store().putMaintenance(once)
    await store().putSubscription(subscriptionOf('s1'))
    await store().putSubscription(subscriptionOf('s2', { endedMs: T0, endedBy: 'alice' }))
    await tidy(store(), T0 + RETENTION.summaryMs)
    expect((await store().notifications({ limit: 9 })).items).toHaveLength(2)
    expect(await store().subscriptions()).toHaveLength(2)
    await tidy(store(), T0 + RETENTION.summaryMs + 2 * HOUR)
    expect((await store().notifications({ limit: 9 })).items.map(({ id }) => id)).toEqual(['firing'])
    expect((await store().textMessages({ limit: 9 })).items).toEqual([])
    expect(await store().maintenance()).toEqual([plan])
    expect(await store().subscriptions()).toEqual([subscriptionOf('s1')])
  })

  test.runIf(lasting)('notifications, text messages, maintenance and subscriptions survive a restart', async () => {
    await store().recordNotifications([notificationOf('n1')])
    await store().putTextMessage(textMessageOf('t1'))
    await store().putMaintenance(plan)
    await store().putSubscription(subscriptionOf('s1'))
    const again = await reopen()
    expect((await again.notifications({ limit: 9 })).items).toEqual([notificationOf('n1')])
    expect(await again.textMessage('t1')).toEqual(textMessageOf('t1'))
    expect(await again.maintenance()).toEqual([plan])
    expect(await again.subscriptions()).toEqual([subscriptionOf('s1')])
  })
}
