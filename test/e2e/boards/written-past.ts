import { silentLog } from '../../../src/log.ts'
import { ACCOUNT_FAMILIES } from '../../../src/metrics/catalogue.ts'
import { sqliteStore } from '../../../src/store/sqlite.ts'
import { type BlockHours, blockWriter } from './block-writer.ts'
import { exporterPast } from './exporter-past.ts'
import { gatewayTroubles, latestTroubles, maintenanceOfToday, weeklyMaintenance } from './fleet-of-boards.ts'
import { alertmanagerPast, prometheusPast } from './neighbours-past.ts'
import { liveThePast, type Past, type PastAccount } from './past-fleet.ts'
import { DAY, HOUR, MINUTE, pastTroubles } from './past-troubles.ts'

/** The accounts that a page shows, in an order that is the same every time. */
function accountsOf(page: string): readonly PastAccount[] {
  const found = [...page.matchAll(/^whatsapp_account_info\{(.*)\} 1$/gm)].map(([, text = '']): PastAccount => {
    const labels = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
    const { account = '', gateway = '', driver = '', phone = '', name = '', ...own } = labels
    return {
      driver,
      account: {
        key: `${gateway}/${account}`,
        account,
        gateway,
        nativeId: account,
        phone: phone === '' ? null : phone,
        name: name === '' ? null : name,
        labels: own,
        objective: 0.995,
        desired: 'any',
      },
    }
  })
  return found.sort((a, b) => a.account.key.localeCompare(b.account.key))
}

export interface PastFiles {
  readonly folder: string
  readonly data: string
  /** What the exporter shows now. */
  readonly page: string
  /** `host:port` under which each is scraped. */
  readonly targets: { readonly exporter: string; readonly prometheus: string; readonly alertmanager: string }
  readonly fromMs: number
  readonly toMs: number
  /** Names of the metrics that are kept. */
  readonly wanted: ReadonlySet<string>
}

/** Lets a fleet live, and makes blocks of Prometheus of what an exporter and its neighbours would have shown of it. */
export async function writePast({ folder, data, page, targets, fromMs, toMs, wanted }: PastFiles): Promise<Past> {
  const accounts = accountsOf(page)
  const troubles = pastTroubles(
    accounts.map(({ account }) => account),
    {
      fromMs,
      toMs,
      latest: latestTroubles(toMs),
      gateways: gatewayTroubles(toMs),
      windows: [...weeklyMaintenance(fromMs, toMs), ...maintenanceOfToday(toMs)],
    },
  )
  const ownLines = exporterPast(page, { restartsMs: troubles.restartsMs, reportFailedMs: toMs - 20 * MINUTE })
  const writer = blockWriter(folder, data, 'by time')
  const ofExporter = `instance="${targets.exporter}",job="whatsapp-exporter"`
  const tileLines = scrapedLines(ofExporter, TILE_METRICS)
  const exporterLines = scrapedLines(ofExporter, wanted)
  const prometheusLines = scrapedLines(`instance="${targets.prometheus}",job="prometheus"`, wanted)
  const alertmanagerLines = scrapedLines(`instance="${targets.alertmanager}",job="alertmanager"`, wanted)
  const past = await liveThePast({
    accounts,
    fromMs,
    toMs,
    troubles,
    onScrape({ atMs, page: fleet, isWhole }) {
      const lines = isWhole
        ? exporterLines(fleet + ownLines(atMs) + SCRAPE_LINES, atMs) +
          prometheusLines(prometheusPast(atMs), atMs) +
          alertmanagerLines(alertmanagerPast(atMs, fromMs), atMs)
        : tileLines(fleet, atMs)
      writer.add(atMs, lines, blockHours(toMs - atMs))
    },
  })
  await writer.done()
  return past
}

/** What Prometheus adds to every scrape. */
const SCRAPE_LINES = 'up 1\nscrape_duration_seconds 0.012\nscrape_samples_scraped 1400\n'
/** What recorded series add up in tiles of five minutes. */
const TILE_METRICS: ReadonlySet<string> = new Set(
  [ACCOUNT_FAMILIES.observed, ACCOUNT_FAMILIES.downtime, ACCOUNT_FAMILIES.maintenance, ACCOUNT_FAMILIES.objective].map(
    ({ name }) => name,
  ),
)

/** The wanted lines of a page as Prometheus keeps them: with the labels of the target, and the time of the scrape. */
function scrapedLines(ofTarget: string, wanted: ReadonlySet<string>): (page: string, atMs: number) => string {
  return (page, atMs) => {
    const stamp = ` ${atMs / 1000}\n`
    let lines = ''
    for (const line of page.split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const end = line.search(/[{ ]/)
      const name = line.slice(0, end)
      if (!wanted.has(name)) continue
      const rest = line.slice(end)
      lines += rest.startsWith('{')
        ? `${name}{${ofTarget},${rest.slice(1)}${stamp}`
        : `${name}{${ofTarget}}${rest}${stamp}`
    }
    return lines
  }
}

/** Dense parts of the past lie in short blocks, so that no file becomes large. */
function blockHours(ageMs: number): BlockHours {
  if (ageMs > 8 * DAY) return 162
  return ageMs > 30 * HOUR ? 54 : 6
}

/** Lets the exporter go on where the past ends. */
export async function handOver(path: string, past: Past, atMs: number): Promise<void> {
  const store = sqliteStore({ path }, silentLog)
  const { nextSeq } = await store.load()
  const { samples, transitions, incidents, recoveries, ledgers } = past
  await store.write({ seq: nextSeq, atMs, samples, transitions, incidents, recoveries, ledgers, removed: [] })
  await store.close()
}
