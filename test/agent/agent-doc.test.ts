import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const TSC = resolve('node_modules/typescript/bin/tsc')
const run = promisify(execFile)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-doc-'))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the compiler says of a user's file that imports the agent by its package name. */
async function compile(name: string, source: string): Promise<string> {
  const config = {
    compilerOptions: {
      strict: true,
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      paths: { 'whatsapp-exporter/agent': [resolve('src/agent/agent.ts')] },
    },
    files: [`${name}.ts`],
  }
  await writeFile(join(folder, `${name}.ts`), source)
  await writeFile(join(folder, `${name}.json`), JSON.stringify(config))
  const failed = await run(process.execPath, [TSC, '-p', join(folder, `${name}.json`)]).catch((error: unknown) => error)
  return failed instanceof Error && 'stdout' in failed ? String(failed.stdout) : ''
}

const examples = async () => {
  const text = await readFile('docs/gateways/agent.md', 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, source = '']) => source)
}

describe('the agent as a user compiles it', () => {
  test('every example of the page compiles against the real whatsapp-web.js and Baileys', async () => {
    const sources = await examples()
    expect(sources.length).toBeGreaterThanOrEqual(4)
    const complaints = await Promise.all(sources.map((source, index) => compile(`example-${index}`, source)))
    expect(complaints.join('')).toBe('')
  }, 60_000)

  test('a wrong use does not compile, so the test above can fail', async () => {
    const source = `import { Client } from 'whatsapp-web.js'
      import { fromBaileys, fromWhatsappWebJs } from 'whatsapp-exporter/agent'
      fromBaileys().track(new Client({}))
      fromWhatsappWebJs({ getState: async () => 'CONNECTED' })`
    const complaint = await compile('wrong', source)
    expect(complaint).toContain("missing in type 'Client'")
    expect(complaint).toContain('wrong.ts(4,')
  }, 60_000)

  test('the agent fits Express as a handler', async () => {
    const source = `import express from 'express'
      import { whatsappAgent } from 'whatsapp-exporter/agent'
      express().use('/whatsapp', whatsappAgent({ token: null, accounts: {} }))`
    expect(await compile('express', source)).toBe('')
  }, 60_000)

  test('the examples and the tables name no export that does not exist', async () => {
    const text = await readFile('docs/gateways/agent.md', 'utf8')
    const entry = await readFile('src/agent/agent.ts', 'utf8')
    for (const [, names = ''] of text.matchAll(/import \{([^}]*)\} from 'whatsapp-exporter\/agent'/g)) {
      for (const name of names.split(',')) expect(entry).toContain(name.replace('type', '').trim())
    }
  })
})
