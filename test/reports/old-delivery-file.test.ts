import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { createReporting } from '../../src/reports/reporting.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { sampleFleet } from './sample-fleet.ts'

const DUE = Date.parse('2026-04-01T06:00:00Z')

test('while the record that an earlier version left cannot be read, nothing is made, and an alert may know', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'old-deliveries-'))
  const store = sqliteStore({ path: join(directory, 'exporter.db') }, silentLog)
  onTestFinished(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  writeFileSync(join(directory, 'deliveries.db'), 'no database '.repeat(100))
  const counted = { begun: 0, failed: 0 }
  const fleet = sampleFleet(1)
  const options = ReportsOptions.parse({
    directory,
    schedules: [{ name: 'acme', period: 'monthly', formats: ['json'], at: '06:00' }],
  })
  await store.deliveries.since('acme', DUE - 1)
  const run = async () => {
    const reporting = createReporting({
      options: () => options,
      analytics: {
        analysis: ({ period, timeZone }, _signal, accounts) => fleet.analysis(period, timeZone, accounts),
        incidentAnalysis: async () => null,
      },
      store,
      externalUrl: () => null,
      searchPath: '',
      log: silentLog,
      events: {
        begun: () => {
          counted.begun += 1
        },
        failed: () => {
          counted.failed += 1
        },
        mailed() {},
      },
      now: () => DUE,
      random: () => 0.5,
    })
    reporting.start()
    await reporting.idle()
    await reporting.stop()
  }
  await run()
  expect(counted).toEqual({ begun: 0, failed: 1 })
  expect(readdirSync(directory)).toContain('deliveries.db')
  rmSync(join(directory, 'deliveries.db'))
  await run()
  expect(counted).toEqual({ begun: 1, failed: 1 })
})
