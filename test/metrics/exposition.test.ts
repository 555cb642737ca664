import { setImmediate as nextTurn } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { accountKey } from '../../src/accounts/account.ts'
import { REASONS, STATES, STATUSES } from '../../src/accounts/vocabulary.ts'
import { ACCOUNT_FAMILIES, GATEWAY_FAMILIES } from '../../src/metrics/catalogue.ts'
import { createExposition } from '../../src/metrics/exposition.ts'
import { aHealth, anAccount, NO_COUNTS } from './fleet.ts'
import { type Family, parsePage } from './parse-page.ts'
import { seededRandom } from './random.ts'
import { fleetText } from './scrape.ts'

const EXTRA = { inMaintenance: false, budgetLeft: 5 }
const now = () => 1_760_000_616_000

function exposition(options: Partial<Parameters<typeof createExposition>[0]> = {}) {
  return createExposition({ now, ...options })
}

function smallFleet() {
  const fleet = exposition()
  fleet.gateways.set({ name: 'waha-1', driver: 'waha', up: true, accounts: 2, breakerOpen: false })
  fleet.gateways.set({ name: 'cloud', driver: 'cloud-api', up: null, accounts: 1, breakerOpen: true })
  for (const seconds of [0.004, 0.005, 0.3, 12]) fleet.gateways.observe('waha-1', seconds)
  fleet.gateways.error('waha-1', 'timeout')
  fleet.gateways.unmapped('cloud')
  fleet.accounts.set(anAccount(), 'waha', aHealth(), EXTRA)
  const down = anAccount({ account: 'sales-02', phone: null, name: null, labels: {}, objective: 0.999 })
  const incident = {
    id: 'x',
    key: down.key,
    account: down.account,
    gateway: down.gateway,
    startMs: 1_760_000_500_000,
    detectedMs: 1_760_000_530_000,
    endMs: null,
    cause: 'network',
    state: 'disconnected',
    downtimeMs: 0,
    attempts: 1,
    resolution: null,
  } as const
  fleet.accounts.set(
    down,
    'waha',
    aHealth({
      status: 'unhealthy',
      state: 'disconnected',
      reason: 'network',
      consecutiveSuccesses: 0,
      consecutiveFailures: 8,
      incident,
    }),
    { inMaintenance: true, budgetLeft: 0 },
  )
  const evidence = { lastActivityAtMs: 1_760_000_600_123, qualityRating: 3, messagingLimit: Number.POSITIVE_INFINITY }
  fleet.accounts.set(anAccount({ account: 'shop', gateway: 'cloud' }), 'cloud-api', aHealth({ evidence }), EXTRA)
  return fleet
}

function sampleOf(families: Map<string, Family>, name: string, account: string): number | undefined {
  return families.get(name)?.samples.find(({ labels }) => labels['account'] === account)?.value
}

test.each(['text', 'openmetrics'] as const)('the %s page of a small fleet is the golden one', async (format) => {
  await expect(await fleetText(smallFleet(), format)).toMatchFileSnapshot(`golden/fleet.${format}`)
})

test.each(['text', 'openmetrics'] as const)(
  'every family of the catalogue is on the %s page, and no other',
  async (format) => {
    const page = await fleetText(smallFleet(), format)
    const names = [...parsePage(format === 'text' ? page : `${page}# EOF\n`, format)].map(([name, { type }]) =>
      format === 'text' ? name : `${name}${type === 'counter' ? '_total' : type === 'info' ? '_info' : ''}`,
    )
    const catalogue = [...Object.values(GATEWAY_FAMILIES), ...Object.values(ACCOUNT_FAMILIES)].map(({ name }) => name)
    expect(names.toSorted()).toEqual(catalogue.toSorted())
  },
)

test('both formats say the same values', async () => {
  const fleet = smallFleet()
  const [text, openMetrics] = [await fleetText(fleet, 'text'), await fleetText(fleet, 'openmetrics')]
  const samples = (page: string) =>
    page
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/le="(\d+)\.0"/, 'le="$1"'))
  expect(samples(openMetrics)).toEqual(samples(text))
})

test('an OpenMetrics read between two text reads changes nothing', async () => {
  const fleet = smallFleet()
  const before = await fleetText(fleet, 'text')
  await fleetText(fleet, 'openmetrics')
  expect(await fleetText(fleet, 'text')).toBe(before)
})

