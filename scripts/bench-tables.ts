import { readFileSync } from 'node:fs'
import type { BenchRow } from '../bench/bench-row.ts'
import type { PeersReport } from '../bench/peers.ts'
import type { Course } from '../bench/process-watch.ts'
import type { SoakReport } from '../bench/soak.ts'
import type { Spread } from '../bench/soak-balance.ts'

const NOT_YET = 'Not measured yet.'

/** The figures of bench/README.md, from what the benchmarks wrote. */
export function benchTables(): { readonly results: string; readonly soak: string; readonly peers: string } {
  return {
    results: resultsTable(written<readonly BenchRow[]>('results.json')),
    soak: soakTable(written<Partial<Record<'faults' | 'hour', SoakReport>>>('soak.json')),
    peers: peersTable(written<PeersReport>('peers.json')),
  }
}

/** What a benchmark of this repository wrote; null where it has not run. */
function written<T>(name: string): T | null {
  try {
    return JSON.parse(readFileSync(new URL(`../bench/${name}`, import.meta.url), 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function resultsTable(rows: readonly BenchRow[] | null): string {
  if (rows === null) return NOT_YET
  const lines = rows.map(({ name, value, unit, peer, peerValue, ratio }) => [
    `\`${name}\``,
    `${short(value)} ${unit}`,
    peer,
    `${short(peerValue)} ${unit}`,
    `${short(ratio)}`,
  ])
  return table(['figure', 'ours', 'beside', 'its figure', 'times better'], lines)
}

function peersTable(report: PeersReport | null): string {
  if (report === null) return NOT_YET
  const { when, accounts, interval, faults, machine, systems } = report
  const lines = systems.map(({ name, cpuSecondsPerMinute, rssMb, detectionSeconds, missed }) => [
    name,
    `${short(cpuSecondsPerMinute)} s`,
    `${Math.round(rssMb)} MB`,
    `${short(detectionSeconds.median)} s`,
    `${short(detectionSeconds.p95)} s`,
    `${faults - missed} of ${faults}`,
  ])
  const head = ['system', 'CPU per minute', 'memory', 'fault confirmed after, median', '95 %', 'faults found']
  return `${accounts} accounts every ${interval}, ${day(when)}, ${machine.cores} cores, load ${machine.load15m}.\n\n${table(head, lines)}`
}

function soakTable(reports: Partial<Record<'faults' | 'hour', SoakReport>> | null): string {
  const { faults, hour } = reports ?? {}
  const parts = [
    ...(faults === undefined ? [] : [`\`faults\`, ${circumstances(faults)}`, table(['figure', ''], soakLines(faults))]),
    ...(hour === undefined ? [] : [`\`hour\`, ${circumstances(hour)}`, table(['figure', ''], soakLines(hour))]),
  ]
  return parts.length === 0 ? NOT_YET : parts.join('\n\n')
}

function circumstances({ when, accounts, minutes, load }: SoakReport): string {
  return `${day(when)}: ${accounts} accounts, ${minutes} minutes, ${load.cores} cores, load ${load.average15m.toFixed(1)}.`
}

function soakLines({ exporter, scrapes, storeMb, ledger }: SoakReport): string[][] {
  const lines = [
    ['resident memory', courseText(exporter.rssMb, 'MB')],
    ...(scrapes.heapMb === undefined ? [] : [['JavaScript heap', courseText(scrapes.heapMb, 'MB')]]),
    ['open descriptors', courseText(exporter.descriptors)],
    ['processor', `${exporter.cpuPercent} % of a core`],
    ['scrapes', `${scrapes.count}, ${scrapes.failed} failed, the slowest ${scrapes.slowestMs} ms`],
    ['store', `${storeMb} MB`],
  ]
  if (ledger === undefined) return lines
  return [
    ...lines,
    ['faults injected', `${ledger.faults}; ${ledger.harmless} harmless, ${ledger.blinding} that blind the exporter`],
    ['outages that had to be found', `${ledger.certain}; ${ledger.certainRecorded} are in the ledger`],
    ['shorter outages', `${ledger.outages - ledger.certain}; ${ledger.briefRecorded} are in the ledger`],
    ['incidents in the ledger', String(ledger.incidents)],
    ['missed, false, doubled', [ledger.missed, ledger.falseIncidents, ledger.doubled].map(counted).join(', ')],
    ['mistimed, with a wrong cause', [ledger.mistimed, ledger.wrongCause].map(counted).join(', ')],
    [
      'repairs in the ledger',
      `${ledger.recoveries}; ${counted(ledger.unrecordedRestarts)} sessions restarted without one`,
    ],
    ['begin of an incident after the true one', spreadText(ledger.startErrorSeconds)],
    ['confirmed after the true begin', spreadText(ledger.detectionSeconds)],
    ['end of an incident after the true one', spreadText(ledger.endErrorSeconds)],
  ]
}

function courseText({ first, last, max }: Course, unit = ''): string {
  return `${first} at first, ${last} at the end, at most ${max} ${unit}`.trimEnd()
}

function spreadText({ median, p99, max }: Spread): string {
  return `median ${median} s, 99 % ${p99} s, at most ${max} s`
}

function counted(lines: readonly string[]): string {
  return String(lines.length)
}

function day(when: string): string {
  return when.slice(0, 10)
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3, useGrouping: false })
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
