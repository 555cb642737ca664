import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const read = (path: string) => readFileSync(path, 'utf8')
/** The instructions, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
const secondStage = instructions.findLastIndex((line) => line.startsWith('FROM '))
const manifest = z
  .object({ scripts: z.record(z.string(), z.string()), devDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')))

interface Copy {
  readonly sources: readonly string[]
  readonly target: string
  readonly from: string | undefined
}

const copies = (lines: readonly string[]): Copy[] =>
  lines.flatMap((line) => {
    const match = /^COPY (?:--from=(\w+) )?(.+) (\S+)$/.exec(line)
    if (match === null) return []
    const [, from, sources = '', target = ''] = match
    return [{ sources: sources.split(' '), target, from }]
  })
const fromContext = copies(instructions).filter(({ from }) => from === undefined)

/** Whether .dockerignore, which has only `*` and plain paths, keeps a path out of the build. The last match decides. */
function isIgnored(path: string): boolean {
  const patterns = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const parents = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  return patterns.reduce((ignored, pattern) => {
    const bare = pattern.replace(/^!/, '')
    return bare === '*' || parents.includes(bare) ? bare === pattern : ignored
  }, false)
}

describe('the Dockerfile', () => {
  test('builds and runs on the same image, with the Node.js of the project and a fixed version', () => {
    const images = instructions.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? [])
    expect(images).toHaveLength(2)
    expect(new Set(images).size).toBe(1)
    const major = /^\d+/.exec(manifest.devDependencies['node'] ?? '')?.[0]
    expect(images[0]).toMatch(new RegExp(`^node:${major}\\.\\d+\\.\\d+-bookworm-slim$`))
  })

  test('copies only what is there and reaches the build', () => {
    const sources = fromContext.flatMap((copy) => copy.sources)
    expect(sources.length).toBeGreaterThan(8)
    expect(sources.filter((path) => !existsSync(path) || isIgnored(path))).toEqual([])
  })

  test('lets into the build nothing that it does not copy', () => {
    const sources = fromContext.flatMap((copy) => copy.sources)
    const let_ = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path)
    expect(let_.toSorted()).toEqual([...new Set(sources)].toSorted())
  })

  test.each(['config.yml', '.env', 'secrets/slack-webhook', '.git/config', '.data/exporter.db', 'node_modules/zod'])(
    '%s never reaches the build',
    (path) => {
      expect(isIgnored(path)).toBe(true)
    },
  )

  test('brings every file that the build script names', () => {
    const build = manifest.scripts['build'] ?? ''
    const named = [...build.matchAll(/[\w./-]+\.(?:json|ts)\b/g)].map(([path]) => path)
    expect(named.length).toBeGreaterThan(2)
    const present = copies(instructions.slice(0, secondStage)).flatMap(({ sources, target }) =>
      sources.map((path) => {
        return join(statSync(path).isDirectory() ? target : join(target, path.split('/').at(-1) ?? ''))
      }),
    )
    expect(named.filter((path) => !present.includes(path))).toEqual([])
  })

  test('brings at run time what the program reads beside its code', () => {
    const sources = copies(instructions.slice(secondStage)).flatMap((copy) => copy.sources)
    // package.json for the version, the templates for render, and the build itself.
    expect(sources).toEqual(
      expect.arrayContaining(['package.json', 'alertmanager', '/build/dist', '/build/node_modules']),
    )
  })

  test('runs as a user without rights, who owns the folders of the volumes', () => {
    const user = instructions.findLast((line) => line.startsWith('USER '))
    expect(user).toBe('USER 65534:65534')
    expect(instructions.find((line) => line.includes('install -d'))).toBe(
      'RUN install -d -o 65534 -g 65534 /exporter/.data /rendered',
    )
  })
})

describe('its health check', () => {
  const line = instructions.find((text) => text.startsWith('HEALTHCHECK')) ?? ''
  const [, ...args] = z.array(z.string()).parse(JSON.parse(line.slice(line.indexOf('['))))

  async function exitCode(port: number): Promise<number | null> {
    const own = args.map((text) => text.replace('127.0.0.1:19292', `127.0.0.1:${port}`))
    expect(own).not.toEqual(args)
    const child = spawn(process.execPath, own, { stdio: 'ignore' })
    await once(child, 'close')
    return child.exitCode
  }

  test.each([
    [200, 0],
    [503, 1],
  ])('takes the answer %i as exit code %i', async (status, code) => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.writeHead(status).end()
    })
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect([await exitCode(port), asked]).toEqual([code, ['/-/healthy']])
  })

  test('takes silence as exit code 1', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise((resolve) => server.close(resolve))
    expect(await exitCode(port)).toBe(1)
  })
})
