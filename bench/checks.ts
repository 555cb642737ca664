import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { START_OPTIONS } from '../src/young-generation.ts'
import type { BenchRow } from './bench-row.ts'
import { fleetConfig } from './fleet-config.ts'
import { cpuSeconds, median, type Program, startProgram, startTarget } from './process.ts'

const ROUNDS = 5
const IN_FLIGHT = 100
const ACCOUNTS = 1_000

/**
 * CPU per check in a hot loop, the whole path of ours (request, parse, verdict, metrics, store) beside a probe of
 * blackbox_exporter (http_2xx with a body regexp) of the same target; rounds take turns.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-checks-'))
  const target = await startTarget(0)
  const config = join(folder, 'config.yml')
  await writeFile(
    config,
    fleetConfig({
      url: target.url,
      count: ACCOUNTS,
      interval: '1h',
      concurrency: IN_FLIGHT,
      storePath: join(folder, 'a.db'),
    }),
  )
  const ours = await startExporter(config)
  const peer = await startBlackbox(folder)
  try {
    await ours.now(20)
    await peer.probe(target.url, 2 * ACCOUNTS)
    const figures: { ours: number[]; peer: number[] } = { ours: [], peer: [] }
    for (let round = 0; round < ROUNDS; round++) {
      const result = await ours.now(20)
      if (result.failures > 0)
        throw new Error(`${result.failures} of our checks failed, the first one: ${result.failure}`)
      figures.ours.push(result.cpuUs / result.checks)
      figures.peer.push(await peer.probe(target.url, 5 * ACCOUNTS))
    }
    const value = median(figures.ours)
    const peerValue = median(figures.peer)
    return [
      {
        name: 'check_cpu_us_1000',
        value,
        unit: 'µs',
        peer: 'blackbox_exporter, per probe',
        peerValue,
        ratio: peerValue / value,
      },
    ]
  } finally {
    await Promise.all([ours.end(), peer.end(), target.end()])
    await rm(folder, { recursive: true, force: true })
  }
}

export interface NowResult {
  readonly checks: number
  readonly failures: number
  /** What the first of them says. */
  readonly failure?: string
  readonly cpuUs: number
  readonly cyclesMs: readonly number[]
}

/** Our exporter in a process of its own, which checks its whole fleet at once when asked. */
export async function startExporter(config: string) {
  const child = spawn(
    process.execPath,
    [...START_OPTIONS, new URL('./exporter-child.ts', import.meta.url).pathname, config],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (word: string) => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the exporter of the benchmark ended')
      if (value.startsWith(`${word} `)) return value.slice(word.length + 1)
    }
  }
  const url = await next('ready')
  return {
    url,
    pid: child.pid ?? -1,
    async now(times: number): Promise<NowResult> {
      child.stdin.write(`now ${times}\n`)
      return JSON.parse(await next('result'))
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      // Node may hang in its own exit, waiting for a thread of V8 that waits for it (nodejs/node issue 54918).
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(force)
    },
  }
}

/** A blackbox_exporter, asked by a prober in a process of its own. */
async function startBlackbox(folder: string) {
  const modules = join(folder, 'blackbox.yml')
  await writeFile(
    modules,
    'modules:\n  state:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n      fail_if_body_not_matches_regexp: [\'"state":"connected"\']\n',
  )
  const port = 19_415
  const blackbox = startProgram('prometheus-blackbox-exporter', [
    `--config.file=${modules}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ])
  await untilAnswers(`http://127.0.0.1:${port}/-/healthy`)
  return {
    /** CPU per probe in microseconds. */
    async probe(target: string, probes: number): Promise<number> {
      const before = cpuSeconds(blackbox.pid)
      const prober: Program = startProgram(process.execPath, [
        new URL('./prober.ts', import.meta.url).pathname,
        `http://127.0.0.1:${port}/probe?module=state&target=${target}/accounts/`,
        String(probes),
        String(IN_FLIGHT),
      ])
      const [, ok] = await prober.line(/^ok (\d+)$/)
      await prober.end()
      if (Number(ok) !== probes) throw new Error(`only ${ok} of ${probes} probes of the peer worked`)
      return ((cpuSeconds(blackbox.pid) - before) * 1e6) / probes
    },
    end: () => blackbox.end(),
  }
}

export async function untilAnswers(url: string): Promise<void> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok === true) return
    if (Date.now() > deadline) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