test.each([
  ['unknown', 'unknown', 0, undefined],
  ['unknown', 'stopped', 0, undefined],
  ['healthy', 'connected', 4, 1],
  ['warning', 'degraded', 1, 1],
  ['warning', 'disconnected', 0, 0],
  ['unhealthy', 'connecting', 0, 0],
] as const)(
  'status %s, state %s, %i good checks in a row: up is %s',
  async (status, state, consecutiveSuccesses, up) => {
    const fleet = exposition()
    fleet.accounts.set(anAccount(), 'waha', aHealth({ status, state, consecutiveSuccesses }), EXTRA)
    const families = parsePage(await fleetText(fleet), 'text')
    expect(sampleOf(families, 'whatsapp_account_up', 'sales-01')).toBe(up)
  },
)

test('an account that was never checked has its counters at 0 and no duration', async () => {
  const fleet = exposition()
  const fresh = aHealth({
    status: 'unknown',
    state: 'unknown',
    lastCheckMs: null,
    lastSuccessMs: null,
    lastDurationMs: null,
    counters: NO_COUNTS,
  })
  fleet.accounts.set(anAccount(), 'waha', fresh, EXTRA)
  const families = parsePage(await fleetText(fleet), 'text')
  expect(sampleOf(families, 'whatsapp_account_checks_total', 'sales-01')).toBe(0)
  expect(sampleOf(families, 'whatsapp_account_last_check_timestamp_seconds', 'sales-01')).toBe(0)
  expect(families.has('whatsapp_account_check_duration_seconds')).toBe(false)
})

test('a value that is not a number is left out, not printed', async () => {
  const fleet = exposition()
  fleet.accounts.set(anAccount(), 'waha', aHealth({ lastDurationMs: Number.NaN, stateSinceMs: Number.NaN }), EXTRA)
  expect(await fleetText(fleet)).not.toMatch(/NaN|state_since/)
})

test('a closed incident has no start', async () => {
  const fleet = smallFleet()
  fleet.accounts.set(anAccount({ account: 'sales-02' }), 'waha', aHealth(), EXTRA)
  expect(await fleetText(fleet)).not.toContain('incident_start')
})

test('statesets have exactly one 1 in a fleet of random health', async () => {
  const random = seededRandom(11)
  const pick = <T>(words: readonly T[]): T => words[Math.floor(random() * words.length)] as T // index is below the length
  const fleet = exposition()
  for (let index = 0; index < 200; index++) {
    const health = aHealth({ state: pick(STATES), status: pick(STATUSES), reason: pick([...REASONS, null]) })
    fleet.accounts.set(anAccount({ account: `a${index}` }), 'waha', health, EXTRA)
  }
  const families = parsePage(await fleetText(fleet), 'text')
  for (const name of [ACCOUNT_FAMILIES.state.name, ACCOUNT_FAMILIES.status.name]) {
    const sums = Map.groupBy(families.get(name)?.samples ?? [], ({ labels }) => labels['account'])
    expect(sums.size).toBe(200)
    for (const samples of sums.values())
      expect(
        samples
          .map(({ value }) => value)
          .toSorted()
          .join(''),
      ).toMatch(/^0+1$/)
  }
})

const HARD_TEXT = [
  ',',
  '"',
  '\\',
  '\n',
  '|',
  '{',
  '}',
  '=',
  ' ',
  'a',
  'n',
  'é',
  '😀',
  '\ud83d',
  '\ude00',
  '\ufffd',
  '\0',
  '\r',
  '\u2028',
]

test('no two accounts merge, and labels read back as they were, whatever their ids hold', async () => {
  const random = seededRandom(23)
  const word = () =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => HARD_TEXT[Math.floor(random() * HARD_TEXT.length)]).join(
      '',
    )
  const fleet = exposition()
  const pairs = new Map(
    Array.from({ length: 3000 }, () => [word(), word()] as const).map((pair) => [JSON.stringify(pair), pair]),
  )
  for (const [key, [account, gateway]] of pairs) {
    fleet.accounts.set(
      anAccount({ key, account, gateway, labels: { team: word() }, name: word() }),
      'waha',
      aHealth(),
      EXTRA,
    )
  }
  const samples = parsePage(await fleetText(fleet), 'text').get('whatsapp_account_info')?.samples ?? []
  const read = new Set(samples.map(({ labels }) => JSON.stringify([labels['account'], labels['gateway']])))
  expect(read.size).toBe(pairs.size)
  const holdable = [...pairs.values()].filter((pair) =>
    pair.every((text) => text.isWellFormed() && !/[\0\ufffd]/.test(text)),
  )
  expect(holdable.length).toBeGreaterThan(500)
  for (const pair of holdable) expect(read).toContain(JSON.stringify(pair))
})

