import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { EXPORTER_FAMILIES } from '../../src/metrics/catalogue.ts'
import { createExposition } from '../../src/metrics/exposition.ts'
import { metricsPage } from '../../src/metrics/metrics-page.ts'
import { createProcessMetrics } from '../../src/metrics/process-metrics.ts'
import { aHealth, anAccount } from './fleet.ts'
import { parsePage } from './parse-page.ts'
import { scrape } from './scrape.ts'

function service() {
  const exposition = createExposition({ now: () => 1_760_000_616_000 })
  exposition.gateways.set({ name: 'waha-1', driver: 'waha', up: true, accounts: 1, breakerOpen: false })
  exposition.accounts.set(
    anAccount({ name: 'Ünï "quoted" \\ back\nslash' }),
    'waha',
    aHealth({ reason: 'slow', evidence: { lastActivityAtMs: 1, qualityRating: 3, messagingLimit: 250 } }),
    { inMaintenance: false, budgetLeft: 5 },
  )
  const process = createProcessMetrics()
  process.exporter.build('0.1.0', 'v24.0.0')
  process.exporter.discoveryGateway('waha-1')
  process.exporter.notificationReceiver('slack')
  return { exposition, process }
}

test.each([
  ['text', false],
  ['text', true],
  ['openmetrics', false],
  ['openmetrics', true],
] as const)(
  'the whole %s page (gzip: %s) is one valid document with every family of the exporter',
  async (format, gzip) => {
    const { exposition, process } = service()
    const families = parsePage(await scrape(exposition, format, gzip, process), format)
    for (const { name, type } of Object.values(EXPORTER_FAMILIES)) {
      const family = families.get(format === 'text' ? name : name.replace(/_(?:total|info)$/, ''))
      expect(family?.samples.length, name).toBeGreaterThan(0)
      if (format === 'openmetrics' && type !== 'stateset') expect(family?.type, name).toBe(type)
    }
    expect(families.has('process_resident_memory_bytes')).toBe(true)
  },
)

test('no gauge is called _total, and the event-loop percentiles are left out', async () => {
  const { exposition, process } = service()
  const page = await scrape(exposition, 'text', false, process)
  expect(
    [...parsePage(page, 'text').values()].filter(({ name, type }) => name.endsWith('_total') !== (type === 'counter')),
  ).toEqual([])
  expect(page).not.toMatch(/eventloop_lag_p99|active_handles/)
})

test('an OpenMetrics scrape leaves the counters of the next text scrape their names', async () => {
  const { exposition, process } = service()
  await scrape(exposition, 'openmetrics', false, process)
  const page = await scrape(exposition, 'text', false, process)
  expect(page).toContain('# TYPE whatsapp_exporter_report_runs_total counter\nwhatsapp_exporter_report_runs_total 0\n')
})

test('the content length is that of the chunks, and the type names the format', async () => {
  const { exposition, process } = service()
  const page = await metricsPage(exposition, process, 'openmetrics', true)
  expect(page.sizeBytes).toBe(Buffer.concat([...page.chunks]).length)
  expect(page.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(page.contentEncoding).toBe('gzip')
  page.release()
})

test('the setters of the exporter show on the page', async () => {
  const { exposition, process } = service()
  const { exporter } = process
  exporter.reload(true, 1_760_000_000_500)
  exporter.reload(false, 1_760_000_009_000)
  exporter.cycle({ blind: true, lagSeconds: 0.25, durationErrorSeconds: 0.01, durationSeconds: 1.5 })
  exporter.checksInFlight(12)
  exporter.checkInterval(15)
  exporter.recoveryMode('dry-run')
  exporter.discoveryFailed('waha-1')
  exporter.storeUp(true)
  exporter.storePendingWrites(3)
  exporter.storeWriteFailed()
  exporter.storeDroppedSamples(40)
  exporter.notification('slack', 'firing')
  exporter.reportBegun()
  exporter.reportFailed()
  exporter.spansExported(512)
  exporter.spansDropped(7)
  exporter.shard(1, 4)
  exporter.build('0.2.0', 'v24.0.0')
  const lines = (await scrape(exposition, 'text', false, process))
    .split('\n')
    .filter((line) => line.startsWith('whatsapp_exporter_'))
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "whatsapp_exporter_build_info{version="0.2.0",node_version="v24.0.0"} 1
    whatsapp_exporter_config_last_reload_successful 0
    whatsapp_exporter_config_last_reload_success_timestamp_seconds 1760000000.5
    whatsapp_exporter_blind 1
    whatsapp_exporter_check_lag_seconds 0.25
    whatsapp_exporter_check_duration_error_seconds 0.01
    whatsapp_exporter_checks_in_flight 12
    whatsapp_exporter_check_cycle_duration_seconds 1.5
    whatsapp_exporter_check_interval_seconds 15
    whatsapp_exporter_recovery_mode{mode="off"} 0
    whatsapp_exporter_recovery_mode{mode="dry-run"} 1
    whatsapp_exporter_recovery_mode{mode="on"} 0
    whatsapp_exporter_discovery_failures_total{gateway="waha-1"} 1
    whatsapp_exporter_discovery_faulty_documents 0
    whatsapp_exporter_store_up 1
    whatsapp_exporter_store_pending_writes 3
    whatsapp_exporter_store_write_failures_total 1
    whatsapp_exporter_store_dropped_samples_total 40
    whatsapp_exporter_notifications_total{receiver="slack",status="firing"} 1
    whatsapp_exporter_notifications_total{receiver="slack",status="resolved"} 0
    whatsapp_exporter_notifications_total{receiver="slack",status="failed"} 0
    whatsapp_exporter_report_runs_total 1
    whatsapp_exporter_report_failures_total 1
    whatsapp_exporter_report_mails_total{status="sent"} 0
    whatsapp_exporter_report_mails_total{status="refused"} 0
    whatsapp_exporter_report_mails_total{status="given_up"} 0
    whatsapp_exporter_report_mails_total{status="unsure"} 0
    whatsapp_exporter_trace_spans_total 512
    whatsapp_exporter_trace_dropped_spans_total 7
    whatsapp_exporter_shard_ordinal 1
    whatsapp_exporter_shards 4"
  `)
})

test('two receivers whose names hold separators stay two series', async () => {
  const { exposition, process } = service()
  process.exporter.notification('a,status:failed', 'firing')
  process.exporter.notification('a', 'failed')
  process.exporter.notification('a"\\\n|', 'firing')
  const families = parsePage(await scrape(exposition, 'text', false, process), 'text')
  const counted = families.get('whatsapp_exporter_notifications_total')?.samples.filter(({ value }) => value > 0) ?? []
  expect(counted.map(({ labels }) => labels['receiver'])).toEqual(['a,status:failed', 'a', 'a"\\\n|'])
})

const promtool = spawnSync('promtool', ['--version']).status === 0

test.runIf(promtool)('promtool finds no fault in the text page', async () => {
  const { exposition, process } = service()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: await scrape(exposition, 'text', false, process),
    encoding: 'utf8',
    timeout: 8000,
  })
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' })
})
