import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { simulatorConfigYaml } from '../simulator/config-yaml.ts'
import { demoFleet } from '../simulator/demo-fleet.ts'
import { parseScript } from '../simulator/script-file.ts'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'
import { serviceAddress } from './address-overrides.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'

interface Options {
  readonly accounts: number
  readonly host: string
  readonly port: number
  readonly publicUrl?: string
  readonly smtpPort?: number
  readonly seed: number
  readonly script?: string
  readonly latencyMs: number
  readonly writeConfig?: string
  readonly quiet?: true
}

/** `whatsapp-exporter simulate`: fake gateways with scripted faults, and an inbox for the alerts. */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter simulate')
    .description('Run fake WAHA, Evolution and http gateways with scripted faults, and an inbox that shows the alerts.')
    .option('--accounts <number>', 'accounts in all', whole(1, 100_000), 24)
    .option('--host <host>', 'address to listen on; 0.0.0.0 takes every one of the machine', '127.0.0.1')
    .option('--port <port>', 'port of the gateways and of the inbox; 0 takes a free one', whole(0, 65_535), 19_300)
    .option('--public-url <url>', 'address under which others reach it (default: from host and port)', serviceAddress)
    .option('--smtp-port <port>', 'port of the mail inbox; without it no mail is taken', whole(0, 65_535))
    .option('--seed <number>', 'same seed, same faults', whole(0, 2 ** 31), 1)
    .option('--script <file>', 'script of faults (docs/simulator.md) instead of the demo')
    .option('--latency-ms <ms>', 'delay of every reply, milliseconds', whole(0, 60_000), 20)
    .option('--write-config <file>', 'write a config.yml that watches this fleet')
    .option('--quiet', 'healthy fleet: no faults but those that you inject')
  return await runCommand(command, args, io, async () => {
    const options = command.opts<Options>()
    try {
      const simulator = await startSimulator({
        gateways: demoFleet(options.accounts),
        seed: options.seed,
        listen: { host: options.host, port: options.port },
        ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
        latencyMs: options.latencyMs,
        signal,
        ...(options.smtpPort === undefined ? {} : { smtpPort: options.smtpPort }),
        ...(await story(options, io)),
      })
      try {
        await writeConfig(simulator, options, io)
        const { url, smtpPort } = simulator
        const mail = smtpPort === null ? '' : `   Mail: ${new URL(url).hostname}:${smtpPort}`
        io.stdout.write(
          `${options.accounts} accounts are simulated. Pull a plug: ${url}/sim   Inbox: ${url}/inbox${mail}\n`,
        )
        if (!signal.aborted) await once(signal, 'abort')
        return EXIT.fine
      } finally {
        await simulator.close()
      }
    } catch (error) {
      io.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      return EXIT.usage
    }
  })
}

async function writeConfig({ url, gateways, smtpPort }: Simulator, { writeConfig: file }: Options, io: CommandIo) {
  if (file === undefined) return
  await writeFile(resolve(io.cwd, file), simulatorConfigYaml({ url, gateways, smtpPort })).catch((error: unknown) => {
    throw new Error(`${file} cannot be written (${codeOf(error)}). Name another file with --write-config.`)
  })
}

async function story(options: Options, io: CommandIo) {
  if (options.script !== undefined) {
    const { script: file } = options
    const text = await readFile(resolve(io.cwd, file), 'utf8').catch((error: unknown) => {
      throw new Error(`${file} cannot be read (${codeOf(error)}). Name a script of faults with --script.`)
    })
    return { script: parseScript(text, file) }
  }
  return options.quiet === true ? {} : { script: 'demo' as const }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}
