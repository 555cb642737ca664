/** What every part may say to the log. Structured: facts in the object, one plain sentence as text. */
export interface Log {
  debug(facts: object, text: string): void
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

/** Says nothing; the default in tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
