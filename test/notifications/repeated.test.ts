import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Log } from '../../src/log.ts'
import { repeated } from '../../src/notifications/repeated.ts'
import { until } from '../service/until.ts'

let ending: AbortController
let logged: string[]
let log: Log
beforeEach(() => {
  ending = new AbortController()
  logged = []
  const tell = (level: string) => (_facts: object, text: string) => logged.push(`${level}: ${text}`)
  log = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') }
})
afterEach(() => ending.abort())

test('a failure is told once, and once more when it is over', async () => {
  let turns = 0
  const work = async () => {
    turns++
    if (turns <= 3) throw new Error('away')
  }
  repeated({ name: 'count', everyMs: 1, work }, ending.signal, log)
  await until('five turns', () => turns >= 5)
  expect(logged).toEqual([
    'warn: The exporter cannot count; it keeps trying.',
    'debug: The exporter cannot count; it keeps trying.',
    'debug: The exporter cannot count; it keeps trying.',
    'info: The exporter can count again.',
  ])
})

test('a failure that matters to nobody is told to the debug log only', async () => {
  let turns = 0
  const work = async () => {
    turns++
    throw new Error('away')
  }
  repeated({ name: 'count', everyMs: 1, work, matters: () => false }, ending.signal, log)
  await until('three turns', () => turns >= 3)
  expect(new Set(logged)).toEqual(new Set(['debug: The exporter cannot count; it keeps trying.']))
})

test('soon does it at once, and right after the present turn, never twice at a time', async () => {
  let running = 0
  let most = 0
  let turns = 0
  const gates: (() => void)[] = []
  const work = async () => {
    turns++
    running++
    most = Math.max(most, running)
    await new Promise<void>((resolve) => gates.push(resolve))
    running--
  }
  const job = repeated({ name: 'wait', everyMs: 3_600_000, work }, ending.signal, log)
  job.soon()
  job.soon()
  gates.shift()?.()
  await until('the next turn', () => turns === 2)
  gates.shift()?.()
  await until('it to rest', () => running === 0)
  job.soon()
  await until('a third turn', () => turns === 3)
  expect(most).toBe(1)
})

test('the signal ends it, also where somebody asks for more', async () => {
  let turns = 0
  const job = repeated({ name: 'count', everyMs: 1, work: async () => void turns++ }, ending.signal, log)
  await until('a turn', () => turns > 0)
  ending.abort()
  const seen = turns
  job.soon()
  // Longer than several pauses: what goes on would have gone on by now.
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(turns).toBe(seen)
})
