import { expect, test } from 'vitest'
import { cutToOneSms, smsText } from '../../src/notifications/sms-text.ts'
import { alertOf, messageOf, resolved } from './messages.ts'

const many = Array.from({ length: 60 }, (_, index) => alertOf(`sales-${index}`))

test.each([
  ['one account', messageOf([alertOf('sales-01')]), 'CRITICAL AccountBlocked at waha-1: 1 firing (sales-01)'],
  [
    'some that fire and some that are over',
    messageOf([alertOf('a'), alertOf('b'), alertOf('c', { status: 'resolved' })]),
    'CRITICAL AccountBlocked at waha-1: 2 firing, 1 over (a, b)',
  ],
  ['the end', resolved(messageOf([alertOf('a')]), 0), 'OK AccountBlocked at waha-1: 1 over (a)'],
  [
    'the worst of several severities',
    messageOf([
      alertOf(null, { labels: { alertname: 'X', severity: 'info' } }),
      alertOf(null, { labels: { alertname: 'X', severity: 'warning' } }),
    ]),
    'WARNING AccountBlocked at waha-1: 2 firing',
  ],
  [
    'an alert without a gateway',
    messageOf([alertOf(null, { labels: { alertname: 'WhatsAppExporterDown', severity: 'critical' } })], {
      groupLabels: { alertname: 'WhatsAppExporterDown' },
    }),
    'CRITICAL ExporterDown: 1 firing',
  ],
])('%s', (_name, message, text) => {
  expect(smsText(message)).toBe(text)
})

test('as many names as fit into one SMS, and how many more there are', () => {
  const text = smsText(messageOf(many))
  expect(text).toMatch(/^CRITICAL AccountBlocked at waha-1: 60 firing \(sales-0, .+, \d+ more\)$/)
  expect(text.length).toBeLessThanOrEqual(160)
  expect(text.length).toBeGreaterThan(140)
})

test('alerts that Alertmanager cut off are counted', () => {
  expect(smsText(messageOf([alertOf('a')], { truncatedAlerts: 199 }))).toContain('200 firing')
})

test.each([
  ['160 plain characters stay', 'x'.repeat(160), 'x'.repeat(160)],
  ['161 are cut', 'x'.repeat(161), `${'x'.repeat(157)}...`],
  ['a euro sign takes two places', `${'x'.repeat(158)}€`, `${'x'.repeat(158)}€`],
  ['and is cut when they are not there', `${'x'.repeat(159)}€`, `${'x'.repeat(157)}...`],
  ['70 characters of another alphabet stay', 'م'.repeat(70), 'م'.repeat(70)],
  ['71 are cut', 'م'.repeat(71), `${'م'.repeat(67)}...`],
  ['a picture is never cut in half', '😀'.repeat(36), `${'😀'.repeat(33)}...`],
])('%s', (_name, text, cut) => {
  expect(cutToOneSms(text)).toBe(cut)
})
