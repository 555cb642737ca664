import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'

/** A real Alertmanager that can be stopped and started again at its address. */
export interface AlertmanagerProcess {
  readonly url: string
  readonly folder: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Sends alerts as Prometheus does. */
  post(alerts: readonly object[]): Promise<void>
  end(): Promise<void>
}

/** @param config the text of alertmanager.yml; templates may lie in `folder` beside it */
export async function alertmanagerProcess(config: (folder: string) => string): Promise<AlertmanagerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'))
  const port = await freePort(23_000 + Math.floor(Math.random() * 2000), new Set())
  const url = `http://127.0.0.1:${port}`
  writeFileSync(join(folder, 'alertmanager.yml'), config(folder))
  let running: RunningPart | null = null
  const stop = async () => {
    await running?.end(5000)
    running = null
  }
  return {
    url,
    folder,
    stop,
    start: () =>
      startPart(
        {
          name: 'alertmanager',
          command: program(['prometheus-alertmanager', 'alertmanager']),
          args: [
            `--config.file=${join(folder, 'alertmanager.yml')}`,
            `--storage.path=${join(folder, 'data')}`,
            `--web.listen-address=127.0.0.1:${port}`,
            '--cluster.listen-address=',
          ],
          readyUrl: `${url}/-/ready`,
          readyWithinMs: 30_000,
        },
        {
          print() {},
          spawned(part) {
            running = part
          },
        },
        new AbortController().signal,
      ),
    async post(alerts) {
      const answer = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      })
      if (!answer.ok) throw new Error(await answer.text())
    },
    async end() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
