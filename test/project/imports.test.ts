import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const SRC = resolve('src')

/** Who may import whom (docs/architecture.md). `types of X` allows `import type` only; `X/file` allows that file only. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  accounts: [],
  agent: ['accounts', 'gateways/baileys-code', 'gateways/wa-state', 'gateways/jid', 'gateways/native-state'],
  health: ['accounts'],
  metrics: ['accounts', 'types of health'],
  gateways: ['accounts', 'types of health', 'tracing/span'],
  store: ['accounts', 'types of health', 'tracing/span'],
  discovery: ['accounts', 'types of gateways', 'gateways/account-options'],
  rules: ['metrics/catalogue', 'metrics/promql'],
  dashboards: ['accounts/vocabulary', 'metrics/catalogue', 'metrics/promql'],
  monitor: ['accounts', 'health', 'types of gateways', 'types of store', 'tracing/span'],
  notifications: ['accounts', 'health', 'metrics/catalogue', 'metrics/promql', 'types of store', 'tracing/span'],
  reports: ['accounts', 'health', 'metrics/catalogue', 'metrics/promql', 'types of store', 'tracing/span'],
  api: [
    'accounts',
    'health',
    'types of store',
    'types of monitor',
    'types of reports',
    'reports/report-schema',
    'types of notifications',
    'tracing/span',
  ],
  config: ['*/options'],
  simulator: ['types of accounts'],
  tracing: [],
}

/** Free for all parts, because they import nothing of ours. */
const COMMON = ['html.ts', 'log.ts', 'mongo-address.ts', 'nearest-word.ts', 'option-types.ts', 'version.ts']

/** Every heavy package has few homes. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  mongoose: ['store/', 'discovery/mongo-collection.ts'],
  'puppeteer-core': ['reports/pdf.ts'],
  nodemailer: ['reports/mail.ts'],
  'prom-client': ['metrics/process-metrics.ts'],
  'node-cron': ['reports/timetable.ts'],
  '@opentelemetry/api': ['tracing/open-telemetry.ts'],
  '@opentelemetry/core': ['tracing/open-telemetry.ts', 'tracing/pipeline.ts'],
  '@opentelemetry/exporter-trace-otlp-proto': ['tracing/open-telemetry.ts'],
  '@opentelemetry/resources': ['tracing/open-telemetry.ts'],
  '@opentelemetry/sdk-trace': ['tracing/open-telemetry.ts', 'tracing/pipeline.ts'],
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?([\s\S]*?)from\s+'([^']+)'/gm)
  return [...found].map(([, type, names = '', to = '']) => ({
    from: file,
    to,
    typeOnly:
      type !== undefined ||
      (/^\{[\s\S]*\}\s*$/.test(names.trim()) &&
        names
          .replace(/[{}\s]/g, '')
          .split(',')
          .filter(Boolean)
          .every((name) => name.startsWith('type'))),
  }))
}

function mayImport(part: string, target: string, typeOnly: boolean): boolean {
  const [targetPart = ''] = target.split('/')
  if (part === targetPart || COMMON.includes(target)) return true
  return (ALLOWED[part] ?? []).some((rule) => {
    if (rule === '*/options') return target.endsWith('/options.ts')
    if (rule.startsWith('types of ')) return typeOnly && targetPart === rule.slice('types of '.length)
    if (rule.includes('/')) return target === `${rule}.ts`
    return targetPart === rule
  })
}

const all = files.flatMap(importsOf)
const internal = all
  .filter(({ to }) => to.startsWith('.'))
  .map((one) => ({ ...one, target: relative(SRC, resolve(SRC, dirname(one.from), one.to)) }))

describe('imports between the parts', () => {
  test('follow the table', () => {
    const wrong = internal
      .filter(({ from }) => from.includes('/') && !from.startsWith('cli/'))
      .filter(({ from, target, typeOnly }) => !mayImport(from.split('/')[0] ?? '', target, typeOnly))
      .map(({ from, target, typeOnly }) => `src/${from} imports ${typeOnly ? 'types of ' : ''}src/${target}`)
    expect(wrong).toEqual([])
  })

  test('never leave src', () => {
    expect(
      internal.filter(({ target }) => target.startsWith('..')).map(({ from, to }) => `${from} imports ${to}`),
    ).toEqual([])
  })

  test('bring the composition root every part but the command line, the generators and the simulator', () => {
    const wrong = internal.filter(
      ({ from, target }) => from === 'service.ts' && /^(cli|dashboards|rules|simulator)\//.test(target),
    )
    expect(wrong.map(({ target }) => target)).toEqual([])
  })

  test('keep every heavy package in its home', () => {
    const strays = all
      .filter(({ to, from }) => to in HOMES && !(HOMES[to] ?? []).some((home) => from.startsWith(home)))
      .map(({ to, from }) => `src/${from} imports ${to}; its homes are src/${(HOMES[to] ?? []).join(' and src/')}`)
    expect(strays).toEqual([])
  })

  test('bring only packages that are installed with ours', () => {
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')))
    const packageOf = (to: string) => /^(?:@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to
    const missing = all
      // The boards are made when the product is: their generator is not in the package (tsconfig.build.json).
      .filter(({ from }) => !from.startsWith('dashboards/'))
      .filter(({ to, typeOnly }) => !typeOnly && !to.startsWith('.') && !to.startsWith('node:'))
      .filter(({ to }) => !Object.hasOwn(dependencies, packageOf(to)))
    expect(missing.map(({ from, to }) => `src/${from} imports ${to}, which package.json does not depend on`)).toEqual(
      [],
    )
  })

  test('are seen by this test at all', () => {
    expect(internal.length).toBeGreaterThan(50)
  })
})
