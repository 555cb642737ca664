import { once } from 'node:events'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { ListenError } from '../api/listen-error.ts'
import { faultText } from '../config/fault.ts'
import { loadConfig } from '../config/load.ts'
import { startService } from '../service.ts'
import { StoreError } from '../store/store.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { createLog } from './log.ts'
import { runCommand } from './parse-args.ts'

/** `whatsapp-exporter serve`: watches the fleet until the signal; SIGHUP reloads the configuration. */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter serve')
    .description('Watch the fleet until stopped. SIGHUP or POST /-/reload reads the configuration again.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
  return await runCommand(command, args, io, async () => {
    const { config: file } = command.opts<{ config: string }>()
    const readConfig = () => loadConfig(resolve(io.cwd, file), io.env)
    const loaded = readConfig()
    if (!loaded.ok) {
      reportFaults(file, loaded, io)
      return EXIT.usage
    }
    const log = createLog(io.stdout, io.env)
    for (const warning of loaded.warnings) log.warn({}, faultText(file, warning))
    try {
      const service = await startService(loaded, { log, readConfig })
      io.onHangup(() => void service.reload())
      if (!signal.aborted) await once(signal, 'abort')
      log.info({}, 'Ending: requests and checks under way are finished first.')
      await service.stop()
      log.info({}, 'Ended.')
      return EXIT.fine
    } catch (error) {
      if (!(error instanceof ListenError || error instanceof StoreError)) throw error
      io.stderr.write(`${error.message}\n`)
      return EXIT.usage
    }
  })
}
