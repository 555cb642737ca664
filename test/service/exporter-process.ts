import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'vitest'
import { type ApiClient, apiClient } from './api-client.ts'
import { until } from './until.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

/** `whatsapp-exporter serve` as a program of its own. */
export interface ExporterProcess extends ApiClient {
  readonly pid: number
  /** What it printed so far. */
  readonly lines: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Exit code, or null where a signal ended it; settles with the end. */
  readonly ended: Promise<number | null>
}

interface Options {
  /** A command that runs the exporter as its arguments, for example with limits. */
  readonly under?: readonly string[]
}

/** Starts it and waits until it is ready. It is killed when the test is over. */
export async function startExporter(
  context: TestContext,
  configFile: string,
  options: Options = {},
): Promise<ExporterProcess> {
  const { child, lines, ended } = launch(context, configFile, options.under)
  const url = await until('the exporter to listen', () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${lines.join('\n')}`)
    return lines.map((line) => /"url":"(http[^"]+)","msg":"the API listens"/.exec(line)?.[1]).find((found) => found)
  })
  const client = apiClient(url)
  await until('the exporter to be ready', async () => (await client.request('GET', '/-/ready')).status === 200)
  return { ...client, pid: child.pid ?? 0, lines, ended, signal: (name) => void child.kill(name) }
}

/** Runs it where it cannot start, until it ends. */
export async function runExporter(
  context: TestContext,
  configFile: string,
): Promise<{ code: number | null; lines: readonly string[] }> {
  const { ended, lines } = launch(context, configFile)
  return { code: await ended, lines }
}

export function launch(context: TestContext, configFile: string, under: readonly string[] = []) {
  const [program = '', ...args] = [...under, process.execPath, MAIN, 'serve', '--config', configFile]
  const child: ChildProcess = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_FORMAT: 'json', LOG_LEVEL: 'debug' },
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  context.onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, lines, ended }
}
