import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { faultText } from '../../src/config/fault.ts'
import { loadConfig } from '../../src/config/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

const GOOD = 'gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:3000" }]\n'

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function errnoReader(code: string) {
  return () => {
    throw Object.assign(new Error('refused'), { code })
  }
}

test.each<[string, () => string, string]>([
  [
    'a file that is not there',
    () => join(folder, 'none.yml'),
    'does not exist. Copy config.example.yml to it, or name another file',
  ],
  ['a directory', () => folder, 'is a directory. Name the file in it'],
  [
    'a file used as a folder',
    () => join(file('plain', ''), 'config.yml'),
    'does not exist: a part of its path is a file. Check the path',
  ],
  ['an empty file', () => file('empty.yml', ''), 'is empty. Name at least one gateway; config.example.yml shows how'],
  [
    'ten megabytes',
    () => file('big.yml', Buffer.alloc(10 * 1024 * 1024, '# text\n')),
    'is larger than 4 MiB. Is this the right file? Let gateways list their accounts with discover: true',
  ],
  [
    'a binary file',
    () => file('binary.yml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])),
    'is not a text in UTF-8. Is this the right file? Save it as UTF-8',
  ],
  [
    'UTF-16',
    () => file('utf16.yml', Buffer.from(`\uFEFF${GOOD}`, 'utf16le')),
    'is not a text in UTF-8. Is this the right file? Save it as UTF-8',
  ],
  [
    'a device that never ends',
    () => '/dev/zero',
    'is larger than 4 MiB. Is this the right file? Let gateways list their accounts with discover: true',
  ],
])('%s has one clear message', (_name, path, message) => {
  const loaded = loadConfig(path(), {})
  expect(loaded.ok ? [] : loaded.faults.map((fault) => faultText('config.yml', fault))).toEqual([
    `config.yml: ${message}`,
  ])
})

test.each([
  ['EACCES', 'may not be read (EACCES). Give the user of the exporter the right to read it'],
  ['EIO', 'cannot be read (EIO). Check the path and the disk'],
])('a read that fails with %s names the failure', (code, message) => {
  const loaded = loadConfig('config.yml', {}, { readBytes: errnoReader(code) })
  expect(loaded.ok ? [] : loaded.faults.map((fault) => faultText('config.yml', fault))).toEqual([
    `config.yml: ${message}`,
  ])
})

test('a byte order mark and Windows line ends are read over', () => {
  const loaded = loadConfig(file('bom.yml', `\uFEFF${GOOD.replaceAll('\n', '\r\n')}`), {})
  expect(loaded.ok && loaded.config.gateways.map(({ name }) => name)).toEqual(['waha-1'])
})

test('paths count from the folder of the file, and defaults do too', () => {
  file('key', 'a-secret-key\n')
  const text =
    'gateways: [{ name: waha-1, driver: waha, url: "http://127.0.0.1:3000", auth: { apiKeyFile: key } }]\nalerting: { slack: [{ name: a, webhookUrlFile: hooks/slack }] }\n'
  const loaded = loadConfig(file('paths.yml', text), {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  const { gateways, store, reports, alerting } = loaded.config
  const auth = gateways[0]?.driver === 'waha' ? gateways[0].auth?.reveal() : undefined
  expect(auth).toBe('a-secret-key')
  expect(store.kind === 'sqlite' && store.path).toBe(join(folder, '.data/exporter.db'))
  expect(reports.directory).toBe(join(folder, '.data/reports'))
  expect(alerting.slack[0]?.webhookUrlFile).toBe(join(folder, 'hooks/slack'))
})

test('an absolute path and the database in memory stay as they are', () => {
  const of = (path: string) => {
    const loaded = loadConfig(file('store.yml', `${GOOD}store: { path: "${path}" }\n`), {})
    return loaded.ok && loaded.config.store.kind === 'sqlite' && loaded.config.store.path
  }
  expect([of('/var/lib/exporter.db'), of(':memory:')]).toEqual(['/var/lib/exporter.db', ':memory:'])
})

test.skipIf(process.getuid?.() === 0)('a file without read permission says so', () => {
  const path = file('locked.yml', GOOD)
  chmodSync(path, 0)
  const loaded = loadConfig(path, {})
  expect(loaded.ok ? '' : loaded.faults[0]?.rule).toBe('may not be read (EACCES)')
})
