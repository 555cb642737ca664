import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'templates-'))
afterAll(() => rmSync(folder, { recursive: true }))

const STARTED = '2026-03-01T03:12:00Z'
const alert = (account: string, over: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'WhatsAppAccountBlocked', severity: 'critical', gateway: 'waha-1', account },
  annotations: {
    summary: 'WhatsApp has blocked an account.',
    description: `${account} at waha-1 is blocked. Cause: banned.`,
    runbook_url: 'https://runbooks.example.org/account-blocked',
    dashboard_url: `https://grafana.example.org/d/account?var-account=${account}`,
  },
  startsAt: STARTED,
  ...over,
})
const over = { status: 'resolved', endsAt: '2026-03-01T03:54:30.4Z' }
const message = (alerts: readonly object[], more: object = {}) => ({
  receiver: 'on-call',
  status: 'firing',
  externalURL: 'https://alerts.example.org',
  groupLabels: { alertname: 'WhatsAppAccountBlocked', gateway: 'waha-1', tenant: 'acme & co' },
  commonLabels: { severity: 'critical' },
  commonAnnotations: { summary: 'WhatsApp has blocked an account.' },
  alerts,
  ...more,
})

/** The text that Alertmanager's own engine makes of a template. */
function rendered(template: string, data: object): string {
  const path = join(folder, 'data.json')
  writeFileSync(path, JSON.stringify(data))
  const { stdout, stderr, status } = spawnSync(
    'amtool',
    [
      'template',
      'render',
      `--template.glob=${resolve('alertmanager/templates')}/*.tmpl`,
      `--template.data=${path}`,
      `--template.text={{ template "${template}" . }}`,
    ],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return stdout
}

describe('the headline', () => {
  test.each([
    [
      'says how bad, what, where and how many',
      message([alert('a'), alert('b')]),
      'CRITICAL: Account Blocked at waha-1 (acme & co), 2 firing',
    ],
    [
      'counts what is over beside what fires',
      message([alert('a'), alert('b', over)]),
      'CRITICAL: Account Blocked at waha-1 (acme & co), 1 firing, 1 over',
    ],
    [
      'says when all is over',
      message([alert('a', over)], { status: 'resolved' }),
      'OVER: Account Blocked at waha-1 (acme & co)',
    ],
    [
      'needs neither gateway nor severity',
      message([alert('a')], { groupLabels: { alertname: 'WhatsAppExporterDown' }, commonLabels: {} }),
      'ALERT: Exporter Down, 1 firing',
    ],
  ])('%s', (_name, data, text) => {
    expect(rendered('whatsapp.headline', data)).toBe(text)
  })
})

describe('a Slack message', () => {
  test.each([
    ['firing', 'critical', 'danger'],
    ['firing', 'warning', 'warning'],
    ['firing', 'info', '#439fe0'],
    ['resolved', 'critical', 'good'],
  ])('that is %s and %s has the colour %s', (status, severity, colour) => {
    expect(rendered('slack.whatsapp.color', message([alert('a')], { status, commonLabels: { severity } }))).toBe(colour)
  })

  test('tells of each account what, since when and how it ended', () => {
    expect(rendered('slack.whatsapp.text', message([alert('sales'), alert('support', over)]))).toBe(
      [
        'WhatsApp has blocked an account.',
        '• *sales* sales at waha-1 is blocked. Cause: banned. _Alert since Mar 1 03:12 UTC._',
        '• Over: *support* after 42m30s.',
        '',
      ].join('\n'),
    )
  })

  test('lists ten and counts the rest', () => {
    const many = Array.from({ length: 25 }, (_, index) => alert(`a${index}`))
    const text = rendered('slack.whatsapp.text', message(many))
    expect(text.match(/^• /gm)).toHaveLength(10)
    expect(text).toContain('… 25 alerts in all.')
  })

  test('makes names from gateways harmless', () => {
    const evil = alert('<!channel> & co', { annotations: { description: '<https://evil|click>' } })
    const text = rendered('slack.whatsapp.text', message([evil], { commonAnnotations: {} }))
    expect(text).toContain('*&lt;!channel&gt; &amp; co* &lt;https://evil|click&gt;')
  })

  test('has buttons that lead to the board, the runbook and a silence for the group', () => {
    const data = message([alert('a')])
    expect(rendered('whatsapp.board', data)).toBe('https://grafana.example.org/d/account?var-account=a')
    expect(rendered('whatsapp.runbook', data)).toBe('https://runbooks.example.org/account-blocked')
    const silence = rendered('whatsapp.silence', data)
    expect(decodeURIComponent(silence)).toBe(
      'https://alerts.example.org/#/silences/new?filter={alertname="WhatsAppAccountBlocked",gateway="waha-1",tenant="acme & co"}',
    )
    expect(silence).not.toMatch(/[ "{}+]/)
  })

  test('without links still has buttons that lead somewhere', () => {
    const bare = message([alert('a', { annotations: {} })])
    for (const name of ['whatsapp.board', 'whatsapp.runbook'])
      expect(rendered(name, bare)).toBe('https://alerts.example.org')
  })
})

describe('an e-mail', () => {
  test('as text tells the same', () => {
    const text = rendered('email.whatsapp.text', message([alert('sales'), alert('support', over)]))
    expect(text).toContain('CRITICAL: Account Blocked at waha-1 (acme & co), 1 firing, 1 over\nWhatsApp has blocked')
    expect(text).toContain(
      '- sales: sales at waha-1 is blocked. Cause: banned.\n  Alert since 2026-03-01 03:12:00 UTC.',
    )
    expect(text).toContain('  What to do: https://runbooks.example.org/account-blocked')
    expect(text).toContain('- Over: support, after 42m30s.')
  })
})

test.each([
  ['CRITICAL AccountBlocked at waha-1: 2 firing, 1 over', message([alert('a'), alert('b'), alert('c', over)])],
  ['OVER AccountBlocked at waha-1: 1 over', message([alert('a', over)], { status: 'resolved' })],
])('an SMS by SNS says "%s"', (text, data) => {
  expect(rendered('sms.whatsapp.text', data)).toBe(text)
})

test('an SMS by SNS is one SMS, however long the names are', () => {
  const long = message([alert('a')], { groupLabels: { alertname: 'W'.repeat(200), gateway: 'g'.repeat(200) } })
  expect(rendered('sms.whatsapp.text', long).length).toBeLessThanOrEqual(160)
})
