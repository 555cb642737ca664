import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import mongoose from 'mongoose'

const JARS = 'node_modules/.cache/wire-server'
const LAUNCHER = 'test/store/wire-server/WireServer.java'

/** A server that speaks MongoDB's protocol. */
export interface MongoServer {
  readonly uri: string
  /** Null of a server that is not ours. */
  readonly pid: number | null
  stop(): Promise<void>
}

/** Why there is no server to test against; null where there is one, or where its absence must fail. */
function missing(): string | null {
  if (process.env['MONGODB_TEST_URI'] !== undefined) return null
  if (!existsSync(JARS)) return 'the wire server is not fetched: run scripts/fetch-wire-server.sh'
  try {
    execFileSync('javac', ['-version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'there is no Java development kit: run scripts/install-tools.sh test'
  }
}

/** True where the MongoDB suites run. Outside of CI they may be skipped, and then say so. */
export function isMongoTested(): boolean {
  const why = missing()
  if (why === null || process.env['CI'] !== undefined || process.env['REQUIRE_MONGODB'] !== undefined) return true
  process.stderr.write(`\n!!! THE MONGODB SUITES ARE SKIPPED: ${why}, or set MONGODB_TEST_URI.\n\n`)
  return false
}

/** The server of MONGODB_TEST_URI, else a wire server of our own in memory; `oplog` lets that one tell of changes. */
export async function startMongoServer(port = 0, oplog?: 'oplog'): Promise<MongoServer> {
  const given = process.env['MONGODB_TEST_URI']
  if (given !== undefined) return { uri: given, pid: null, stop: async () => {} }
  const why = missing()
  if (why !== null) throw new Error(`MongoDB cannot be tested: ${why}`)
  const classPath = readdirSync(JARS)
    .filter((name) => name.endsWith('.jar'))
    .map((name) => join(JARS, name))
    .join(':')
  const child = spawn(
    'java',
    ['-Xmx1g', '-cp', classPath, LAUNCHER, String(port), ...(oplog === undefined ? [] : [oplog])],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000)
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^listening (\d+)$/.exec(line)?.[1]
    if (found === undefined) continue
    return {
      uri: `mongodb://127.0.0.1:${found}/?directConnection=true`,
      pid: child.pid ?? null,
      async stop() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }
  throw new Error(`The wire server ended before it listened: ${said}`)
}

/** A database of its own for one test. */
export interface TestDatabase {
  readonly uri: string
  readonly database: string
  drop(): Promise<void>
}

export function testDatabase({ uri }: Pick<MongoServer, 'uri'>): TestDatabase {
  const database = `exporter_test_${randomBytes(6).toString('hex')}`
  return {
    uri,
    database,
    async drop() {
      const connection = await mongoose.createConnection(uri, { dbName: database }).asPromise()
      await connection.dropDatabase()
      await connection.close()
    },
  }
}
