import { shownText } from '../accounts/privacy.ts'
import type { Config } from '../config/schema.ts'
import { readDirectory } from '../discovery/account-document.ts'
import type { Documented } from '../discovery/discovery.ts'
import { privacyOf } from '../service-plan.ts'

/** The accounts of `discovery.mongodb`, read once for one command. */
export interface DatabaseOnce {
  /** What the database says of a gateway; null before `read`, and where it failed. */
  documented(gateway: string): Documented | null
  /** Why it cannot be read, and what is wrong with its documents; nothing where there is no database. Never rejects. */
  read(signal: AbortSignal): Promise<{ readonly error: string | null; readonly faults: readonly string[] }>
}

export function databaseOnce(config: Config): DatabaseOnce {
  const { discovery, gateways } = config
  const { mongodb } = discovery
  let byGateway: ReadonlyMap<string, Documented> | null = null
  return {
    documented: (gateway) => byGateway?.get(gateway) ?? null,
    async read(signal) {
      if (mongodb === undefined) return { error: null, faults: [] }
      // Only who uses it loads it: the driver takes time and memory.
      const { mongoCollection } = await import('../discovery/mongo-collection.ts')
      const collection = mongoCollection(mongodb)
      try {
        const documents = await collection.read(signal)
        const names = gateways.map(({ name }) => name)
        const directory = readDirectory(documents, mongodb, names)
        byGateway = directory.byGateway
        const privacy = privacyOf(config)
        return { error: null, faults: directory.faults.map((fault) => shownText(fault, privacy)) }
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error), faults: [] }
      } finally {
        await collection.close()
      }
    },
  }
}
