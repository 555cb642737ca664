import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'

/** A real Prometheus over a folder of blocks: scrapes nothing. */
export interface PrometheusProcess {
  readonly url: string
  /** Starts it, or starts it anew: blocks that were added are seen at the next start. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** @param folder for its configuration @param data its blocks */
export async function prometheusProcess(folder: string, data: string): Promise<PrometheusProcess> {
  const config = join(folder, 'blocks-only.yml')
  writeFileSync(config, 'global: {}\n')
  const port = await freePort(25_000 + Math.floor(Math.random() * 2000), new Set())
  const url = `http://127.0.0.1:${port}`
  let running: RunningPart | null = null
  const stop = async () => {
    await running?.end(5000)
    running = null
  }
  return {
    url,
    stop,
    async restart() {
      await stop()
      await startPart(
        {
          name: 'prometheus',
          command: program(['prometheus']),
          args: [
            `--config.file=${config}`,
            `--storage.tsdb.path=${data}`,
            '--storage.tsdb.retention.time=40d',
            `--web.listen-address=127.0.0.1:${port}`,
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
      )
    },
  }
}
