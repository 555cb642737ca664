import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { z } from 'zod'
import { type Part, type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'
import { run as render } from '../../src/cli/render.ts'
import { recordingIo } from '../cli/transcript.ts'
import { until } from '../service/until.ts'
import { setScene, startIn } from '../service/world.ts'

const Names = z.object({ data: z.array(z.string()) })
const Vector = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) })
const local = (port: number) => `http://127.0.0.1:${port}`

function isInstalled(name: string): boolean {
  try {
    return program([name]) !== ''
  } catch {
    return false
  }
}

async function started(context: TestContext, part: Omit<Part, 'readyWithinMs'>): Promise<void> {
  let running: RunningPart | null = null
  context.onTestFinished(() => running?.end(5_000))
  const events = {
    print() {},
    spawned: (spawned: RunningPart) => {
      running = spawned
    },
  }
  await startPart({ ...part, readyWithinMs: 60_000 }, events, new AbortController().signal)
}

/** The long-term store as deploy/compose has it, in a version of the distribution. */
async function victoriaMetrics(context: TestContext, folder: string, port: number): Promise<void> {
  await started(context, {
    name: 'victoria-metrics',
    command: program(['victoria-metrics']),
    args: [
      `-storageDataPath=${folder}`,
      '-retentionPeriod=2y',
      `-httpListenAddr=127.0.0.1:${port}`,
      // The newest 30 s are else left out of answers, in case something is still under way.
      '-search.latencyOffset=0s',
    ],
    readyUrl: `${local(port)}/health`,
  })
}

const namesIn = async (port: number) =>
  Names.parse(await (await fetch(`${local(port)}/api/v1/label/__name__/values`)).json()).data

test.skipIf(!isInstalled('victoria-metrics'))(
  'Prometheus sends on what it scrapes, to each place what it is to keep',
  async (context) => {
    const first = 27_000 + Math.floor(Math.random() * 2_000)
    const taken = new Set<number>()
    const port = async () => {
      const free = await freePort(first, taken)
      taken.add(free)
      return free
    }
    const ports = { prometheus: await port(), all: await port(), some: await port() }
    const scene = await setScene(context, {
      simulator: { gateways: [{ name: 'one', dialect: 'http', accounts: ['a', 'b', 'c'] }] },
      config: {
        prometheus: {
          url: local(ports.prometheus),
          scrapeInterval: '1s',
          remoteWrite: [{ name: 'some', url: `${local(ports.some)}/api/v1/write`, keep: 'whatsapp_account_up' }],
        },
      },
    })
    const { service } = await startIn(context, scene)
    await service.ready
    await victoriaMetrics(context, join(scene.folder, 'all'), ports.all)
    await victoriaMetrics(context, join(scene.folder, 'some'), ports.some)

    const args = ['--config', scene.configFile, '--out', join(scene.folder, 'rendered')]
    const addresses = [`--exporter=${new URL(service.url).host}`, `--remote-write=${local(ports.all)}/api/v1/write`]
    const io = recordingIo(scene.folder)
    expect([await render([...args, ...addresses], io, new AbortController().signal), io.said.err]).toEqual([
      0,
      expect.not.stringContaining('error'),
    ])
    await started(context, {
      name: 'prometheus',
      command: program(['prometheus']),
      args: [
        `--config.file=${join(scene.folder, 'rendered/prometheus.yml')}`,
        `--storage.tsdb.path=${join(scene.folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        '--log.level=error',
      ],
      readyUrl: `${local(ports.prometheus)}/-/ready`,
    })

    const all = await until(
      'samples',
      async () => {
        const names = await namesIn(ports.all)
        return names.includes('whatsapp_account_up') && names.includes('prometheus_build_info') ? names : undefined
      },
      120_000,
    )
    expect(all.length).toBeGreaterThan(100)
    const counted = await until('every account', async () => {
      const answer = await fetch(`${local(ports.all)}/api/v1/query?query=count(whatsapp_account_up)`)
      return Vector.parse(await answer.json()).data.result[0]?.value[1]
    })
    expect(counted).toBe('3')
    expect(
      await until('what is kept', async () => (await namesIn(ports.some)).length > 0 && namesIn(ports.some)),
    ).toEqual(['whatsapp_account_up'])
  },
)
