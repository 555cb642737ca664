import { describe, expect, test } from 'vitest'
import { frame } from '../../src/cli/live-table.ts'
import { newHealth } from '../../src/health/verdict.ts'
import type { AccountView } from '../../src/monitor/fleet.ts'

function view(account: string, checked: 'fine' | 'bad' | 'no'): AccountView {
  const key = `waha-1/${account}`
  const health = newHealth(key, 0)
  const done = { ...health, lastCheckMs: 1, lastDurationMs: 26.4 }
  const known = {
    no: health,
    fine: { ...done, status: 'healthy', state: 'connected' },
    bad: { ...done, status: 'warning', state: 'disconnected' },
  } as const
  return {
    account: {
      key,
      account,
      gateway: 'waha-1',
      nativeId: account,
      phone: null,
      name: null,
      labels: {},
      objective: 0.995,
      desired: 'any',
    },
    health: known[checked],
    maintenance: null,
    recovery: { act: false, refusal: 'not_a_fault', retryAtMs: null },
  }
}

describe('the live table', () => {
  test('shows what needs a look first, then what is awaited, and a bar', () => {
    expect(frame([view('a', 'fine'), view('b', 'no'), view('c', 'bad')], 1_234, 80, 24)).toEqual([
      'ACCOUNT  GATEWAY  STATUS    STATE         TIME',
      'c        waha-1   warning   disconnected  26 ms',
      'b        waha-1   checking',
      'a        waha-1   healthy   connected     26 ms',
      `[${'#'.repeat(16)}${'.'.repeat(8)}] 2 of 3 checked, 1.2 s`,
    ])
  })

  test('of a large fleet fits a small screen, and says what it leaves out', () => {
    const views = Array.from({ length: 1_000 }, (_, index) => view(`an-account-with-a-long-name-${index}`, 'fine'))
    const lines = frame(views, 0, 40, 8)
    expect(lines.length).toBeLessThan(8)
    expect(lines.at(-2)).toBe('… and 996 more')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40)
  })

  test('of an empty fleet is a full bar', () => {
    expect(frame([], 0, 80, 24).at(-1)).toBe(`[${'#'.repeat(24)}] 0 of 0 checked, 0.0 s`)
  })
})
