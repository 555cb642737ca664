import { resolve } from 'node:path'
import { Command } from 'commander'
import type { AccountKey } from '../accounts/account.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Fleet } from '../monitor/fleet.ts'
import { nearestWord } from '../nearest-word.ts'
import { checkDocument, checkTable, explanation, type Judged, summary } from './check-text.ts'
import { reportFaults } from './config-check.ts'
import { errorsOf, type FoundGateway, NONE_FOUND } from './found-accounts.ts'
import { type CommandIo, EXIT } from './io.ts'
import { judge } from './judgement.ts'
import { liveTable } from './live-table.ts'
import { runCommand } from './parse-args.ts'
import { type SingleCheck, singleCheck } from './single-check.ts'
import { printable } from './text-table.ts'

interface Options {
  readonly config: string
  readonly json?: true
  readonly brief?: true
}

/**
 * `whatsapp-exporter check`: checks accounts now, all at once, and explains each verdict. It needs no running exporter,
 * writes nothing and restarts nothing. Exit code 0 where every account is usable, 1 where one is not or cannot be seen.
 */
export async function run(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter check')
    .description('Check accounts now, all at once, and explain every verdict. It needs no running exporter.')
    .argument('[account...]', 'accounts by id, phone number or gateway/account; all of them if absent')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option('--json', 'print the result as JSON')
    .option('--brief', 'print the table only, without the explanations')
  return await runCommand(command, args, io, async () => {
    const options = command.opts<Options>()
    const loaded = loadConfig(resolve(io.cwd, options.config), io.env)
    if (!reportFaults(options.config, loaded, io)) return EXIT.usage
    const single = singleCheck(loaded.config)
    try {
      return await checkFleet(single, command.args, loaded.config, options, io, signal)
    } catch (error) {
      if (!signal.aborted) throw error
      io.stderr.write('Interrupted before every check had ended.\n')
      return EXIT.unhealthy
    } finally {
      await single.close()
    }
  })
}

async function checkFleet(
  single: SingleCheck,
  words: readonly string[],
  config: Config,
  options: Options,
  io: CommandIo,
  signal: AbortSignal,
): Promise<number> {
  const found = await single.find(signal)
  const keys = words.length === 0 ? ('all' as const) : keysOf(single.fleet, words, found, io)
  if (keys === null) return EXIT.usage

  const live = options.json === true ? null : liveTable(io.stdout, single.fleet, keys)
  const startedMs = performance.now()
  const checks = await single.check(keys, signal).finally(() => live?.end())
  const elapsedMs = performance.now() - startedMs

  const exporter = single.fleet.exporter()
  const rules = { unhealthyAfter: config.health.unhealthyAfter, recoveryMode: config.recovery.mode }
  const judged = checks
    .map((checked): Judged => ({ checked, judgement: judge(checked, exporter, rules) }))
    .toSorted((one, other) => Number(other.judgement.fine) - Number(one.judgement.fine))
  const failed = found.flatMap(({ name, error }) => (error === null ? [] : [{ gateway: name, error }]))
  const fine = judged.length > 0 && failed.length === 0 && judged.every(({ judgement }) => judgement.fine)

  if (options.json === true) {
    const unmapped = [...single.unmapped]
    const document = { fine, elapsedMs, accounts: judged.map(checkDocument), failed, unmapped }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return fine ? EXIT.fine : EXIT.unhealthy
  }
  if (options.brief !== true) {
    for (const one of judged) io.stdout.write(`${explanation(one).join('\n')}\n\n`)
  }
  if (judged.length > 0) io.stdout.write(`${checkTable(judged).join('\n')}\n${summary(judged, elapsedMs)}\n`)
  for (const word of single.unmapped) io.stderr.write(`unknown word of a gateway: ${printable(word)}\n`)
  for (const error of errorsOf(found)) io.stderr.write(`${printable(error)}\n`)
  if (judged.length === 0 && failed.length === 0) io.stderr.write(`${NONE_FOUND}\n`)
  return fine ? EXIT.fine : EXIT.unhealthy
}

/** The accounts that the words name; null where one names none, which is told. */
function keysOf(
  fleet: Fleet,
  words: readonly string[],
  found: readonly FoundGateway[],
  io: CommandIo,
): readonly AccountKey[] | null {
  const keys = new Set<AccountKey>()
  let missing = false
  for (const word of words) {
    const views = fleet.find(word)
    for (const { account } of views) keys.add(account.key)
    if (views.length > 0) continue
    missing = true
    const near = nearestWord(
      word,
      [...fleet.accounts()].map(({ account }) => account.account),
    )
    const hint = near === null ? 'whatsapp-exporter accounts lists them' : `Did you mean "${printable(near)}"?`
    io.stderr.write(`"${printable(word)}" is no account, phone number or gateway/account. ${hint}\n`)
  }
  if (!missing) return [...keys]
  for (const error of errorsOf(found)) io.stderr.write(`${printable(error)}\n`)
  return null
}
