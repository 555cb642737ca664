import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Fault, faultText } from '../config/fault.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { effectiveYaml } from '../config/redact.ts'
import type { Config } from '../config/schema.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'

/** A file that is wrong from top to bottom need not fill the screen. */
const SHOWN_FAULTS = 50

/** `whatsapp-exporter config check`: tells every fault of the file. Exit code 0 when it is good, 2 when not. */
export async function run(args: readonly string[], io: CommandIo, _signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter config check')
    .description('Check the configuration file and tell every fault at once.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option('--json', 'print the result as JSON')
    .option('--show', 'print the configuration in effect, with defaults and without secrets')
  return runCommand(command, args, io, () => {
    const options = command.opts<{ config: string; json?: true; show?: true }>()
    const loaded = loadConfig(resolve(io.cwd, options.config), io.env)
    if (options.json) {
      const faults = loaded.ok ? [] : loaded.faults
      const result = { file: options.config, ok: loaded.ok, faults, warnings: loaded.warnings }
      io.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
      return loaded.ok ? EXIT.fine : EXIT.usage
    }
    if (!reportFaults(options.config, loaded, io)) return EXIT.usage
    if (options.show) io.stdout.write(effectiveYaml(loaded.source))
    else io.stdout.write(`${options.config} is good: ${summary(loaded.config)}.\n`)
    return EXIT.fine
  })
}

/** Writes warnings and faults to stderr; true where the configuration may be used. Every command that loads one tells them so. */
export function reportFaults(
  file: string,
  loaded: LoadedConfig,
  io: Pick<CommandIo, 'stderr'>,
): loaded is Extract<LoadedConfig, { ok: true }> {
  const write = (fault: Fault, kind: string) => io.stderr.write(`${kind}${faultText(file, fault)}\n`)
  for (const warning of loaded.warnings.slice(0, SHOWN_FAULTS)) write(warning, 'warning: ')
  if (loaded.ok) return true
  for (const fault of loaded.faults.slice(0, SHOWN_FAULTS)) write(fault, '')
  const hidden = loaded.faults.length - SHOWN_FAULTS
  if (hidden > 0) io.stderr.write(`… and ${hidden} more faults.\n`)
  const count = loaded.faults.length === 1 ? '1 fault' : `${loaded.faults.length} faults`
  io.stderr.write(`${file} has ${count}.\n`)
  return false
}

function summary({ gateways, checks, alerting, discovery: { mongodb } }: Config): string {
  const listed = gateways.reduce((sum, { accounts }) => sum + accounts.length, 0)
  const discovering = gateways.filter(({ discover }) => discover).length
  const receivers = alerting.slack.length + alerting.email.length + alerting.sms.length + alerting.webhook.length
  return [
    `${gateways.length} ${gateways.length === 1 ? 'gateway' : 'gateways'}`,
    ...(discovering > 0 ? [`${discovering} of them with discovery`] : []),
    `${listed} ${listed === 1 ? 'account' : 'accounts'} by hand`,
    ...(mongodb === undefined ? [] : [`accounts from MongoDB (${mongodb.database}.${mongodb.collection})`]),
    `a check every ${checks.interval / 1000} s`,
    `${receivers} ${receivers === 1 ? 'receiver' : 'receivers'} of alerts`,
  ].join(', ')
}
