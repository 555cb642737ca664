import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Compares a password with a bcrypt hash, off the event loop. */
export interface PasswordCheck {
  /** Undefined: too many comparisons wait already. Rejects where the worker thread fails. */
  matches(user: string, password: string, hash: string): Promise<boolean | undefined>
}

const WAITING_LIMIT = 16
const CACHE_LIMIT = 256
const MAX_BCRYPT_BYTES = 72

/**
 * One comparison at a time, results remembered by user, hash and password (semantics of Prometheus' exporter-toolkit).
 * The memory holds keyed digests, right and wrong answers apart, so that a flood of wrong ones drops no right one.
 */
export function passwordCheck(): PasswordCheck {
  const digestKey = randomBytes(32)
  const right = new Set<string>()
  const wrong = new Set<string>()
  const underWay = new Map<string, Promise<boolean>>()
  let worker: Worker | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function compare(password: string, hash: string): Promise<boolean> {
    worker ??= new Worker(new URL(`./bcrypt-worker${extname(import.meta.url)}`, import.meta.url))
    worker.unref()
    worker.postMessage({ password, hash })
    const [answer] = await once(worker, 'message')
    return answer === true
  }

  async function decide(cacheKey: string, password: string, hash: string): Promise<boolean> {
    try {
      // Longer passwords would be cut by bcrypt, and then match what they are not.
      const answer = (await compare(password, hash)) && Buffer.byteLength(password) <= MAX_BCRYPT_BYTES
      remember(answer ? right : wrong, cacheKey)
      return answer
    } catch (error) {
      worker = undefined
      throw error
    } finally {
      underWay.delete(cacheKey)
      // Answers are remembered, so the thread is rarely needed: it lives as long as somebody waits for it.
      if (underWay.size === 0) {
        void worker?.terminate()
        worker = undefined
      }
    }
  }

  return {
    async matches(user, password, hash) {
      const cacheKey = createHmac('sha256', digestKey)
        .update(JSON.stringify([user, hash, password]))
        .digest('base64')
      if (right.has(cacheKey)) return true
      if (wrong.has(cacheKey)) return false
      const same = underWay.get(cacheKey)
      if (same !== undefined) return same
      if (underWay.size >= WAITING_LIMIT) return undefined
      const answer = last.then(() => decide(cacheKey, password, hash))
      underWay.set(cacheKey, answer)
      last = answer.catch(() => {})
      return answer
    },
  }
}

function remember(answers: Set<string>, key: string): void {
  if (answers.size >= CACHE_LIMIT) {
    const [oldest] = answers
    if (oldest !== undefined) answers.delete(oldest)
  }
  answers.add(key)
}
