import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { GENERATED_FILES } from '../../scripts/generated-files.ts'
import { configJsonSchema, describedTexts } from '../../src/config/json-schema.ts'
import { loadConfig } from '../../src/config/load.ts'
import { optionRows } from '../../src/config/option-table.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const example = join(root, 'config.example.yml')

const ENVIRONMENT = {
  WAHA_API_KEY: 'key',
  SLACK_WEBHOOK_URL: 'https://hooks.example.org/x',
  SMTP_PASSWORD: 'password',
  TICKET_WEBHOOK_URL: 'https://tickets.example.org/x',
}

const validate = new Ajv2020({
  strict: true,
  validateFormats: false,
  strictTypes: false,
}).compile(JSON.parse(read('config.schema.json')))

describe('config.example.yml', () => {
  test('loads without fault or warning', () => {
    const loaded = loadConfig(example, ENVIRONMENT)
    expect(loaded).toMatchObject({ ok: true, warnings: [] })
  })

  test('is valid by the JSON Schema that editors use', () => {
    expect([validate(parse(read('config.example.yml'))), validate.errors]).toEqual([true, null])
  })

  test('shows every section', () => {
    expect(Object.keys(parse(read('config.example.yml'))).sort()).toEqual(
      Object.keys(configJsonSchema().properties ?? {}).sort(),
    )
  })
})

describe('config.schema.json', () => {
  test('refuses what the program refuses', () => {
    expect(validate({ gateways: [{ name: 'a', driver: 'waha', url: 'http://h', intervl: 1 }] })).toBe(false)
    expect(validate({ checks: {} })).toBe(false)
  })

  test('has defaults that it accepts itself', () => {
    const gateways = [{ name: 'a', driver: 'waha', url: 'http://h' }]
    const defaults = Object.entries(configJsonSchema().properties ?? {}).flatMap(([section, { default: preset }]) =>
      preset === undefined ? [] : [[section, preset]],
    )
    expect([validate({ ...Object.fromEntries(defaults), gateways }), validate.errors]).toEqual([true, null])
  })
})

describe('docs/configuration.md', () => {
  const docs = read('docs/configuration.md')
  const paths = optionRows().map(({ path }) => path)

  test('names every option', () => {
    expect(paths.filter((path) => path.includes('.') && !docs.includes(`\`${path}\``))).toEqual([])
  })

  test('names no option that does not exist', () => {
    const sections = new Set(paths.map((path) => path.split(/[.[]/)[0]))
    const named = [...docs.matchAll(/`([a-z][A-Za-z]*(?:\[\])?(?:\.[A-Za-z]+(?:\[\])?)+)`/g)].map(
      ([, path = '']) => path,
    )
    const ofOurs = named.filter((path) => sections.has(path.split(/[.[]/)[0]))
    expect(ofOurs.filter((path) => !paths.includes(path) && !['config.yml'].includes(path))).toEqual([])
  })

  test('says of every option what it means', () => {
    expect(
      optionRows()
        .filter(({ description }) => description === '')
        .map(({ path }) => path),
    ).toEqual([])
  })

  test('has examples that load', () => {
    const examples = [...docs.matchAll(/```yaml\n(gateways:[\s\S]*?)```/g)].map(([, text = '']) => text)
    expect(examples.length).toBeGreaterThan(0)
    for (const text of examples)
      expect(describedTexts(parse(text), configJsonSchema()).filter(({ node }) => node === undefined)).toEqual([])
  })
})

test.each(GENERATED_FILES.map((file) => [file.path, file] as const))(
  '%s is what the code generates',
  async (path, file) => {
    const current = read(path)
    expect(await file.render(current)).toBe(current)
  },
)