test('label values that would collide in a joined key stay two series', async () => {
  const fleet = exposition()
  fleet.accounts.set(anAccount({ account: 'x,gateway:y', gateway: 'z' }), 'waha', aHealth(), EXTRA)
  fleet.accounts.set(anAccount({ account: 'x', gateway: 'y,gateway:z' }), 'waha', aHealth(), EXTRA)
  expect(parsePage(await fleetText(fleet), 'text').get('whatsapp_account_up')?.samples).toHaveLength(2)
})

test('a name of 10 000 characters comes through whole', async () => {
  const fleet = exposition()
  const name = '😀"'.repeat(5000)
  fleet.accounts.set(anAccount({ name }), 'waha', aHealth(), EXTRA)
  const [info] = parsePage(await fleetText(fleet), 'text').get('whatsapp_account_info')?.samples ?? []
  expect(info?.labels['name']).toBe(name)
})

test('an operator label with a bad or reserved name is left out rather than breaking the page', async () => {
  const fleet = exposition()
  const labels = { 'a-b': '1', __meta: '2', state: '3', '': '4', team: 'sales', 'x"} 1\ny{z': '5' }
  fleet.accounts.set(anAccount({ labels }), 'waha', aHealth(), EXTRA)
  const [sample] = parsePage(await fleetText(fleet), 'text').get('whatsapp_account_up')?.samples ?? []
  expect(sample?.labels).toEqual({ account: 'sales-01', gateway: 'waha-1', team: 'sales' })
})

test('phone numbers appear as privacy says', async () => {
  const fleet = exposition({ showPhone: (phone) => `…${phone.slice(-2)}` })
  fleet.accounts.set(anAccount(), 'waha', aHealth(), EXTRA)
  const page = await fleetText(fleet)
  expect(page).toContain('phone="…56"')
  expect(page).not.toContain('971505760056')
})

test('a new account object brings new labels; the same object keeps its series', async () => {
  const fleet = exposition()
  fleet.accounts.set(anAccount({ name: 'Old' }), 'waha', aHealth(), EXTRA)
  fleet.accounts.set(anAccount({ name: 'New' }), 'waha', aHealth(), EXTRA)
  const infos = parsePage(await fleetText(fleet), 'text').get('whatsapp_account_info')?.samples ?? []
  expect(infos.map(({ labels }) => labels['name'])).toEqual(['New'])
})

test('a removed account leaves the page, and its row carries nothing into the next account', async () => {
  const fleet = exposition()
  const first = anAccount({ account: 'first' })
  fleet.accounts.set(first, 'waha', aHealth({ reason: 'slow', evidence: { qualityRating: 3 } }), EXTRA)
  fleet.accounts.set(anAccount({ account: 'kept' }), 'waha', aHealth(), EXTRA)
  fleet.accounts.remove(first.key)
  fleet.accounts.remove('nobody/knows')
  expect(await fleetText(fleet)).not.toContain('"first"')
  fleet.accounts.set(anAccount({ account: 'second' }), 'waha', aHealth(), EXTRA)
  const page = await fleetText(fleet)
  expect(fleet.accounts.size).toBe(2)
  expect(page).toContain('account="second"')
  expect(page).not.toMatch(/quality_rating|whatsapp_account_reason/)
})

test('a gateway that is removed leaves the page; counts of one that is not yet known wait for it', async () => {
  const fleet = exposition()
  fleet.gateways.error('late', 'timeout')
  fleet.gateways.observe('late', Number.NaN)
  expect(await fleetText(fleet)).toBe('')
  fleet.gateways.set({ name: 'late', driver: 'http', up: false, accounts: 0, breakerOpen: false })
  const errors = parsePage(await fleetText(fleet), 'text').get('whatsapp_gateway_check_errors_total')?.samples ?? []
  expect(errors.find(({ labels }) => labels['code'] === 'timeout')?.value).toBe(1)
  fleet.gateways.remove('late')
  expect(await fleetText(fleet)).toBe('')
})

/** A fleet large enough that its render pauses many times; every look at the clock ends a slice. */
function slicedFleet(accounts: number) {
  let tick = 0
  const fleet = exposition({ monotonicMs: () => ++tick, sliceMs: 1 })
  const members = Array.from({ length: accounts }, (_, index) => anAccount({ account: `a${index}` }))
  const setAll = (checks: number) => {
    for (const account of members) {
      fleet.accounts.set(account, 'waha', aHealth({ counters: { ...aHealth().counters, checks } }), EXTRA)
    }
  }
  return { fleet, members, setAll }
}

const checksOn = (page: string) =>
  new Set(
    parsePage(page, 'text')
      .get('whatsapp_account_checks_total')
      ?.samples.map(({ value }) => value),
  )

