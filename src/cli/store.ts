import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { type Log, silentLog } from '../log.ts'
import { type ArchiveRow, archiveRows, fillFrom, firstDifference } from '../store/archive.ts'
import { readArchive, writeArchive } from '../store/archive-file.ts'
import { openArchive } from '../store/open-archive.ts'
import type { StoreOptions } from '../store/options.ts'
import { StoreError } from '../store/store.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'

const CONFIG = ['-c, --config <file>', 'configuration file, whose section store is used', 'config.yml'] as const
const STOP_FIRST = 'Stop the exporters that use the store first.'

/** `whatsapp-exporter store export <file>`: writes everything that a store holds to a file, and reads it back. */
export async function runExport(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter store export')
    .description(`Write the whole store to a new file of JSON lines. ${STOP_FIRST}`)
    .argument('<file>', 'file to write; it must not be there yet')
    .option(...CONFIG)
  return await runCommand(command, args, io, () =>
    told(io, () => exportTo(command.args[0] ?? '', command.opts<{ config: string }>().config, io, signal)),
  )
}

/** `whatsapp-exporter store import <file>`: fills an empty store from an export, and compares them row for row. */
export async function runImport(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter store import')
    .description(`Fill an empty store from an exported file, and compare them row for row. ${STOP_FIRST}`)
    .argument('<file>', 'file that was exported')
    .option(...CONFIG)
  return await runCommand(command, args, io, () =>
    told(io, () => importFrom(command.args[0] ?? '', command.opts<{ config: string }>().config, io, signal)),
  )
}

/** `whatsapp-exporter store migrate --to <file>`: copies one store to another, and compares them row for row. */
export async function runMigrate(args: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter store migrate')
    .description(`Copy the whole store to an empty one, and compare them row for row. ${STOP_FIRST}`)
    .requiredOption('--to <file>', 'configuration file whose section store names the new store')
    .option(...CONFIG)
  return await runCommand(command, args, io, () => {
    const { config, to } = command.opts<{ config: string; to: string }>()
    return told(io, () => migrate(config, to, io, signal))
  })
}

/** A store or file that cannot be used is told in a sentence. */
async function told(io: CommandIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreError || isFileError(error))) throw error
    io.stderr.write(`${error.message}\n`)
    return EXIT.usage
  }
}

async function exportTo(file: string, config: string, io: CommandIo, signal: AbortSignal): Promise<number> {
  const options = optionsOf(config, io)
  if (options === null) return EXIT.usage
  const path = resolve(io.cwd, file)
  const store = await openArchive(options, world(io, signal))
  try {
    const count = await writeArchive(path, until(signal, archiveRows(store)))
    const difference = await firstDifference(archiveRows(store), readArchive(path))
    if (difference !== null) return differs(io, difference)
    io.stdout.write(`${count} rows were written to ${file} and read back: every row is the same.\n`)
    return EXIT.fine
  } catch (error) {
    // What is half written would pass for an export.
    if (!isFileError(error) || error.code !== 'EEXIST') await rm(path, { force: true })
    throw error
  } finally {
    await store.close()
  }
}

async function importFrom(file: string, config: string, io: CommandIo, signal: AbortSignal): Promise<number> {
  const options = optionsOf(config, io)
  if (options === null) return EXIT.usage
  const path = resolve(io.cwd, file)
  // The whole file is checked before the first row is written.
  for await (const _row of until(signal, readArchive(path)));
  return await fill(options, () => readArchive(path), `from ${file}`, io, signal)
}

async function migrate(config: string, to: string, io: CommandIo, signal: AbortSignal): Promise<number> {
  const [from, into] = [optionsOf(config, io), optionsOf(to, io)]
  if (from === null || into === null) return EXIT.usage
  if (isSamePlace(from, into)) {
    io.stderr.write(`${config} and ${to} name the same store. Name another one in ${to}.\n`)
    return EXIT.usage
  }
  const source = await openArchive(from, world(io, signal))
  try {
    return await fill(into, () => archiveRows(source), `from ${from.kind} to ${into.kind}`, io, signal)
  } finally {
    await source.close()
  }
}

async function fill(
  options: StoreOptions,
  rows: () => AsyncIterable<ArchiveRow>,
  what: string,
  io: CommandIo,
  signal: AbortSignal,
): Promise<number> {
  const target = await openArchive(options, world(io, signal))
  try {
    const count = await fillFrom(target, until(signal, rows()))
    const difference = await firstDifference(rows(), archiveRows(target))
    if (difference !== null) return differs(io, difference)
    io.stdout.write(`${count} rows were copied ${what}: every row is the same.\n`)
    return EXIT.fine
  } finally {
    await target.close()
  }
}

function differs(io: CommandIo, difference: string): number {
  io.stderr.write(`The copy is not the same: ${difference} Do not use it; please report this.\n`)
  return EXIT.unhealthy
}

function optionsOf(file: string, io: CommandIo): StoreOptions | null {
  const loaded = loadConfig(resolve(io.cwd, file), io.env)
  // Warnings about the rest of the file say nothing about its store.
  if (!loaded.ok) {
    reportFaults(file, loaded, io)
    return null
  }
  const { store } = loaded.config
  return store.kind === 'sqlite' ? { ...store, path: resolve(io.cwd, store.path) } : store
}

function isSamePlace(a: StoreOptions, b: StoreOptions): boolean {
  if (a.kind === 'sqlite') return b.kind === 'sqlite' && a.path === b.path
  return b.kind === 'mongodb' && a.uri.reveal() === b.uri.reveal() && a.database === b.database
}

function world(io: CommandIo, signal: AbortSignal) {
  const say = (_facts: object, text: string) => void io.stderr.write(`${text}\n`)
  const log: Log = { ...silentLog, warn: say, error: say }
  return { log, now: Date.now, signal }
}

async function* until<T>(signal: AbortSignal, rows: AsyncIterable<T>): AsyncIterable<T> {
  for await (const row of rows) {
    if (signal.aborted) throw new StoreError('failed', 'Interrupted. What was written so far is not complete.')
    yield row
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}
