import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ACCOUNT_FAMILIES, EXPORTER_FAMILIES, GATEWAY_FAMILIES } from '../../src/metrics/catalogue.ts'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const read = (path: string) => readFileSync(path, 'utf8')
/** Names of others that look like metrics: a permission of Meta's, and the database in MongoDB. */
const NO_METRICS = ['whatsapp_business_management', 'whatsapp_exporter']
const prose = (text: string) => text.replace(/^```.*?^```$/gms, '')

interface Link {
  readonly page: string
  /** From the root of the repository. */
  readonly target: string
  readonly anchor: string
}

const LINKS: readonly Link[] = PAGES.flatMap((page) =>
  [...prose(read(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, target = '', anchor = '']) => ({
      page,
      target: target === '' ? page : relative('.', resolve(dirname(page), target)),
      anchor,
    }),
  ),
)

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(page: string): readonly string[] {
  return [...prose(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('the pages', () => {
  test('link only to what is there', () => {
    expect(LINKS.length).toBeGreaterThan(50)
    const broken = LINKS.filter(
      ({ target, anchor }) => !existsSync(target) || (anchor !== '' && !anchorsOf(target).includes(anchor)),
    )
    expect(broken.map(({ page, target, anchor }) => `${page}: ${target}#${anchor}`)).toEqual([])
  })

  test('are all reached from the README', () => {
    const reached = new Set(['README.md'])
    // A set that grows while it is walked is walked to its new end.
    for (const page of reached) {
      for (const { target } of LINKS.filter((link) => link.page === page && existsSync(link.target))) {
        if (target.endsWith('.md')) reached.add(target)
        else if (statSync(target).isDirectory())
          for (const name of readdirSync(target)) if (name.endsWith('.md')) reached.add(join(target, name))
      }
    }
    expect(PAGES.filter((page) => !reached.has(page))).toEqual(['CHANGELOG.md'])
  })

  test('name only metrics that exist', () => {
    const families = [ACCOUNT_FAMILIES, GATEWAY_FAMILIES, EXPORTER_FAMILIES].flatMap((part) => Object.values(part))
    const recorded = readdirSync('prometheus/rules').flatMap((file) =>
      [...read(join('prometheus/rules', file)).matchAll(/record: \w+:(\w+):/g)].map(([, metric = '']) => metric),
    )
    const known = new Set([
      ...families.flatMap(({ name, type }) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
      ...recorded,
      ...NO_METRICS,
    ])
    // `whatsapp_account_*` and `whatsapp_account_(a|b)` name several at once.
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/(?<![\w/])whatsapp_[a-z0-9_]*[a-z0-9](?![\w*{(])/g)].map(([name]) => ({ page, name })),
    )
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter(({ name }) => !known.has(name)).map(({ page, name }) => `${page}: ${name}`)).toEqual([])
  })

  test('name only files of ours that are there', () => {
    const named = PAGES.filter((page) => page !== 'CHANGELOG.md').flatMap((page) =>
      [...read(page).matchAll(/`((?:src|test|scripts|bench|docs|prometheus|alertmanager|grafana)\/[\w./-]*)`/g)].map(
        ([, path = '']) => ({ page, path }),
      ),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(({ path }) => !existsSync(path)).map(({ page, path }) => `${page}: ${path}`)).toEqual([])
  })

  test('of the architecture name every folder of src, and no other', () => {
    const named = [...read('docs/architecture.md').matchAll(/^\| `src\/([a-z]+)` \|/gm)].map(([, name]) => name)
    const folders = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.includes('/') && path.endsWith('.ts'))
      .map((path) => path.split('/')[0])
    expect(named.toSorted()).toEqual([...new Set(folders)].toSorted())
  })
})

describe('the Makefile', () => {
  const makefile = read('Makefile')
  const helped = [...makefile.matchAll(/^([a-z-]+):[^\n]*## ./gm)].map(([, name = '']) => name)

  test('helps with every target', () => {
    const targets = /^\.PHONY: (.+)$/m.exec(makefile)?.[1]?.split(' ') ?? []
    expect(helped.toSorted()).toEqual(targets.toSorted())
  })

  test('has every target that a page names', () => {
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/(?:`|^)make ([a-z-]+)/gm)].map(([, target = '']) => ({ page, target })),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(({ target }) => !helped.includes(target))).toEqual([])
  })
})