test('a page shows one moment, though values change between the slices of its render', async () => {
  const { fleet, members, setAll } = slicedFleet(500)
  setAll(1)
  const first = fleet.page('text', false)
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  setAll(2)
  for (const { key } of members.slice(0, 250)) fleet.accounts.remove(key)
  const page = await first
  const families = parsePage(page.body.toString(), 'text')
  page.release()
  expect(checksOn(page.body.toString())).toEqual(new Set([1]))
  for (const name of ['whatsapp_account_info', 'whatsapp_account_up'])
    expect(families.get(name)?.samples).toHaveLength(500)
})

test('a page that a slow reader holds stays as it is while later pages are rendered', async () => {
  const { fleet, setAll } = slicedFleet(100)
  setAll(1)
  const held = await fleet.page('text', false)
  const before = held.body.toString()
  for (let cycle = 2; cycle < 8; cycle++) {
    setAll(cycle)
    await fleet.render()
    const latest = await fleet.page('text', false)
    expect(checksOn(latest.body.toString())).toEqual(new Set([cycle]))
    latest.release()
  }
  expect(held.body.toString()).toBe(before)
  held.release()
})

test('slow readers cannot stop the render: the one who would take the last buffer is refused until another lets go', async () => {
  const { fleet, setAll } = slicedFleet(10)
  const held = []
  for (let cycle = 1; cycle <= 2; cycle++) {
    setAll(cycle)
    await fleet.render()
    held.push(await fleet.page('text', false))
  }
  setAll(3)
  await fleet.render()
  await expect(fleet.page('text', false)).rejects.toThrow(/2 earlier pages are still being read/)
  const compressed = await fleet.page('text', true)
  compressed.release()
  held[0]?.release()
  held[0]?.release()
  const latest = await fleet.page('text', false)
  expect(checksOn(latest.body.toString())).toEqual(new Set([3]))
})

test('the compressed page is the same page', async () => {
  const fleet = smallFleet()
  const [plain, compressed] = [await fleet.page('text', false), await fleet.page('text', true)]
  expect(gunzipSync(compressed.body)).toEqual(plain.body)
  await fleet.render()
  const next = await fleet.page('text', true)
  expect(gunzipSync(next.body)).toEqual(plain.body)
  plain.release()
})

test('a render that fails is told to its caller, keeps the last page and does not stop the next render', async () => {
  let broken = false
  let clock = 0
  const fleet = exposition({
    monotonicMs: () => {
      if (broken) throw new Error('no clock')
      return ++clock
    },
  })
  fleet.accounts.set(anAccount(), 'waha', aHealth(), EXTRA)
  const before = await fleetText(fleet)
  broken = true
  const [running, queued] = [fleet.render(), fleet.render()]
  await expect(running).rejects.toThrow('no clock')
  await expect(queued).rejects.toThrow('no clock')
  const kept = await fleet.page('text', false)
  expect(kept.body.toString()).toBe(before)
  kept.release()
  broken = false
  fleet.accounts.remove(anAccount().key)
  expect(await fleetText(fleet)).toBe('')
})

test('renders that are asked for during a render share the next one, which sees everything set before', async () => {
  const { fleet, setAll } = slicedFleet(200)
  setAll(1)
  ;(await fleet.page('text', false)).release()
  const running = fleet.render()
  setAll(2)
  const [second, third] = [fleet.render(), fleet.render()]
  expect(second).toBe(third)
  expect(second).not.toBe(running)
  await second
  const page = await fleet.page('text', false)
  expect(checksOn(page.body.toString())).toEqual(new Set([2]))
  page.release()
})

test('a format that nobody asks for is given up after five minutes and comes back when it is asked for', async () => {
  let nowMs = 1_760_000_000_000
  const fleet = createExposition({ now: () => nowMs })
  fleet.accounts.set(anAccount(), 'waha', aHealth(), EXTRA)
  await fleet.render()
  expect(fleet.renderedAtMs).toBeNull()
  const first = await fleet.page('openmetrics', true)
  nowMs += 299_999
  await fleet.render()
  expect(fleet.renderedAtMs).toBe(nowMs)
  nowMs += 300_001
  await fleet.render()
  expect(fleet.renderedAtMs).toBeNull()
  const again = await fleet.page('openmetrics', true)
  expect(again.renderedAtMs).toBe(nowMs)
  expect(again.body).toEqual(first.body)
})

test('accounts that join grow the page', async () => {
  const fleet = exposition()
  for (const size of [1, 70, 300]) {
    for (let index = 0; index < size; index++) {
      fleet.accounts.set(
        anAccount({ key: accountKey('g', `a${index}`), account: `a${index}` }),
        'waha',
        aHealth(),
        EXTRA,
      )
    }
    expect(parsePage(await fleetText(fleet), 'text').get('whatsapp_account_up')?.samples).toHaveLength(size)
  }
})
