import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { GatewayOptions, GatewaysOptions } from '../../src/gateways/options.ts'
import { Secret } from '../../src/option-types.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-options-'))
afterAll(() => rmSync(folder, { recursive: true }))

const waha = { name: 'waha-1', driver: 'waha', url: 'http://127.0.0.1:3000' }

/** Every fault of an entry, as `path: message`. */
function faults(entry: unknown, schema: z.ZodType = GatewayOptions): string[] {
  const parsed = schema.safeParse(entry)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('an entry of gateways', () => {
  test('needs name, driver and url; the rest has defaults', () => {
    const { connections, discover, accounts, labels } = GatewayOptions.parse(waha)
    expect({ connections, discover, accounts, labels }).toEqual({
      connections: 64,
      discover: true,
      accounts: [],
      labels: {},
    })
  })

  test('of a bot lists its accounts by hand unless it says otherwise', () => {
    const options = GatewayOptions.parse({ ...waha, driver: 'http', accounts: [{ account: 'sales-01' }] })
    expect(options).toMatchObject({
      discover: false,
      paths: { list: '/accounts', state: '/accounts/{account}', restart: '/accounts/{account}/restart' },
      map: { items: '', account: '/account', state: '/state', states: {} },
    })
  })

  test('holds durations as milliseconds', () => {
    expect(GatewayOptions.parse({ ...waha, timeout: '2s', staleAfter: '1h30m' })).toMatchObject({
      timeout: 2_000,
      staleAfter: 5_400_000,
    })
  })

  const wrong: Record<string, [object, string]> = {
    'with a slash in its name is refused': [{ ...waha, name: 'a/b' }, 'name: must be 1 to 63 of a-z 0-9 . _ -'],
    'of an unknown driver is refused': [{ ...waha, driver: 'telegram' }, 'driver: '],
    'with a url without scheme is refused': [{ ...waha, url: '127.0.0.1:3000' }, 'url: '],
    'with a password in its url is refused': [
      { ...waha, url: 'http://ops:pw@waha:3000' },
      'url: must not hold a user name',
    ],
    'with a key in its url is refused': [
      { ...waha, url: 'http://waha:3000?x-api-key=k' },
      'url: must not hold a query',
    ],
    'with no connection at all is refused': [{ ...waha, connections: 0 }, 'connections: '],
    'with an unknown key is refused': [{ ...waha, intervl: '1s' }, ': Unrecognized key'],
    'with an account twice is refused': [
      { ...waha, accounts: [{ account: 'a' }, { account: 'a' }] },
      'accounts.1.account: "a" is listed twice',
    ],
    'with both forms of a secret is refused': [{ ...waha, auth: { apiKey: 'x', apiKeyFile: '/dev/null' } }, 'auth'],
    'with an empty auth is refused': [{ ...waha, auth: {} }, 'auth: needs apiKey or apiKeyFile, exactly one of them'],
    'with a line break in a key is refused before a header has to carry it': [
      { ...waha, auth: { apiKey: 'two\nlines' } },
      'auth: apiKey holds a line break',
    ],
    'with a colon in the user name is refused': [
      { ...waha, driver: 'gowa', auth: { username: 'a:b', password: 'x' } },
      'auth.username: must not hold a colon',
    ],
    'of Evolution without a key is refused': [{ ...waha, driver: 'evolution' }, 'auth: '],
    'with a certificate file that is not there is refused': [
      { ...waha, tls: { caFile: '/nowhere/ca.pem' } },
      'tls.caFile: cannot be read',
    ],
    'with a state path without {account} is refused': [
      { ...waha, driver: 'http', discover: true, paths: { state: '/state' } },
      'paths.state: must hold {account}',
    ],
    'with a pointer without slash is refused': [
      { ...waha, driver: 'http', discover: true, map: { state: 'data.state' } },
      'map.state: must be a JSON pointer',
    ],
    'with a state of its own invention is refused': [
      { ...waha, driver: 'http', discover: true, map: { states: { UP: 'fine' } } },
      'map.states.UP: ',
    ],
    'of the Cloud API without its account is refused': [
      { name: 'meta', driver: 'cloud-api', auth: { accessToken: 'x' } },
      'wabaId: ',
    ],
  }
  test.each(Object.entries(wrong))('%s', (_name, [entry, fault]) => {
    expect(faults(entry).some((text) => text.startsWith(fault))).toBe(true)
  })
})

describe('accounts', () => {
  const withPhone = (phone: unknown) => ({ ...waha, accounts: [{ account: 'a', phone }] })

  test.each([
    ['digits', '971505760056'],
    ['a number, as YAML reads it without quotes', 971505760056],
    ['a plus sign and spaces', '+971 50 576 0056'],
    ['two zeros', '00971505760056'],
    ['dashes', '+971-50-576-0056'],
    ['dots', '+971.50.576.0056'],
    ['brackets', '+971 (50) 576 0056'],
    ['the national zero in brackets', '+971 (0)50 576 0056'],
    ['spaces that do not break', '+971\u00a050\u00a0576\u00a00056'],
    ['a line break behind it', '971505760056\n'],
    ['the direction marks of a contact list', '\u202a+971 50 576 0056\u202c'],
    ['a wide plus sign', '\uff0b971505760056'],
    ['Arabic digits', '+٩٧١٥٠٥٧٦٠٠٥٦'],
    ['the form of a link', 'tel:+971-50-576-0056'],
    ['the form of WhatsApp', '971505760056@s.whatsapp.net'],
    ['the form of a linked device', '971505760056:12@s.whatsapp.net'],
  ])('take a phone with %s', (_how, phone) => {
    expect(GatewayOptions.parse(withPhone(phone)).accounts[0]?.phone).toBe('971505760056')
  })

  test.each([
    ['050 576 0056'],
    ['12'],
    ['sales'],
    [''],
    ['971505760056123456'],
    [-971505760056],
    ['+971505760056; and more'],
    ['sales +971505760056'],
    ['+971505760056 ext. 5'],
    ['+1-800-FLOWERS'],
    ['011971505760056'],
    ['9.71505760056e11'],
    ['12036304-150@g.us'],
    ['971505760056@lid'],
  ])('refuse %s as a phone, with a hint', (phone) => {
    expect(faults(withPhone(phone))).toEqual([
      'accounts.0.phone: must be a phone number with its country code, for example "971505760056"',
    ])
  })

  test.each([
    ['an empty id', '', 'must not be empty'],
    ['an id of 257 characters', 'x'.repeat(257), 'must be at most 256 characters'],
    ['a line break in an id', 'a\nb', 'must not hold control characters'],
    ['half a character in an id', 'a\ud800', 'must not hold control characters'],
  ])('refuse %s', (_what, account, fault) => {
    expect(faults({ ...waha, accounts: [{ account }] }).join()).toContain(`accounts.0.account: ${fault}`)
  })

  test('may have an id in any script', () => {
    expect(faults({ ...waha, accounts: [{ account: 'продажи 01 / ops' }] })).toEqual([])
  })

  test.each([0, 1, 1.5, -1])('refuse %d as an objective', (objective) => {
    expect(faults({ ...waha, accounts: [{ account: 'a', objective }] })[0]).toContain('between 0 and 1')
  })
})

describe('gateways', () => {
  test('with one name twice are refused', () => {
    expect(faults([waha, { ...waha, url: 'http://127.0.0.1:3001' }], GatewaysOptions)).toEqual([
      '1.name: "waha-1" is the name of two gateways. Rename one of them',
    ])
  })

  test('report the faults of every entry at once', () => {
    expect(
      faults(
        [
          { ...waha, name: 'A' },
          { ...waha, name: 'b', connections: 0 },
        ],
        GatewaysOptions,
      ),
    ).toHaveLength(2)
  })

  test('have a JSON Schema for editors', () => {
    expect(() => z.toJSONSchema(GatewaysOptions, { io: 'input' })).not.toThrow()
  })
})

describe('a secret', () => {
  test('may come from a file, without its line break', () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'from-file\n')
    const options = GatewayOptions.parse({ ...waha, auth: { apiKeyFile: file } })
    const { auth } = options
    expect(auth instanceof Secret && auth.reveal()).toBe('from-file')
  })

  test.each([
    [{ ...waha, auth: { apiKey: 's3cr3t-canary' } }],
    [{ ...waha, driver: 'gowa', auth: { username: 'ops', password: 's3cr3t-canary' } }],
    [{ ...waha, driver: 'http', discover: true, auth: { bearerToken: 's3cr3t-canary' } }],
    [{ ...waha, driver: 'cloud-api', wabaId: '1', auth: { accessToken: 's3cr3t-canary' } }],
  ])('is in neither the text nor the JSON of the options', (entry) => {
    const options = GatewayOptions.parse(entry)
    expect(inspect(options, { depth: 9 }) + JSON.stringify(options)).not.toContain('s3cr3t-canary')
  })
})
