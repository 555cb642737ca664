import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { shardOf } from '../../src/accounts/shard.ts'
import { AccountDetailDocument } from '../../src/api/documents/account.ts'
import { FleetStatusDocument } from '../../src/api/documents/fleet-status.ts'
import { isMongoTested, type MongoServer, startMongoServer, testDatabase } from '../store/wire-server.ts'
import type { ApiClient } from './api-client.ts'
import { type ExporterProcess, startExporter } from './exporter-process.ts'
import { until } from './until.ts'
import { setScene, startIn, steering } from './world.ts'

const TOTAL = 3
const names = Array.from({ length: 24 }, (_, index) => `bot-${String(index).padStart(2, '0')}`)
const gateway = { name: 'one', dialect: 'http' as const, accounts: names }
const keysOf = (ordinal: number) => names.map((name) => `one/${name}`).filter((key) => shardOf(key, TOTAL) === ordinal)
const [ours = '', theirs = '', last = ''] = [0, 1, 2].map((ordinal) => keysOf(ordinal)[0])
const idOf = (key: string) => key.slice('one/'.length)

async function status(from: Pick<ApiClient, 'json'>, query = 'limit=1000') {
  return FleetStatusDocument.parse(await from.json('GET', `/api/health/status?${query}`))
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  // A TCP server's address is an object.
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

const Problem = z.looseObject({ type: z.string(), detail: z.string() })

describe.runIf(isMongoTested())('three exporters that share a fleet and a store', { timeout: 120_000 }, () => {
  let server: MongoServer
  beforeAll(async () => {
    server = await startMongoServer()
  }, 60_000)
  afterAll(() => server.stop())

  /** Each as a program of its own. */
  async function fleet(context: Parameters<typeof setScene>[0]) {
    const { uri, database, drop } = testDatabase(server)
    const ports = await freePorts(TOTAL)
    const scene = await setScene(context, { simulator: { gateways: [gateway] } })
    context.onTestFinished(drop)
    const exporters: ExporterProcess[] = []
    for (const [ordinal, port] of ports.entries()) {
      await scene.configure({
        sharding: { ordinal, total: TOTAL, peers: ports.map((one) => `http://127.0.0.1:${one}`) },
        store: { kind: 'mongodb', uri, database, path: undefined },
        api: { listen: `127.0.0.1:${port}`, drain: '2s' },
      })
      exporters.push(await startExporter(context, scene.configFile))
    }
    return { scene, exporters }
  }

  test('each answers for all of it, passes orders on, and says who is silent', async (context) => {
    const { scene, exporters } = await fleet(context)
    const [first, second, third] = exporters
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were started')

    const alone = (await startIn(context, await setScene(context, { simulator: { gateways: [gateway] } }))).service
    await alone.ready
    const unsharded = [...alone.monitor.fleet.accounts()].map(({ account }) => account.key).sort()
    for (const exporter of exporters) {
      const seen = await until('every account to be checked', async () => {
        const found = await status(exporter)
        return found.summary.byStatus.healthy === names.length && found
      })
      expect(seen.accounts.map(({ key }) => key)).toEqual(unsharded)
      expect(seen.accounts.every(({ key, shard }) => shard === shardOf(key, TOTAL))).toBe(true)
      expect(seen.shards?.map(({ ordinal, answers }) => [ordinal, answers])).toEqual([0, 1, 2].map((n) => [n, true]))
      expect(seen.gateways).toMatchObject([{ name: 'one', up: true, accounts: names.length }])
    }

    // The parts of /metrics together are what one exporter would show: same accounts, each once.
    const scraped = await Promise.all(exporters.map((exporter) => exporter.scrape()))
    const shown = scraped.flatMap(({ families }) =>
      (families.get('whatsapp_account_info')?.samples ?? []).map(({ labels }) => `one/${labels['account']}`),
    )
    expect(shown.sort()).toEqual(unsharded)

    // Page by page, in an order that runs across the shards.
    const walked: string[] = []
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const page = await status(
        second,
        `sort=name&order=desc&limit=5${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      )
      walked.push(...page.accounts.map(({ key }) => key))
      cursor = page.nextCursor
    }
    const whole = await status(first, 'sort=name&order=desc&limit=1000')
    expect(walked).toEqual(whole.accounts.map(({ key }) => key))
    const inOrder = whole.accounts.map(({ name }) => name ?? '')
    expect(inOrder).toEqual([...inOrder].sort().reverse())

    // One account, by id and by key, wherever it is watched.
    for (const exporter of exporters) {
      expect(await exporter.account(idOf(theirs))).toMatchObject({ key: theirs, shard: 1, status: 'healthy' })
      expect(await exporter.account(ours)).toMatchObject({ key: ours, shard: 0 })
      expect((await exporter.request('GET', '/api/health/nobody')).status).toBe(404)
      expect((await exporter.request('GET', `/badge/${encodeURIComponent(last)}/status.svg`)).text).toContain('healthy')
    }
    expect(await second.json('GET', '/api/health/metrics')).toMatchObject({ answered: names.length, silentShards: [] })
    expect((await first.request('GET', `/api/accounts?id=${idOf(last)}`)).text).toContain(last)

    // A fault at one shard is seen, checked and repaired from another one.
    const simulated = steering(scene.simulator)
    simulated.fault(theirs, 'disconnected', { restart: 'lies' })
    await third.accountWhere(theirs, 'unhealthy', (one) => one.status === 'unhealthy')
    const Checked = z.object({ results: z.array(z.object({ account: z.object({ key: z.string() }) })) })
    const named = Checked.parse(await first.json('POST', '/api/health/check', { accounts: [idOf(theirs), ours] }))
    expect(named.results.map(({ account }) => account.key).sort()).toEqual([ours, theirs].sort())
    const all = Checked.parse(await third.json('POST', '/api/health/check', {}))
    expect(all.results.map(({ account }) => account.key).sort()).toEqual(unsharded)
    const Incidents = z.object({ incidents: z.array(z.object({ key: z.string() })) })
    await until('the incident in the ledger', async () => {
      const { incidents } = Incidents.parse(await first.json('GET', `/api/incidents?account=${idOf(theirs)}`))
      return incidents.length === 1 && incidents[0]?.key === theirs
    })
    const repaired = await first.request('POST', `/api/accounts/${encodeURIComponent(theirs)}/recover`)
    expect([202, 409]).toContain(repaired.status)
    expect(repaired.text).toContain(repaired.status === 202 ? theirs : 'refusal')

    // One that is killed leaves its accounts unknown, as the store last knew them.
    second.signal('SIGKILL')
    await second.ended
    const without = await until('the silent shard to be told', async () => {
      const found = await status(first)
      return found.shards?.[1]?.answers === false && found
    })
    expect(without.accounts.map(({ key }) => key)).toEqual(unsharded)
    expect(without.summary).toMatchObject({ accounts: names.length, openIncidents: 1 })
    expect(without.summary.byStatus.unknown).toBe(keysOf(1).length)
    expect(without.accounts.filter(({ stale }) => stale).map(({ key }) => key)).toEqual(keysOf(1))
    expect(without.shards?.[1]).toMatchObject({ accounts: keysOf(1).length, blind: null })
    expect(without.shards?.[1]?.observedAt).not.toBeNull()
    const known = AccountDetailDocument.parse(await third.json('GET', `/api/health/${encodeURIComponent(theirs)}`))
    expect(known).toMatchObject({ stale: true, status: 'unknown', state: 'disconnected', shard: 1 })
    expect(known.why).toContain('the exporter that watches it does not answer')
    expect((await first.request('GET', `/api/health/trends/${encodeURIComponent(theirs)}`)).status).toBe(200)
    const refused = await first.request('POST', `/api/accounts/${encodeURIComponent(theirs)}/recover`)
    expect(refused.status).toBe(503)
    expect(Problem.parse(JSON.parse(refused.text))).toMatchObject({ shard: 1 })
    // An id that the silent shard may have, too, is not good enough to act on; a key is.
    expect((await first.request('POST', `/api/accounts/${idOf(ours)}/recover`)).status).toBe(503)
    expect((await first.request('POST', `/api/accounts/${encodeURIComponent(ours)}/recover`)).status).toBe(409)
    const partial = await first.json('POST', '/api/health/check', {})
    expect(partial).toMatchObject({ silentShards: [1] })
  })
})
