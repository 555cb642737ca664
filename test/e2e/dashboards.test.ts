import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'
import type { Series } from './boards/ask.ts'
import { type Board, panelsOf, readBoards } from './boards/board.ts'
import { type BoardsWorld, startBoardsWorld } from './boards/boards-world.ts'
import { type PanelData, panelData } from './boards/panel-data.ts'
import { panelFaults } from './boards/panel-faults.ts'
import { timeSteps } from './boards/time-steps.ts'
import { type Choices, choose, substitute, type Wishes } from './boards/variables.ts'

const BOARDS = readBoards()

/** What a person may choose on a board. The rest is as the board opens. */
const SELECTIONS: readonly { readonly name: string; readonly wishes: Wishes; readonly boards: readonly string[] }[] = [
  {
    name: 'everything',
    wishes: {},
    boards: ['whatsapp-fleet', 'whatsapp-gateway', 'whatsapp-slo', 'whatsapp-exporter'],
  },
  {
    name: 'one account in trouble',
    wishes: { tenant: ['acme'], gateway: ['evolution-1'], account: ['returns'] },
    boards: ['whatsapp-account', 'whatsapp-fleet', 'whatsapp-gateway', 'whatsapp-slo'],
  },
]

/** Columns of the tables of alerts: which labels there are depends on what fires. */
const LABELS_OF_ALERTS = [
  'tenant',
  'gateway',
  'account',
  'instance',
  'receiver',
  'Tenant',
  'Gateway',
  'Account',
  'Exporter',
  'Receiver',
]

/** A minute on an idle machine. */
const START_WITHIN_MS = 400_000

interface Opened {
  readonly choices: Choices
  readonly panels: ReadonlyMap<number, PanelData | Error>
  readonly nowMs: number
}

let world: BoardsWorld
const opened = new Map<string, Opened>()
const CASES = BOARDS.flatMap((board) =>
  SELECTIONS.filter(({ boards }) => boards.includes(board.uid)).map((selection) => ({
    board,
    selection,
    name: `${board.uid}, with ${selection.name}`,
  })),
)

beforeAll(async () => {
  world = await startBoardsWorld(BOARDS)
  for (const { board, selection, name } of CASES) opened.set(name, await open(board, selection.wishes))
}, START_WITHIN_MS)
afterAll(() => world?.end())

async function open(board: Board, wishes: Wishes): Promise<Opened> {
  const { asker } = world
  const nowMs = Date.now()
  const { fromMs, toMs } = timeSteps(board.time, nowMs, 1000)
  const choices = await choose(board, wishes, { asker, fromMs, toMs })
  const panels = new Map<number, PanelData | Error>()
  for (const panel of panelsOf(board)) {
    panels.set(panel.id, await panelData(board, panel, choices, asker, nowMs).catch((error: Error) => error))
  }
  return { choices, panels, nowMs }
}

function openedOf(name: string): Opened {
  const found = opened.get(name)
  if (found === undefined) throw new Error(`${name} was not opened`)
  return found
}

test('the boards are those that alerts and links name', () => {
  expect(BOARDS.map(({ uid }) => uid)).toEqual([
    'whatsapp-account',
    'whatsapp-exporter',
    'whatsapp-fleet',
    'whatsapp-gateway',
    'whatsapp-slo',
  ])
})

describe.each(CASES)('the board $name', ({ board, name }) => {
  test.each(panelsOf(board).map((panel) => ({ panel, title: `${panel.title} (${panel.id})` })))(
    'shows $title',
    ({ panel }) => {
      const { panels, nowMs } = openedOf(name)
      const data = panels.get(panel.id)
      if (data === undefined || data instanceof Error) throw data ?? new Error('the panel was not asked for')
      const mayLack = panel.title === 'Alerts' ? LABELS_OF_ALERTS : []
      expect(panelFaults(data, { nowMs, mayLack })).toEqual([])
    },
  )

  test('offers something to choose for every variable', () => {
    const { choices } = openedOf(name)
    for (const [variable, { options, chosen }] of choices) {
      expect(options, variable).not.toEqual([])
      if (chosen !== 'all') expect(options, variable).toEqual(expect.arrayContaining([...chosen]))
    }
  })
})

describe('the variables', () => {
  test('chain: a tenant leaves its gateways, a gateway its accounts', async () => {
    const fleet = BOARDS.find(({ uid }) => uid === 'whatsapp-fleet')
    if (fleet === undefined) throw new Error('there is no fleet board')
    const { choices } = await open({ ...fleet, panels: [] }, { tenant: ['globex'], gateway: ['linda'] })
    expect(choices.get('tenant')?.options).toEqual(['acme', 'globex'])
    expect(choices.get('gateway')?.options).toEqual(['linda', 'meta'])
    expect(choices.get('account')?.options).toEqual([
      'clinic-east',
      'clinic-north',
      'clinic-south',
      'emergency',
      'pharmacy',
    ])
  })
})

describe.each(
  BOARDS.flatMap((board) => board.annotations.list.map((mark) => ({ board, mark, uid: board.uid, title: mark.name }))),
)('the mark $title of $uid', ({ board, mark }) => {
  test('is made of something that happened, with the labels that it names', async () => {
    const { choices, nowMs } = openedOf(CASES.find((each) => each.board === board)?.name ?? '')
    const steps = timeSteps(board.time, nowMs, 1000, mark.step)
    const query = substitute(mark.expr ?? '', choices, steps.builtIns)
    const series = await world.asker.range(query, steps.fromMs, steps.toMs, steps.stepMs)
    expect(series, query).not.toEqual([])
    expect(missingLabels(series, [mark.titleFormat, mark.textFormat].join(' '), mark.tagKeys ?? '')).toEqual([])
    if (mark.useValueForTime !== true && mark.useValueForTime !== 'on') return
    const times = series.flatMap(({ points }) => points.map(([, value]) => value))
    expect(Math.min(...times)).toBeGreaterThan(nowMs - 60 * 86_400_000)
    expect(Math.max(...times)).toBeLessThanOrEqual(nowMs)
  })
})

function missingLabels(series: readonly Series[], texts: string, tagKeys: string): readonly string[] {
  const named = [...texts.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label)
  const wanted = [...named, ...tagKeys.split(',').filter((key) => key !== '')]
  return [...new Set(wanted)].filter((label) => !series.some(({ labels }) => (labels[label] ?? '') !== ''))
}

const ALERTS = RULE_FILES.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules.filter(isAlert)))

test.each(ALERTS)(
  'the link of $alert opens a board with the variables that it sets',
  ({ board: { uid, variables } }) => {
    const board = BOARDS.find((each) => each.uid === uid)
    const names = board?.templating.list.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...variables]))
  },
)
