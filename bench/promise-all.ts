// The naive way to check a fleet: everything at once. usage: node bench/promise-all.ts <url> <accounts> <rounds> <warm-up rounds>
// A few rounds, back to back, per SIGUSR2; prints how long each took.
import { Agent, request } from 'undici'
import { accountIds } from './fleet-config.ts'

const [url = '', count = '0', times = '1', warmUp = '3'] = process.argv.slice(2)
const dispatcher = new Agent({ connections: Number(count) })
const ids = accountIds(Number(count))

async function round(): Promise<number> {
  const startedMs = performance.now()
  await Promise.all(
    ids.map(async (id) => {
      const { body } = await request(`${url}/accounts/${id}`, { dispatcher })
      await body.json()
    }),
  )
  return performance.now() - startedMs
}

// Thousands of connections opened at once may overflow the target's queue of new ones; afterwards they are open.
for (let index = 0; index < Number(warmUp); index++)
  await round().catch((error: unknown) => process.stderr.write(`warm-up: ${String(error)}\n`))
process.on('SIGUSR2', async () => {
  const tookMs: number[] = []
  for (let index = 0; index < Number(times); index++) tookMs.push(await round())
  process.stdout.write(`took ${JSON.stringify(tookMs)}\n`)
})
process.on('SIGTERM', () => process.exit(0))
process.stdout.write('warm\n')
setInterval(() => {}, 60_000)
