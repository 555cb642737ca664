// The exporter of the benchmarks, in a process of its own. usage: node bench/exporter-child.ts <config.yml>
// Commands on stdin, one JSON answer per line: `now <times>` checks the whole fleet that often at once.
import { createInterface } from 'node:readline'
import { loadConfig } from '../src/config/load.ts'
import { silentLog } from '../src/log.ts'
import { startService } from '../src/service.ts'
import { youngGeneration } from '../src/young-generation.ts'

// As the program does it.
const young = youngGeneration(process.execArgv)
const path = process.argv[2] ?? 'config.yml'
const read = () => loadConfig(path, process.env)
const loaded = read()
if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
const service = await startService(loaded, { log: silentLog, readConfig: read, fleetSize: young.fit })
await service.ready
const signal = new AbortController().signal
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)))
process.stdout.write(`ready ${service.url}\n`)

for await (const line of createInterface({ input: process.stdin })) {
  const [command, times = '1'] = line.split(' ')
  if (command !== 'now') continue
  const cyclesMs: number[] = []
  const before = process.cpuUsage()
  let checks = 0
  const failures: string[] = []
  for (let index = 0; index < Number(times); index++) {
    const startedMs = performance.now()
    const results = await service.monitor.checkNow('all', signal)
    cyclesMs.push(performance.now() - startedMs)
    checks += results.length
    for (const { error } of results) if (error !== null) failures.push(error.message)
  }
  const used = process.cpuUsage(before)
  process.stdout.write(
    `result ${JSON.stringify({ checks, failures: failures.length, failure: failures[0], cpuUs: used.user + used.system, cyclesMs })}\n`,
  )
}
