import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { DASHBOARD_FILES, renderDashboard } from '../../src/dashboards/dashboard-files.ts'
import { type BoardLink, isAlert } from '../../src/rules/rule.ts'
import { RULE_FILES } from '../../src/rules/rule-files.ts'
import { BOARDS, type BoardJson, panelsOf } from './board-json.ts'

const named = BOARDS.map((board) => [board.uid, board] as const)

describe('the files in grafana/dashboards', () => {
  test.each(DASHBOARD_FILES)('$name is what the generator writes', (file) => {
    expect(readFileSync(join('grafana/dashboards', file.name), 'utf8')).toBe(renderDashboard(file))
  })

  test('are those of the generator, and no other', () => {
    expect(readdirSync('grafana/dashboards').toSorted()).toEqual(DASHBOARD_FILES.map(({ name }) => name).toSorted())
  })

  test('hold every board that an alert leads to, and docs/dashboards.md names each', () => {
    const uids = BOARDS.map(({ uid }) => uid)
    expect(uids.toSorted()).toEqual([
      'whatsapp-account',
      'whatsapp-exporter',
      'whatsapp-fleet',
      'whatsapp-gateway',
      'whatsapp-slo',
    ])
    const page = readFileSync('docs/dashboards.md', 'utf8')
    expect(uids.filter((uid) => !page.includes(`\`${uid}\``))).toEqual([])
  })
})

