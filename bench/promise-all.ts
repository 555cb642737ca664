// The naive way to check a fleet: everything at once. usage: node bench/promise-all.ts <url> <accounts>
// One round per SIGUSR2; prints how long it took.
import { Agent, request } from 'undici'
import { accountIds } from './fleet-config.ts'

const [url = '', count = '0'] = process.argv.slice(2)
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

for (let index = 0; index < 3; index++) await round()
process.on('SIGUSR2', async () => {
  process.stdout.write(`took ${await round()}\n`)
})
process.on('SIGTERM', () => process.exit(0))
process.stdout.write('warm\n')
setInterval(() => {}, 60_000)
