import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { ReportsOptions } from '../../src/reports/options.ts'
import { createReporting } from '../../src/reports/reporting.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { sampleFleet } from './sample-fleet.ts'

const NOW = Date.UTC(2026, 3, 10)
const QUERY = { period: '2026-03', timeZone: 'UTC', selection: {}, worst: 50 }
const never = new AbortController().signal

let store: Store
beforeEach(() => {
  store = sqliteStore({ path: ':memory:' }, silentLog)
})
afterEach(() => store.close())

test('six documents are made at once, one more is refused, and when one is done there is a place again', async () => {
  const fleet = sampleFleet(1)
  const gate = Promise.withResolvers<void>()
  const options = ReportsOptions.parse({ directory: tmpdir() })
  const reporting = createReporting({
    options: () => options,
    analytics: {
      async analysis({ period, timeZone }) {
        await gate.promise
        return fleet.analysis(period, timeZone)
      },
      incidentAnalysis: async () => null,
    },
    store,
    externalUrl: () => null,
    searchPath: '',
    log: silentLog,
    events: { begun() {}, failed() {}, mailed() {} },
    now: () => NOW,
    random: () => 0.5,
  })
  const document = () => reporting.document(QUERY, 'executive', 'html', never)
  const made = Array.from({ length: 6 }, document)
  await expect(document()).rejects.toMatchObject({ name: 'DocumentsFullError' })
  gate.resolve()
  await Promise.all(made)
  expect((await document()).name).toBe('executive-2026-03.html')
  // A failure gives its place back, too.
  for (let count = 0; count < 7; count++)
    await expect(
      reporting.document({ ...QUERY, period: 'never' }, 'executive', 'html', never),
    ).rejects.not.toMatchObject({ name: 'DocumentsFullError' })
  await reporting.stop()
})
