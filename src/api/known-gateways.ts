import type { Fleet } from '../monitor/fleet.ts'
import { faulty } from './query-fields.ts'

/** Throws a Problem for the first of these names in `body.gateways` that no gateway has: a report about nobody helps nobody. */
export function refuseUnknownGateways(fleet: Fleet, names: readonly string[]): void {
  const known = new Set(fleet.gateways().map(({ name }) => name))
  const stranger = names.find((name) => !known.has(name))
  if (stranger === undefined) return
  throw faulty('body.gateways', `names "${stranger}", which is no gateway. Known: ${[...known].join(', ')}`)
}
