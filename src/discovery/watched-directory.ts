import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { type Directory, readDirectory } from './account-document.ts'
import type { Documented } from './discovery.ts'
import type { MongoDiscoveryOptions } from './options.ts'

/** A collection that is read as a whole, and tells of changes where its server can. */
export interface AccountCollection {
  /** For messages; without credentials. */
  readonly place: string
  /** The documents that meet the filter. Rejects with an error whose text holds no credentials. */
  read(signal: AbortSignal): Promise<readonly unknown[]>
  /**
   * Calls back once it hears of changes, and then on every change until the signal; `unsupported` where the server has no
   * change streams. Rejects as `read`.
   */
  follow(changed: () => void, signal: AbortSignal): Promise<'ended' | 'unsupported'>
  close(): Promise<void>
}

export interface DirectoryPlan {
  readonly options: MongoDiscoveryOptions
  /** Names of the gateways that are configured. */
  readonly gateways: readonly string[]
  /** From one reading to the next where no change is told. */
  readonly intervalMs: number
}

export interface DirectoryParts {
  open(options: MongoDiscoveryOptions): Promise<AccountCollection>
  readonly log: Log
  /** Hides what privacy hides: ids may be phone numbers. */
  shown(text: string): string
  /** A reading brought something else than the one before. */
  changed(): void
  /** A reading failed; what was known stays. */
  failed(): void
  /** After each reading: documents that could not be used, or not wholly. */
  faulty(documents: number): void
}

/** The accounts of a database, as of its last reading. */
export interface WatchedDirectory {
  /** Takes over a plan, null for none. Settles with the first reading of a new plan, or when it failed. */
  apply(plan: DirectoryPlan | null): Promise<void>
  /** What the database says of a gateway; null before the first reading. */
  of(gateway: string): Documented | null
  stop(): Promise<void>
}

/** A reading that failed is tried again soon, then at longer and longer intervals. */
const RETRY_MS = 5_000
/** A bot that starts writes many documents: they are read together. */
const SETTLE_MS = 500
const FAULTS_TOLD = 5
const NOTHING: Documented = { accounts: [], disabled: new Set() }

/** Reads a directory again and again, and at once when its server tells of a change. What was read last stays while it is away. */
export function watchedDirectory(parts: DirectoryParts): WatchedDirectory {
  const { log } = parts
  let directory: Directory | null = null
  let plan: DirectoryPlan | null = null
  let stopping = new AbortController()
  let running = Promise.resolve()

  function take(found: Directory, documents: number, place: string): void {
    const before = directory
    directory = found
    parts.faulty(found.faults.length)
    if (before === null) log.info({ place, documents }, 'The accounts of the database were read.')
    if (before?.faults.join('\n') !== found.faults.join('\n') && found.faults.length > 0) {
      const faults = found.faults.slice(0, FAULTS_TOLD).map(parts.shown)
      log.warn({ place, count: found.faults.length, faults }, 'Documents of the database cannot be used wholly.')
    }
    if (before === null || printOf(before) !== printOf(found)) parts.changed()
  }

  async function watch(mine: DirectoryPlan, signal: AbortSignal, firstRead: () => void): Promise<void> {
    const { options, gateways, intervalMs } = mine
    const collection = await parts.open(options)
    const { place } = collection
    let failures = 0
    let canFollow = true
    let following: Promise<void> | null = null
    let changed = new AbortController()

    const follow = async () => {
      try {
        if ((await collection.follow(() => changed.abort(), signal)) === 'ended') return
        canFollow = false
        const everySeconds = intervalMs / 1000
        log.info(
          { place, everySeconds },
          'The database tells of no changes (it is no replica set, or a view is read); it is read in rounds.',
        )
      } catch (error) {
        if (!signal.aborted) log.debug({ place, error: textOf(error) }, 'The database tells of no changes for now.')
      } finally {
        following = null
      }
    }

    try {
      while (!signal.aborted) {
        changed = new AbortController()
        try {
          const documents = await collection.read(signal)
          if (signal.aborted) return
          if (failures > 0) log.info({ place }, 'The accounts of the database can be read again.')
          failures = 0
          take(readDirectory(documents, options, gateways), documents.length, place)
          if (canFollow) following ??= follow()
        } catch (error) {
          if (signal.aborted) return
          if (failures === 0)
            log.warn(
              { error: textOf(error) },
              'The accounts of the database cannot be read; those that are known stay.',
            )
          failures += 1
          parts.failed()
        }
        firstRead()
        const pauseMs = failures === 0 ? intervalMs : Math.min(intervalMs, RETRY_MS * 2 ** Math.min(failures - 1, 10))
        await paused(pauseMs, AbortSignal.any([signal, changed.signal]))
        if (changed.signal.aborted) await paused(Math.min(SETTLE_MS, intervalMs), signal)
      }
    } finally {
      await collection
        .close()
        .catch((error: unknown) => log.debug({ place, error: textOf(error) }, 'Not closed in order.'))
      await following
    }
  }

  async function end(): Promise<void> {
    stopping.abort()
    await running
  }

  return {
    async apply(next) {
      if (samePlan(plan, next)) return
      const place = (one: DirectoryPlan | null) => [
        one?.options.uri.reveal(),
        one?.options.database,
        one?.options.collection,
      ]
      // Of another collection nothing is known yet.
      const isMoved = place(plan).join('\n') !== place(next).join('\n')
      plan = next
      await end()
      if (isMoved) directory = null
      if (plan !== next || next === null) return
      const mine = new AbortController()
      stopping = mine
      await new Promise<void>((firstRead) => {
        running = watch(next, mine.signal, firstRead)
          .catch((error: unknown) => {
            log.error({ error: textOf(error) }, 'The database of discovery.mongodb cannot be opened.')
            parts.failed()
          })
          .finally(firstRead)
      })
    },
    of: (gateway) => (directory === null ? null : (directory.byGateway.get(gateway) ?? NOTHING)),
    async stop() {
      plan = null
      await end()
    },
  }
}

async function paused(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** What a reading says, so that two can be compared. */
function printOf({ byGateway }: Directory): string {
  return JSON.stringify([...byGateway].map(([name, { accounts, disabled }]) => [name, accounts, [...disabled]]))
}

function samePlan(one: DirectoryPlan | null, other: DirectoryPlan | null): boolean {
  const print = (plan: DirectoryPlan | null) => JSON.stringify([plan, plan?.options.uri.reveal()])
  return print(one) === print(other)
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
