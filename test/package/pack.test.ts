import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOtlpReceiver } from '../tracing/otlp-receiver.ts'
import { type InstalledPackage, installNode, installPackage, type Running, start } from './installed-package.ts'

const MEGABYTE = 1024 * 1024
const OLDEST = '22.15.0'
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const root = mkdtempSync(join(tmpdir(), 'package-'))
let installed: InstalledPackage
let oldest: string

beforeAll(() => {
  installed = installPackage(root)
  oldest = installNode(OLDEST, root)
  const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1)
  process.stdout.write(
    `package: ${megabytes(installed.packedBytes)} MB packed, ${megabytes(installed.unpackedBytes)} MB unpacked; ` +
      `npm i: ${megabytes(installed.installedBytes)} MB in ${installed.installedPackages.length} packages\n`,
  )
})
afterAll(() => rmSync(root, { recursive: true }))

describe('the package', () => {
  test('holds what a user needs, and none of our sources', () => {
    const below = (folder: string) =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name))
        : []
    const expected = [
      ...below('prometheus/rules'),
      ...below('grafana/dashboards'),
      ...below('grafana/provisioning'),
      ...below('alertmanager'),
      ...below('src')
        .filter((path) => !path.endsWith('.ts'))
        .map((path) => path.replace('src', 'dist')),
      'config.example.yml',
      'config.schema.json',
      'dist/main.js',
      'dist/agent/agent.js',
      'dist/agent/agent.d.ts',
      ...below('docs').filter((path) => path.endsWith('.md')),
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
    ]
    expect(expected.filter((path) => !installed.files.includes(path))).toEqual([])
    expect(installed.files.filter((path) => /^(src|test|bench|scripts)\//.test(path))).toEqual([])
  })

  test('brings no browser and no development tool', () => {
    const unwanted = ['puppeteer', 'whatsapp-web.js', 'baileys', 'typescript', 'vitest', 'node', '@biomejs/biome']
    expect(installed.installedPackages.filter((name) => unwanted.includes(name))).toEqual([])
  })

  test('brings nothing that has an install script', () => {
    const lock = JSON.parse(readFileSync(join(installed.folder, 'package-lock.json'), 'utf8'))
    const scripted = Object.entries<{ hasInstallScript?: boolean }>(lock.packages)
      .filter(([, facts]) => facts.hasInstallScript === true)
      .map(([path]) => path)
    expect(scripted).toEqual([])
  })
})

