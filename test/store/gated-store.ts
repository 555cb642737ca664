import { type Store, StoreError } from '../../src/store/store.ts'

/** A real store behind a gate that the test opens and shuts. */
export interface GatedStore extends Store {
  /** Rejects every write and load with this code until `open`. */
  shut(code: StoreError['code']): void
  open(): void
  /** The next write is done, and its answer is lost. */
  loseNextAnswer(): void
  /** Writes wait until `release` is called. */
  hold(): { release(): void }
  readonly writes: number
}

export function gatedStore(inner: Store): GatedStore {
  let shutCode: StoreError['code'] | null = null
  let losesAnswer = false
  let gate: Promise<void> | null = null
  let writes = 0
  const pass = () => {
    if (shutCode !== null) throw new StoreError(shutCode, `The gate is shut: ${shutCode}.`)
  }
  return {
    ...inner,
    shut(code) {
      shutCode = code
    },
    open() {
      shutCode = null
    },
    loseNextAnswer() {
      losesAnswer = true
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return {
        release() {
          gate = null
          resolve()
        },
      }
    },
    get writes() {
      return writes
    },
    async load() {
      pass()
      return inner.load()
    },
    async write(batch) {
      writes++
      pass()
      if (gate !== null) await gate
      await inner.write(batch)
      if (losesAnswer) {
        losesAnswer = false
        throw new StoreError('unavailable', 'The answer was lost.')
      }
    },
  }
}
