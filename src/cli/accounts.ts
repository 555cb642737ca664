import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { servicePlan } from '../service-plan.ts'
import { reportFaults } from './config-check.ts'
import { databaseOnce } from './database-once.ts'
import { errorsOf, type FoundGateway, findAccounts, NONE_FOUND } from './found-accounts.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'
import { textTable } from './text-table.ts'

/** Where an account is known from; `both` where the configuration names one that its gateway lists. A database comes before. */
type Source = 'config' | 'gateway' | 'both' | 'database'

interface Row {
  readonly account: string
  readonly gateway: string
  readonly driver: string
  readonly phone: string | null
  readonly name: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly source: Source
}

/** `whatsapp-exporter accounts`: lists the accounts that are found. Exit code 1 where a gateway cannot list. */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter accounts')
    .description(
      'List the accounts of the configuration and of its database, and those that the gateways list. It needs no running exporter.',
    )
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option('--json', 'print the result as JSON')
  return await runCommand(command, args, io, async () => {
    const options = command.opts<{ config: string; json?: true }>()
    const loaded = loadConfig(resolve(io.cwd, options.config), io.env)
    if (!reportFaults(options.config, loaded, io)) return EXIT.usage
    const database = databaseOnce(loaded.config)
    const { documented } = database
    const plan = servicePlan(loaded.config, new Map(), { events: { unmapped() {} }, nowMs: Date.now, documented })
    try {
      const { gateways: found, faults } = await findAccounts(plan.sources, database, signal)
      const rows = found.flatMap(rowsOf)
      const failed = found.flatMap(({ name, error }) => (error === null ? [] : [{ gateway: name, error }]))
      if (options.json === true) {
        io.stdout.write(`${JSON.stringify({ accounts: rows, failed, faults }, null, 2)}\n`)
      } else {
        if (rows.length > 0) io.stdout.write(`${tableOf(rows).join('\n')}\n`)
        for (const line of [...faults, ...errorsOf(found)]) io.stderr.write(`${line}\n`)
        if (rows.length === 0 && failed.length === 0) io.stderr.write(`${NONE_FOUND}\n`)
      }
      return failed.length === 0 ? EXIT.fine : EXIT.unhealthy
    } catch (error) {
      if (!signal.aborted) throw error
      io.stderr.write('Interrupted before every gateway had answered.\n')
      return EXIT.unhealthy
    } finally {
      await Promise.all([...plan.gateways.values()].map(({ gateway }) => gateway.close()))
    }
  })
}

function rowsOf({ driver, accounts, listedIds, configuredKeys, documentedKeys }: FoundGateway): readonly Row[] {
  return accounts.map(({ key, account, gateway, nativeId, phone, name, labels }) => {
    const listed = listedIds.has(nativeId)
    const other: Source = documentedKeys.has(key) ? 'database' : 'gateway'
    const source: Source = configuredKeys.has(key) ? (listed ? 'both' : 'config') : other
    return { account, gateway, driver, phone, name, labels, source }
  })
}

function tableOf(rows: readonly Row[]): readonly string[] {
  return textTable(
    ['ACCOUNT', 'GATEWAY', 'DRIVER', 'SOURCE', 'PHONE', 'NAME', 'LABELS'],
    rows.map(({ account, gateway, driver, source, phone, name, labels }) => [
      account,
      gateway,
      driver,
      source,
      phone ?? '-',
      name ?? '-',
      Object.entries(labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(' '),
    ]),
  )
}
