#!/usr/bin/env -S node --min-semi-space-size=8 --max-semi-space-size=64
import { run } from './cli/program.ts'
import { youngGeneration } from './young-generation.ts'

const young = youngGeneration([...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)])

const ending = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second signal does not wait for the end in order.
    if (ending.signal.aborted) process.exit(130)
    ending.abort()
  })
}
// A reader that closes early (`| head`) is no fault, but nobody listens any more: what runs ends in order.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    ending.abort()
  })
}
// node:sqlite is stable enough for us; its notice is not for operators.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
})

const io = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  onHangup: (callback: () => void) => void process.on('SIGHUP', callback),
  onFleetSize: young.fit,
}
process.exitCode = await run(process.argv.slice(2), io, ending.signal)
