import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type RunningPart, startPart } from '../../scripts/stack/child.ts'
import { program } from '../../scripts/stack/plan.ts'
import { freePort } from '../../scripts/stack/ports.ts'
import { shardOf } from '../../src/accounts/shard.ts'
import { loadConfig } from '../../src/config/load.ts'
import { renderPrometheus } from '../../src/config/render-prometheus.ts'
import { type ExporterProcess, startExporter } from '../service/exporter-process.ts'
import { until } from '../service/until.ts'
import { setScene } from '../service/world.ts'
import { acceleratedRules } from './accelerated-rules.ts'

const TOTAL = 3
/** Five minutes are five seconds. */
const FACTOR = 60
const names = Array.from({ length: 12 }, (_, index) => `bot-${index}`)
const [ours = '', theirs = ''] = [0, 2].map((ordinal) =>
  names.find((name) => shardOf(`one/${name}`, TOTAL) === ordinal),
)
const BLOCKED = `alertname="WhatsAppAccountBlocked",account="${theirs}"`
const Alerts = z.object({
  data: z.object({ alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })) }),
})
const Vector = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) })

test('Prometheus scrapes all shards that render names, and its rules tell of a missing, a double and a strange one, and of its accounts meanwhile', async (context) => {
  const taken = new Set<number>()
  const port = async () => {
    const found = await freePort(20_000 + Math.floor(Math.random() * 4000), taken)
    taken.add(found)
    return found
  }
  const ports = [await port(), await port(), await port()]
  const url = `http://127.0.0.1:${await port()}`
  const scene = await setScene(context, {
    simulator: { gateways: [{ name: 'one', dialect: 'http', accounts: names }] },
    config: { prometheus: { url, scrapeInterval: '1s' } },
  })
  /** An exporter in the place of the others' peer `place`, with an ordinal and a total of its own. */
  const configure = (place: number, ordinal: number, total: number) =>
    scene.configure({
      sharding: {
        ordinal,
        total,
        ...(total === TOTAL ? { peers: ports.map((one) => `http://127.0.0.1:${one}`) } : {}),
      },
      store: { path: join(scene.folder, `${place}-${ordinal}-${total}.db`) },
      api: { listen: `127.0.0.1:${ports[place]}`, drain: '1s' },
    })
  const start = async (place: number, ordinal: number, total = TOTAL): Promise<ExporterProcess> => {
    await configure(place, ordinal, total)
    return startExporter(context, scene.configFile)
  }
  const end = async (exporter: ExporterProcess) => {
    exporter.signal('SIGKILL')
    await exporter.ended
  }

  const [, , third] = [await start(0, 0), await start(1, 1), await start(2, 2)]
  const loaded = loadConfig(scene.configFile, {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  await mkdir(join(scene.folder, 'rules'))
  for (const { name, text } of acceleratedRules(FACTOR)) await writeFile(join(scene.folder, 'rules', name), text)
  const file = join(scene.folder, 'prometheus.yml')
  await writeFile(
    file,
    renderPrometheus(loaded.config, { rulesGlobs: ['rules/exporter-alerts.yml', 'rules/account-alerts.yml'] }),
  )
  const running: RunningPart[] = []
  const ending = new AbortController()
  context.onTestFinished(async () => {
    ending.abort()
    for (const { pid, ended } of running) {
      process.kill(pid, 'SIGKILL')
      await ended
    }
  })
  await startPart(
    {
      name: 'prometheus',
      command: program(['prometheus']),
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(scene.folder, 'prometheus')}`,
        `--web.listen-address=${new URL(url).host}`,
        '--log.level=warn',
      ],
      readyUrl: `${url}/-/ready`,
      readyWithinMs: 30_000,
    },
    { print() {}, spawned: (part) => running.push(part) },
    ending.signal,
  )
  const value = async (query: string) => {
    const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`)
    return Number(Vector.parse(await answer.json()).data.result[0]?.value[1] ?? Number.NaN)
  }
  /** The shard alerts that fire, each with the ordinal that it names. */
  const firing = async () => {
    const { alerts } = Alerts.parse(await (await fetch(`${url}/api/v1/alerts`)).json()).data
    return alerts
      .filter(({ state, labels }) => state === 'firing' && labels['alertname']?.includes('Shard') === true)
      .map(({ labels }) => [labels['alertname'], labels['ordinal'] ?? ''].join(' ').trim())
      .sort()
  }
  /** The accounts that are told to be blocked. */
  const blocked = async () => {
    const { alerts } = Alerts.parse(await (await fetch(`${url}/api/v1/alerts`)).json()).data
    return alerts
      .filter(({ state, labels }) => state === 'firing' && labels['alertname'] === 'WhatsAppAccountBlocked')
      .map(({ labels }) => labels['account'] ?? '')
      .sort()
  }
  const comesTo = (what: string, ...wanted: string[]) =>
    until(what, async () => JSON.stringify(await firing()) === JSON.stringify(wanted.sort()))

  await until(
    'every account to be scraped once',
    async () => (await value('count(whatsapp_account_info)')) === names.length,
  )
  expect(await value('count(up{job="whatsapp-exporter"} == 1)')).toBe(TOTAL)
  expect(await firing()).toEqual([])

  // An account of the shard that is killed now, and one of another.
  scene.simulator.control.inject({ account: `one/${theirs}`, fault: 'banned' })
  scene.simulator.control.inject({ account: `one/${ours}`, fault: 'banned' })
  await until('both accounts to be told of', async () => (await blocked()).length === 2)
  const since = await value(`ALERTS_FOR_STATE{${BLOCKED}}`)
  await end(third)
  await comesTo('a killed shard to be missed', 'WhatsAppExporterShardMissing')
  expect(await value('count(up{job="whatsapp-exporter"} == 0)')).toBe(1)
  // Long after the end of keep_firing_for, which is two seconds here.
  expect(await blocked()).toEqual([ours, theirs].sort())
  scene.simulator.control.heal({ gateway: 'one', account: ours })
  await until('the end of the other alert', async () => (await blocked()).length === 1)
  expect(await blocked()).toEqual([theirs])

  const double = await start(2, 1)
  await comesTo('the double to be seen', 'WhatsAppExporterShardMissing', 'WhatsAppExporterShardOverlap 1')

  await end(double)
  // Another process has answered since, and none in its place: the same alert, without a gap.
  expect(await value(`ALERTS_FOR_STATE{${BLOCKED}}`)).toBe(since)
  expect(await blocked()).toEqual([theirs])
  const back = await start(2, 2)
  await comesTo('all to be well again')
  // A start takes longer than keep_firing_for here, so that it may be another alert.
  await until(
    'its account to be told of by its own shard',
    async () => (await value(`whatsapp_account_status{account="${theirs}",status="unhealthy"}`)) === 1,
  )
  await until('the alert', async () => (await blocked()).length === 1)
  scene.simulator.control.heal({ gateway: 'one', account: theirs })
  await until('the end of the alert', async () => (await blocked()).length === 0)

  await end(back)
  const strange = await start(2, 2, TOTAL + 1)
  // Of four, only three are there.
  await comesTo('another total to be seen', 'WhatsAppExporterShardMissing', 'WhatsAppExporterShardTotalsDiffer')

  await end(strange)
  await start(2, 2)
  await comesTo('all to be well again')
  await until(
    'every account to be scraped again',
    async () => (await value('count(whatsapp_account_info)')) === names.length,
  )
})
