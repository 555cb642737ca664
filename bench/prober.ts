// Asks a blackbox_exporter for many probes. usage: node bench/prober.ts <url prefix> <probes> <in flight>
import { request } from 'undici'

const [prefix = '', probes = '0', inFlight = '1'] = process.argv.slice(2)
let next = 0
let ok = 0

async function worker(): Promise<void> {
  while (next < Number(probes)) {
    const index = next++
    const { body } = await request(`${prefix}bot-${String(index % 1_000).padStart(5, '0')}`)
    if ((await body.text()).includes('\nprobe_success 1')) ok++
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, worker))
process.stdout.write(`ok ${ok}\n`)
