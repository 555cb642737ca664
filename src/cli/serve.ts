import { once } from 'node:events'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Listener, listen } from '../api/listen.ts'
import { ListenError } from '../api/listen-error.ts'
import { createStandbyApi } from '../api/standby.ts'
import { faultText } from '../config/fault.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { Log } from '../log.ts'
import { type GoodConfig, type Service, startService } from '../service.ts'
import { openShard, type Shard, ShardError } from '../shard.ts'
import { StoreError } from '../store/store.ts'
import { type AddressOverrides, listenAddress, serviceAddress, withAddresses } from './address-overrides.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { createLog } from './log.ts'
import { runCommand } from './parse-args.ts'

/** `whatsapp-exporter serve`: watches the fleet until the signal; SIGHUP reloads the configuration. */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter serve')
    .description('Watch the fleet until stopped. SIGHUP or POST /-/reload reads the configuration again.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option('--listen <host:port>', 'where to listen, instead of api.listen', listenAddress)
    .option('--prometheus-url <url>', 'Prometheus as the exporter reaches it (default: prometheus.url)', serviceAddress)
    .option(
      '--alertmanager-url <url>',
      'Alertmanager as the exporter reaches it (default: alerting.url)',
      serviceAddress,
    )
  return await runCommand(command, args, io, async () => {
    const { config: file, ...addresses } = command.opts<{ config: string } & AddressOverrides>()
    const readConfig = () => withAddresses(loadConfig(resolve(io.cwd, file), io.env), addresses)
    const loaded = readConfig()
    if (!loaded.ok) {
      reportFaults(file, loaded, io)
      return EXIT.usage
    }
    const log = createLog(io.stdout, io.env)
    for (const warning of loaded.warnings) log.warn({}, faultText(file, warning))
    try {
      await serve(loaded, { log, readConfig, io, signal })
      log.info({}, 'Ended.')
      return EXIT.fine
    } catch (error) {
      if (!(error instanceof ListenError || error instanceof StoreError || error instanceof ShardError)) throw error
      io.stderr.write(`${error.message}\n`)
      return EXIT.usage
    }
  })
}

interface ServeParts {
  readonly log: Log
  readonly readConfig: () => LoadedConfig
  readonly io: CommandIo
  readonly signal: AbortSignal
}

/** Watches until the signal. An exporter that is displaced stands by again, and goes on when its turn comes. */
async function serve(first: GoodConfig, { log, readConfig, io, signal }: ServeParts): Promise<void> {
  let service: Service | null = null
  let waiting = new AbortController()
  io.onHangup(() => {
    waiting.abort()
    void service?.reload()
  })
  let config = first
  while (!signal.aborted) {
    const shard = openShard(config.config, { log, now: Date.now, hostname: hostname() })
    waiting = new AbortController()
    await standBy(shard, config, { log, signal: AbortSignal.any([signal, waiting.signal]) })
    if (signal.aborted) {
      await shard.store.close()
      return
    }
    if (waiting.signal.aborted) {
      // What it would take over with, place in the fleet and store included, is read anew; then it waits again.
      await shard.store.close()
      config = readAgain(config, readConfig(), log)
      continue
    }
    service = await startService(config, { log, readConfig, shard, fleetSize: io.onFleetSize })
    // Asked while it started with what was read before.
    if (waiting.signal.aborted) void service.reload()
    const over = AbortSignal.any([signal, shard.displaced])
    if (!over.aborted) await once(over, 'abort')
    if (signal.aborted) log.info({}, 'Ending: requests and checks under way are finished first.')
    else log.error({ shard: shard.ordinal }, 'Another exporter has taken over this part of the fleet.')
    await service.stop()
    service = null
    const again = readConfig()
    if (again.ok) config = again
  }
}

/** The configuration of a standby that was asked to read it again. */
function readAgain(before: GoodConfig, read: LoadedConfig, log: Log): GoodConfig {
  if (read.ok) {
    log.info({}, 'The configuration was read again.')
    return read
  }
  const faults = read.faults.map((fault) => faultText('config', fault))
  log.error({ faults }, 'The configuration was not reloaded: it has faults. The last good one stays.')
  return before
}

/** Answers as a living, not yet ready exporter while another one watches. */
async function standBy(shard: Shard, { config }: GoodConfig, { log, signal }: Pick<ServeParts, 'log' | 'signal'>) {
  const over = new AbortController()
  const asked: Promise<Listener>[] = []
  const answer = () => {
    const listener = listen(createStandbyApi(), config.api, AbortSignal.any([signal, over.signal]), log)
    listener.catch((error: unknown) => log.error({ error: String(error) }, 'The standby cannot be asked how it is.'))
    asked.push(listener)
  }
  await shard.standBy(signal, answer)
  over.abort()
  const [opened] = await Promise.allSettled(asked)
  if (opened?.status === 'fulfilled') await opened.value.closed
}
