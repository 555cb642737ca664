// Draws docs/images/status-page*.png: a simulated fleet with a day of made-up history, in the machine's Chromium.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'puppeteer-core'
import type { Account } from '../src/accounts/account.ts'
import { loadConfig } from '../src/config/load.ts'
import type { Incident, Sample, Transition } from '../src/health/health.ts'
import type { RecoveryAttempt } from '../src/health/recovery.ts'
import { silentLog } from '../src/log.ts'
import { type Service, startService } from '../src/service.ts'
import { demoFleet } from '../src/simulator/demo-fleet.ts'
import { seededRandom } from '../src/simulator/random.ts'
import { startSimulator } from '../src/simulator/simulator.ts'
import { openStore } from '../src/store/open.ts'
import { openPage, startBrowser } from '../test/e2e/browser.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS
const FAULTY = 7

const folder = await mkdtemp(join(tmpdir(), 'status-page-'))
const simulator = await startSimulator({ gateways: demoFleet(120), latencyMs: { min: 15, max: 60 }, seed: 4 })
const configFile = join(folder, 'config.yml')

async function service(storeName: string): Promise<Service> {
  const config = {
    gateways: simulator.gateways.map(({ name, dialect }) => ({
      name,
      driver: dialect,
      url: simulator.gatewayUrl(name),
      auth: dialect === 'http' ? { bearerToken: 'demo-key' } : { apiKey: 'demo-key' },
      discover: true,
    })),
    checks: { interval: '2s', timeout: '1s' },
    grafana: { url: 'http://127.0.0.1:3000' },
    store: { path: join(folder, storeName) },
    api: { listen: '127.0.0.1:0' },
    reports: {
      directory: join(folder, 'reports'),
      smtp: { host: '127.0.0.1', port: 1, from: 'reports@example.org' },
      subscriptions: { allowedDomains: ['acme.example'] },
    },
  }
  await writeFile(configFile, JSON.stringify(config))
  const loaded = loadConfig(configFile, {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  const started = await startService(loaded, { log: silentLog, readConfig: () => loadConfig(configFile, {}) })
  await started.ready
  return started
}

/** Writes a day of checks, with an outage or two of some accounts. */
async function writeHistory(accounts: readonly Account[], storeName: string): Promise<void> {
  const store = openStore(
    {
      kind: 'sqlite',
      path: join(folder, storeName),
      retention: { history: 30 * DAY_MS, summaries: 365 * DAY_MS },
      journal: { maxSamples: 1_000_000, retryMax: 1000 },
    },
    { log: silentLog, now: Date.now },
  )
  const { nextSeq } = await store.load()
  const random = seededRandom(11, 'history')
  const endMs = Date.now() - MINUTE_MS
  const startMs = endMs - DAY_MS
  const outages = new Map(
    accounts.slice(0, FAULTY * 4).map((account, index) => {
      const fromMs = startMs + (0.1 + 0.8 * random()) * DAY_MS
      return [account.key, { fromMs, toMs: fromMs + (4 + 40 * random()) * MINUTE_MS, second: index % 3 === 0 }] as const
    }),
  )
  let seq = nextSeq
  for (let atMs = startMs; atMs < endMs; atMs += MINUTE_MS) {
    const samples: Sample[] = []
    const transitions: Transition[] = []
    const incidents: Incident[] = []
    const recoveries: RecoveryAttempt[] = []
    for (const { key, account, gateway } of accounts) {
      const outage = outages.get(key)
      const down = outage !== undefined && atMs >= outage.fromMs && atMs < outage.toMs
      const daily = 1 + 0.5 * Math.sin((atMs / DAY_MS) * 2 * Math.PI)
      samples.push({
        key,
        atMs,
        durationMs: 30 + 60 * daily * random() + (random() > 0.985 ? 300 * random() : 0),
        state: down ? 'disconnected' : 'connected',
        status: down ? 'unhealthy' : 'healthy',
        reason: down ? 'network' : null,
        good: !down,
        observedMs: MINUTE_MS,
        downtimeMs: down ? MINUTE_MS : 0,
      })
      if (outage === undefined || atMs < outage.toMs || atMs >= outage.toMs + MINUTE_MS) continue
      const id = `made-up-${key}`
      incidents.push({
        id,
        key,
        account,
        gateway,
        startMs: outage.fromMs,
        detectedMs: outage.fromMs + 30_000,
        endMs: outage.toMs,
        cause: 'network',
        state: 'disconnected',
        downtimeMs: outage.toMs - outage.fromMs,
        attempts: 1,
        resolution: outage.second ? 'repaired' : 'recovered',
      })
      if (outage.second)
        recoveries.push({
          id: `r-${id}`,
          key,
          account,
          gateway,
          incidentId: id,
          attempt: 1,
          by: 'policy',
          reason: 'network',
          requestedMs: outage.toMs - 30_000,
          acceptedMs: outage.toMs - 29_000,
          endMs: outage.toMs,
          outcome: 'verified',
          detail: 'answered 201',
        })
      const change = { key, reason: 'network', native: 'FAILED' } as const
      transitions.push(
        {
          ...change,
          atMs: outage.fromMs,
          fromState: 'connected',
          toState: 'disconnected',
          fromStatus: 'healthy',
          toStatus: 'warning',
        },
        {
          ...change,
          atMs: outage.fromMs + 30_000,
          fromState: 'disconnected',
          toState: 'disconnected',
          fromStatus: 'warning',
          toStatus: 'unhealthy',
        },
        {
          ...change,
          atMs: outage.toMs,
          fromState: 'disconnected',
          toState: 'connected',
          fromStatus: 'unhealthy',
          toStatus: 'healthy',
          reason: null,
          native: 'WORKING',
        },
      )
    }
    await store.write({ seq, atMs, samples, transitions, incidents, recoveries, ledgers: [], removed: [] })
    seq += 1
  }
  await store.close()
}

/** Some reports of the made-up day, and two who have them sent. */
async function askForReports(url: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`)
    await sleep(1_000)
  }
  // As GET /api/incidents answers; the made-up day has some.
  const listed = (await (await fetch(`${url}/api/incidents?limit=1`)).json()) as { incidents: [{ id: string }] }
  await post('/api/reports', { template: 'incident', incident: listed.incidents[0].id, formats: ['pdf', 'html'] })
  await post('/api/reports', { template: 'executive', period: 'yesterday', formats: ['pdf'] })
  await post('/api/reports', { template: 'weekly', period: 'this-week', formats: ['pdf', 'csv', 'json'] })
  const weekly = { schedule: 'weekly', timeZone: 'Europe/Berlin', template: 'executive', formats: ['pdf'] }
  await post('/api/reports/subscriptions', { ...weekly, recipient: 'service.desk@acme.example' })
  await post('/api/reports/subscriptions', { recipient: 'anna@acme.example', schedule: 'monthly', at: '07:30' })
}

const scout = await service('scout.db')
const accounts = [...scout.monitor.fleet.accounts()].map(({ account }) => account)
await scout.stop()
await writeHistory(accounts, 'history.db')
const shown = await service('history.db')
const faults = ['qr', 'disconnected', 'stuck_connecting', 'banned', 'conflict', 'zombie', 'logged_out'] as const
for (const [index, { key }] of accounts.slice(0, FAULTY).entries()) {
  const slash = key.indexOf('/')
  // The simulator checks the order, and throws on a wrong word.
  simulator.control.inject({
    gateway: key.slice(0, slash),
    account: key.slice(slash + 1),
    fault: faults[index],
  } as Parameters<typeof simulator.control.inject>[0])
}
await askForReports(shown.url)
await sleep(25_000)
await mkdir('docs/images', { recursive: true })
const browser = await startBrowser()
const pictures = [
  { name: 'status-page', scheme: 'light', width: 1360, height: 860, hash: '' },
  {
    name: 'status-page-dark',
    scheme: 'dark',
    width: 1360,
    height: 860,
    hash: `#account=${encodeURIComponent(accounts[3]?.key ?? '')}`,
  },
  { name: 'status-page-phone', scheme: 'light', width: 390, height: 844, hash: '' },
  { name: 'status-page-reports', scheme: 'light', width: 1360, height: 860, hash: '#page=reports' },
]
for (const { name, scheme, width, height, hash } of pictures) {
  const ready = hash === '#page=reports' ? '#reports' : undefined
  const prepare = async (one: Page) => {
    await one.setViewport({ width, height })
    await one.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  }
  const { page } = await openPage(browser, `${shown.url}/${hash}`, prepare, ready)
  await sleep(2_500)
  await page.evaluate('document.activeElement?.blur()')
  await page.screenshot({ path: `docs/images/${name}.png` })
}
await browser.close()
await shown.stop()
await simulator.close()
await rm(folder, { recursive: true, force: true })
