// Draws docs/images/board-*.png: every panel of the boards after the boards' own JSON, with the data that a real Prometheus
// answers over the simulated fleet. They are no screenshots of Grafana, which has a look of its own.

import { mkdir, writeFile } from 'node:fs/promises'
import { type Board, panelsOf, readBoards } from '../test/e2e/boards/board.ts'
import { type BoardsWorld, startBoardsWorld } from '../test/e2e/boards/boards-world.ts'
import { type PanelData, panelData } from '../test/e2e/boards/panel-data.ts'
import { timeSteps } from '../test/e2e/boards/time-steps.ts'
import { choose, type Wishes } from '../test/e2e/boards/variables.ts'
import { startBrowser } from '../test/e2e/browser.ts'
import { boardPage, PAGE_WIDTH } from './board-pictures/board-page.ts'
import { smallPng } from './board-pictures/small-png.ts'

/** A board about one account shows one that has something to tell. */
const WISHES: Readonly<Record<string, Wishes>> = {
  'whatsapp-account': { tenant: ['acme'], gateway: ['evolution-1'], account: ['returns'] },
}
/** Pixels of the picture for one of the page. */
const PIXELS = 1

async function picture(board: Board, { asker }: Pick<BoardsWorld, 'asker'>): Promise<{ html: string; height: number }> {
  const nowMs = Date.now()
  const { fromMs, toMs } = timeSteps(board.time, nowMs, 1000)
  const choices = await choose(board, WISHES[board.uid] ?? {}, { asker, fromMs, toMs })
  const panels = new Map<number, PanelData>()
  for (const panel of panelsOf(board)) panels.set(panel.id, await panelData(board, panel, choices, asker, nowMs))
  return boardPage(board, panels, choices, nowMs)
}

const boards = readBoards()
const world = await startBoardsWorld(boards)
const browser = await startBrowser()
try {
  await mkdir('docs/images', { recursive: true })
  for (const board of boards) {
    const { html, height } = await picture(board, world)
    const page = await browser.newPage()
    await page.setViewport({ width: PAGE_WIDTH, height, deviceScaleFactor: PIXELS })
    await page.setContent(html)
    const bytes = await page.screenshot({ type: 'png' })
    await writeFile(`docs/images/${board.uid.replace('whatsapp', 'board')}.png`, smallPng(Buffer.from(bytes)))
    await page.close()
  }
} finally {
  await browser.close()
  await world.end()
}
