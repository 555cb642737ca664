import type { Log } from '../log.ts'
import type { StoreOptions } from './options.ts'
import type { StoreReader } from './reader.ts'
import { sqliteReader } from './sqlite-reader.ts'

/**
 * Opens the store of the configuration for reading only, beside a running exporter or without one.
 * @throws StoreError as sqliteReader and mongoReader do
 */
export async function openReader(options: StoreOptions, log: Log): Promise<StoreReader> {
  if (options.kind === 'sqlite') return sqliteReader(options.path, log)
  // Only who uses it loads it: mongoose costs time and memory.
  const { mongoReader } = await import('./mongo-reader.ts')
  return await mongoReader({ uri: options.uri.reveal(), database: options.database }, log)
}
