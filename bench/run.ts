// `make bench`: every benchmark beside its peer; prints a table and writes bench/results.json.
// usage: node bench/run.ts [name …]
import { writeFile } from 'node:fs/promises'
import type { BenchRow } from './bench-row.ts'

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<BenchRow[]> }>>> = {
  exposition: () => import('./exposition.ts'),
  checks: () => import('./checks.ts'),
  'check-now': () => import('./check-now.ts'),
  cadence: () => import('./cadence.ts'),
  pdf: () => import('./pdf.ts'),
}

/** Run by name only: they answer a design question once, or take long. */
const ON_DEMAND: typeof BENCHES = {
  'start-pattern': () => import('./start-pattern.ts'),
  // Ten minutes on a machine without other work.
  rules: () => import('./rules.ts'),
  store: () => import('./store.ts'),
  // Five minutes on a machine with three free cores.
  'report-lag': () => import('./report-lag.ts'),
  // Eleven minutes.
  sizing: () => import('./sizing.ts'),
  // Seven minutes; Gatus is left out where it is not on the PATH.
  peers: () => import('./peers.ts'),
}

const wanted = process.argv.slice(2)
const rows: BenchRow[] = []
for (const [name, load] of Object.entries({ ...BENCHES, ...ON_DEMAND })) {
  if (wanted.length === 0 ? name in ON_DEMAND : !wanted.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  rows.push(...(await (await load()).run()))
}
console.table(
  rows.map(({ name, value, unit, peer, peerValue, ratio }) => ({
    name,
    value: `${value.toPrecision(3)} ${unit}`,
    peer,
    'its value': `${peerValue.toPrecision(3)} ${unit}`,
    'times better': ratio.toPrecision(3),
  })),
)
if (wanted.length === 0)
  await writeFile(new URL('./results.json', import.meta.url), `${JSON.stringify(rows, null, 2)}\n`)