describe.each(named)('%s', (_, board) => {
  test('numbers its panels without repeating a number', () => {
    const ids = board.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('lays its panels out on 24 columns, without overlap and without holes in a line', () => {
    expect(overlaps(board)).toEqual([])
    expect(unevenLines(board)).toEqual([])
  })

  test('has a title, a description of a sentence and a unit on every panel, and no title twice', () => {
    const panels = panelsOf(board)
    expect(
      panels.filter(({ description }) => !/^[A-Z0-9].{15,}[.!?]$/s.test(description)).map(({ title }) => title),
    ).toEqual([])
    expect(panels.filter(({ fieldConfig }) => fieldConfig.defaults.unit === '').map(({ title }) => title)).toEqual([])
    const titles = panels.map(({ title }) => title)
    expect(titles.filter((title, index) => title === '' || titles.indexOf(title) !== index)).toEqual([])
  })

  test('asks the data source of its variable', () => {
    for (const { datasource, targets } of panelsOf(board)) {
      expect([datasource, ...targets.map((target) => target.datasource)]).toEqual(
        Array.from({ length: targets.length + 1 }, () => ({ type: 'prometheus', uid: '$datasource' })),
      )
    }
  })

  test('leads to each of the other boards with the time range and the variables, and to Account without an account', () => {
    const others = BOARDS.map(({ uid }) => uid).filter((uid) => uid !== board.uid)
    expect(board.links.map(({ url }) => /^\/d\/([\w-]+)/.exec(url)?.[1]).toSorted()).toEqual(others.toSorted())
    expect(board.links.filter(({ type, keepTime }) => type !== 'link' || !keepTime)).toEqual([])
    const toAccount = board.links.filter(({ includeVars }) => !includeVars).map(({ url }) => url)
    const kept = ['datasource', 'tenant', 'gateway'].filter((name) => variableNames(board).includes(name))
    const expected = `/d/whatsapp-account?${kept.map((name) => `\${${name}:queryparam}`).join('&')}`
    expect(toAccount).toEqual(board.uid === 'whatsapp-account' ? [] : [expected])
  })

  test('links only to boards and variables that are there', () => {
    for (const url of linksOf(board)) {
      const [, uid = '', query = ''] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? []
      const target = BOARDS.find((one) => one.uid === uid)
      expect(target, url).toBeDefined()
      const variables = [...query.matchAll(/var-(\w+)=/g)].map(([, name]) => name)
      expect(variables.length, url).toBeGreaterThan(0)
      for (const name of variables) expect(variableNames(target)).toContain(name)
      expect(query).toMatch(/^\$\{__url_time_range\}&/)
    }
  })
})

test('an alert passes only variables that its board has', () => {
  const links: BoardLink[] = RULE_FILES.flatMap(({ groups }) =>
    groups.flatMap(({ rules }) => rules.flatMap((rule) => (isAlert(rule) ? [rule.board] : []))),
  )
  expect(links.length).toBeGreaterThan(20)
  const missing = links.flatMap(({ uid, variables }) => {
    const board = BOARDS.find((one) => one.uid === uid)
    return variables.filter((name) => !variableNames(board).includes(name)).map((name) => `${uid}: ${name}`)
  })
  expect(missing).toEqual([])
})

test('the fleet asks again every ten seconds', () => {
  expect(BOARDS.find(({ uid }) => uid === 'whatsapp-fleet')?.refresh).toBe('10s')
})

test('each board marks what explains its curves', () => {
  const marks = Object.fromEntries(
    BOARDS.map(({ uid, annotations }) => [uid, annotations.list.map(({ name }) => name)]),
  )
  expect(marks).toEqual({
    'whatsapp-fleet': ['Gateway outages', 'Incidents', 'Recoveries', 'Maintenance', 'Exporter starts'],
    'whatsapp-account': ['Incidents', 'Recoveries', 'Maintenance', 'Exporter starts'],
    'whatsapp-gateway': ['Gateway outages', 'Maintenance', 'Exporter starts'],
    'whatsapp-slo': ['Incidents', 'Recoveries', 'Maintenance', 'Exporter starts'],
    'whatsapp-exporter': ['Exporter starts'],
  })
})

describe('grafana/provisioning', () => {
  const read = (path: string): unknown => parse(readFileSync(join('grafana/provisioning', path), 'utf8'))
  const Sources = z.object({
    apiVersion: z.literal(1),
    datasources: z.array(z.looseObject({ uid: z.string(), type: z.string(), url: z.string(), editable: z.boolean() })),
  })
  const Providers = z.object({
    apiVersion: z.literal(1),
    providers: z.array(z.looseObject({ allowUiUpdates: z.boolean(), options: z.looseObject({ path: z.string() }) })),
  })

  test('has Prometheus and Alertmanager under the uids that the boards expect, and nobody edits them', () => {
    const { datasources } = Sources.parse(read('datasources/whatsapp-exporter.yml'))
    expect(datasources.map(({ uid, type, editable }) => [uid, type, editable])).toEqual([
      ['prometheus', 'prometheus', false],
      ['alertmanager', 'alertmanager', false],
    ])
  })

  test('has the boards from a folder, and nobody changes them in the browser', () => {
    const { providers } = Providers.parse(read('dashboards/whatsapp-exporter.yml'))
    expect(providers.map(({ allowUiUpdates }) => allowUiUpdates)).toEqual([false])
  })

  test('reads no variable that make up does not set', () => {
    const text = ['datasources', 'dashboards'].map((folder) =>
      readFileSync(join('grafana/provisioning', folder, 'whatsapp-exporter.yml'), 'utf8'),
    )
    const asked = [...text.join('\n').matchAll(/: \$(\w+)$/gm)].map(([, name = '']) => name)
    expect(asked.toSorted()).toEqual(['ALERTMANAGER_URL', 'DASHBOARDS_PATH', 'PROMETHEUS_URL', 'SCRAPE_INTERVAL'])
    const set = readFileSync('scripts/stack/grafana.ts', 'utf8')
    expect(asked.filter((name) => !set.includes(`${name}:`))).toEqual([])
    expect(existsSync('grafana/dashboards')).toBe(true)
  })
})

function variableNames(board: BoardJson | undefined): readonly string[] {
  return board?.templating.list.map(({ name }) => name) ?? []
}

function linksOf(board: BoardJson): readonly string[] {
  const inColumns = z.array(z.looseObject({ url: z.string() }))
  return panelsOf(board).flatMap(({ fieldConfig: { defaults, overrides } }) => [
    ...defaults.links.map(({ url }) => url),
    ...overrides.flatMap(({ properties }) =>
      properties
        .filter(({ id }) => id === 'links')
        .flatMap(({ value }) => inColumns.parse(value).map(({ url }) => url)),
    ),
  ])
}

function overlaps({ panels }: BoardJson): readonly string[] {
  return panels.flatMap((one, index) =>
    panels
      .slice(index + 1)
      .filter(({ gridPos: b }) => {
        const a = one.gridPos
        return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
      })
      .map((other) => `${one.title} and ${other.title}`),
  )
}

/** Lines of panels that are not 24 columns wide, or whose panels differ in height. */
function unevenLines({ panels }: BoardJson): readonly string[] {
  const lines = Object.entries(Object.groupBy(panels, ({ gridPos }) => gridPos.y))
  return lines
    .filter(([, line = []]) => {
      const width = line.reduce((sum, { gridPos }) => sum + gridPos.w, 0)
      return width !== 24 || new Set(line.map(({ gridPos }) => gridPos.h)).size !== 1
    })
    .map(([, line = []]) => line.map(({ title }) => title).join(', '))
}
