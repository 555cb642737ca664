import type { OptionPath } from './fault.ts'
import type { Config } from './schema.ts'

/** An option that the schema knows and this version cannot serve: it is refused, because ignoring it would deceive. */
export interface Unavailable {
  readonly path: OptionPath
  readonly asked: (config: Partial<Config>) => boolean
  /** What is not there, as the end of `this version has no …`. */
  readonly what: string
  readonly instead: string
}

/** Shrinks as parts land. */
export const UNAVAILABLE: readonly Unavailable[] = [
  {
    path: ['tracing', 'endpoint'],
    asked: ({ tracing }) => tracing?.endpoint !== undefined,
    what: 'tracing',
    instead: 'Remove the endpoint',
  },
]