describe.each([
  ['the oldest Node.js that is supported', () => oldest, `v${OLDEST}`],
  ['the Node.js of the project', () => process.execPath, process.version],
])('installed, on %s', (_name, nodeOf, expectedVersion) => {
  const main = () => join(installed.folder, 'node_modules/whatsapp-exporter/dist/main.js')
  const command = (...args: readonly string[]) => {
    const done = spawnSync(nodeOf(), [main(), ...args], { cwd: installed.folder, encoding: 'utf8' })
    return { code: done.status, out: done.stdout, err: done.stderr }
  }

  test('is really run by it', () => {
    expect(execFileSync(nodeOf(), ['--version'], { encoding: 'utf8' }).trim()).toBe(expectedVersion)
  })

  test('tells its version through the command that npm installs', () => {
    const path = `${dirname(nodeOf())}:${process.env['PATH']}`
    const bin = join(installed.folder, 'node_modules/.bin/whatsapp-exporter')
    const done = spawnSync(bin, ['--version'], { env: { ...process.env, PATH: path }, encoding: 'utf8' })
    expect([done.status, done.stdout, done.stderr]).toEqual([0, `${version}\n`, ''])
  })

  test('checks the example configuration, and a faulty one', () => {
    const example = join(installed.folder, 'node_modules/whatsapp-exporter/config.example.yml')
    expect(existsSync(example)).toBe(true)
    writeFileSync(join(installed.folder, 'bad.yml'), 'gateways: [{ name: one, driver: wahaa, url: "http://a" }]\n')
    const { code, err } = command('config', 'check', '--config', 'bad.yml')
    expect([code, err]).toEqual([2, expect.stringContaining('Did you mean "waha"?')])
  })

  test('renders with the rules that it brings', () => {
    writeFileSync(
      join(installed.folder, 'plain.yml'),
      'gateways: [{ name: one, driver: http, url: "http://127.0.0.1:1", accounts: [{ account: a }] }]\n',
    )
    expect(command('render', '--config', 'plain.yml', '--out', 'rendered').code).toBe(0)
    const rendered = readFileSync(join(installed.folder, 'rendered/prometheus.yml'), 'utf8')
    expect(rendered).toContain('- rules/account-alerts.yml\n')
    expect(readdirSync(join(installed.folder, 'rendered/rules'))).toContain('account-alerts.yml')
  })

  describe('with a simulated fleet', () => {
    const config = 'fleet.yml'
    let simulator: Running

    beforeAll(async () => {
      const args = ['simulate', '--quiet', '--port', '0', '--smtp-port', '0', '--write-config', config]
      simulator = start(nodeOf(), [main(), ...args], installed.folder)
      await simulator.said(/24 accounts are simulated/)
      const path = join(installed.folder, config)
      const text = `${readFileSync(path, 'utf8')}api: { listen: "127.0.0.1:0" }\nstore: { path: "${expectedVersion}.db" }\n`
      writeFileSync(path, text)
    })
    afterAll(async () => {
      expect(await simulator.end()).toBe(0)
    })

    test('checks every account', () => {
      const { code, out } = command('check', '--brief', '--config', config)
      expect([code, out]).toEqual([0, expect.stringMatching(/^24 accounts checked in .* s: all fine\.$/m)])
    })

    test('serves: page, metrics, traces and a clean end', async () => {
      const receiver = await startOtlpReceiver()
      const env = `OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.url}`
      const exporter = start('env', [env, nodeOf(), main(), 'serve', '--config', config], installed.folder)
      const [, url = ''] = await exporter.said(/"url":"(http:[^"]+)"/)
      const metrics = async () =>
        (await (await fetch(`${url}/metrics`)).text()).match(/^whatsapp_account_up\{.* 1$/gm)?.length
      await expect.poll(metrics, { timeout: 30_000 }).toBe(24)
      const page = await fetch(`${url}/`)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')])
      const files = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg)[^"]*)"/g)].map(
        ([, path]) => path,
      )
      for (const path of files) expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 200])
      // A link of an alert.
      const runbook = await fetch(`${url}/docs/alerts/gateway-down.md`)
      expect([runbook.status, await runbook.text()]).toEqual([200, expect.stringContaining('WhatsAppGatewayDown')])
      expect(await exporter.end()).toBe(0)
      expect(receiver.spans.map(({ name }) => name)).toContain('check cycle')
    })
  })

  test('is imported as whatsapp-exporter/agent', () => {
    const script = "console.log(Object.keys(await import('whatsapp-exporter/agent')).toSorted().join(' '))"
    const done = spawnSync(nodeOf(), ['--input-type=module', '-e', script], { cwd: installed.folder, encoding: 'utf8' })
    expect([done.stderr, done.stdout.split(/\s+/)]).toEqual([
      '',
      expect.arrayContaining(['fromBaileys', 'fromWhatsappWebJs', 'whatsappAgent']),
    ])
  })
})

describe('types of whatsapp-exporter/agent', () => {
  const compile = (source: string) => {
    writeFileSync(join(installed.folder, 'consumer.ts'), source)
    const options = {
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2022',
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [resolve('node_modules/@types')],
      },
      files: ['consumer.ts'],
    }
    writeFileSync(join(installed.folder, 'tsconfig.json'), JSON.stringify(options))
    const done = spawnSync(resolve('node_modules/.bin/tsc'), ['-p', '.'], { cwd: installed.folder, encoding: 'utf8' })
    return done.stdout
  }
  const GOOD = `import { createServer } from 'node:http'
import { type WatchedAccount, whatsappAgent } from 'whatsapp-exporter/agent'

const sales: WatchedAccount = { read: () => ({ state: 'connected', phone: '971505760056' }) }
createServer(whatsappAgent({ token: 'a-token-of-16-characters', accounts: { sales } }))
`

  test('check a consumer in strict mode, without more packages than the types of Node.js', () => {
    expect(compile(GOOD)).toBe('')
  })

  test('refuse a state that does not exist', () => {
    expect(compile(GOOD.replace("'connected'", "'fine'"))).toContain('TS2322')
  })
})
