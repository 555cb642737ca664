import { afterEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/check.ts'
import { recordingIo } from './transcript.ts'
import { watchedSimulator } from './watched-simulator.ts'

const SECRET = 'canary-secret'
const { simulator, folder, configure } = await watchedSimulator([
  { name: 'waha-1', dialect: 'waha', accounts: ['sales-01', 'billing-01'] },
  { name: 'linda', dialect: 'http', accounts: ['support-01'], apiKey: '' },
  { name: 'wpp', dialect: 'wppconnect', accounts: ['bot-01'], apiKey: SECRET },
])
const { control } = simulator
/** Cursor up, then erase to the end of the screen. */
const ERASE = new RegExp(`${String.fromCharCode(27)}\\[\\d+A\\r${String.fromCharCode(27)}\\[J`)

async function transcript(args: readonly string[] = [], signal = new AbortController().signal) {
  const io = recordingIo(folder)
  const code = await run(args, io, signal)
  // Times differ from run to run.
  const out = io.said.out.replaceAll(/\d+(?:\.\d+)? (?:ms|s)\b/g, '<time>')
  const err = io.said.err.replaceAll(/^warning: .*\n/gm, '')
  return { code, out, err, said: io.said }
}

/** What `--json` says of one account. */
async function verdict(account: string) {
  const { code, out } = await transcript([account, '--json'])
  return { code, ...JSON.parse(out).accounts[0] }
}

const ORIGINAL = { health: {}, recovery: {} }
afterEach(() => {
  for (const { key, gateway } of control.accounts()) {
    control.heal({ gateway })
    control.heal({ gateway, account: key.slice(gateway.length + 1) })
  }
  configure(ORIGINAL)
})

describe('a fleet that is fine', () => {
  test('ends with exit code 0 and one sentence', async () => {
    const { code, out, err } = await transcript(['--brief'])
    expect([code, err]).toEqual([0, ''])
    // How wide the column of the times is depends on the slowest of them.
    expect(out.replace(/(TIME|<time>) +/g, '$1  ')).toBe(
      [
        'ACCOUNT     GATEWAY  STATUS   STATE      REASON  TIME  REPLY',
        'sales-01    waha-1   healthy  connected  -       <time>  WORKING',
        'billing-01  waha-1   healthy  connected  -       <time>  WORKING',
        'support-01  linda    healthy  connected  -       <time>  connected',
        'bot-01      wpp      healthy  connected  -       <time>  CONNECTED',
        '4 accounts checked in <time>: all fine.',
        '',
      ].join('\n'),
    )
  })

  test('shows the request, the reply, the verdict and why, for each account', async () => {
    const { out } = await transcript(['support-01'])
    const { phone, name } = control.accounts().find(({ account }) => account === 'support-01') ?? {}
    expect(out.split('\n').slice(0, 6)).toEqual([
      `support-01, behind linda, ${phone}, ${name}`,
      `  request   GET ${simulator.gatewayUrl('linda')}/accounts/support-01 -> HTTP 200 after <time>`,
      '  reply     connected',
      '  verdict   healthy: connected',
      '  why       The account is usable.',
      '  recovery  There is nothing to repair.',
    ])
  })

  test('says where one request was for several accounts', async () => {
    const { out } = await transcript()
    expect(out).toContain(
      `GET ${simulator.gatewayUrl('waha-1')}/api/sessions?all=true -> HTTP 200 after <time> (one request for 2 accounts)`,
    )
  })

  test('shows no secret of a request', async () => {
    const { said } = await transcript(['bot-01'])
    expect(said.out).toMatch(/request {3}POST \S+\/wpp\/api\/bot-01\/<secret>\/generate-token -> HTTP 201/)
    expect(said.out + said.err).not.toContain(SECRET)
  })
})

describe('the accounts that are named', () => {
  const phone = control.accounts().find(({ account }) => account === 'sales-01')?.phone ?? ''

  test.each([
    ['by id', ['sales-01'], ['sales-01']],
    ['by gateway and id', ['waha-1/sales-01'], ['sales-01']],
    ['by phone number in any notation', [`+${phone.slice(0, 4)} ${phone.slice(4)}`], ['sales-01']],
    ['twice', ['sales-01', phone], ['sales-01']],
    ['several', ['support-01', 'sales-01'], ['support-01', 'sales-01']],
  ])('%s are the only ones', async (_name, args, accounts) => {
    const { code, out } = await transcript([...args, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out).accounts.map(({ account }: { account: string }) => account)).toEqual(accounts)
  })

  test('that do not exist are told with the nearest, and nothing is checked, exit code 2', async () => {
    expect(await transcript(['sales-1', 'nobody', 'support-01'])).toMatchObject({
      code: 2,
      out: '',
      err:
        '"sales-1" is no account, phone number or gateway/account. Did you mean "sales-01"?\n' +
        '"nobody" is no account, phone number or gateway/account. whatsapp-exporter accounts lists them\n',
    })
  })
})

describe('an account that is not fine', () => {
  test.each([
    [
      'logged out',
      { fault: 'qr' },
      { status: 'warning', state: 'awaiting_auth', fault: 'account' },
      'No restart: a person must act: scan the QR code or pair again.',
    ],
    [
      'disconnected',
      { fault: 'disconnected' },
      { status: 'warning', state: 'disconnected', fault: 'account' },
      'The exporter restarts it after 3 bad checks in a row.',
    ],
    [
      'stuck in connecting',
      { fault: 'stuck_connecting' },
      { status: 'warning', state: 'connecting', fault: 'account' },
      'No restart: it is connecting, which may still take a while.',
    ],
  ] as const)('%s: whose fault it is, and what recovery does', async (_name, fault, expected, recovery) => {
    control.inject({ account: 'linda/support-01', ...fault })
    expect(await verdict('support-01')).toMatchObject({ code: 1, fine: false, ...expected, recovery })
  })

  test('that gets no answer while its gateway answers for others is at fault itself', async () => {
    const url = simulator.gatewayUrl('waha-1')
    const accounts = [{ account: 'sales-01' }]
    configure({
      gateways: [{ name: 'waha-1', driver: 'waha', url, auth: { apiKey: 'demo-key' }, discover: true, accounts }],
    })
    control.inject({ account: 'waha-1/sales-01', fault: 'check_error' })
    expect(await verdict('sales-01')).toMatchObject({
      code: 1,
      state: 'disconnected',
      reason: 'network',
      fault: 'account',
      recovery: 'The exporter restarts it after 3 bad checks in a row.',
      requests: [{ status: 500, code: 'server_error' }],
    })
  })

  test('comes last, and counts in the summary', async () => {
    control.inject({ account: 'waha-1/sales-01', fault: 'qr' })
    const { code, out } = await transcript(['--brief'])
    expect(code).toBe(1)
    expect(out.trimEnd().split('\n').slice(-2)).toEqual([
      expect.stringMatching(/^sales-01 +waha-1 +warning +awaiting_auth /),
      '4 accounts checked in <time>: 3 fine, 1 not.',
    ])
  })

  test('stopped on purpose is no fault, exit code 0', async () => {
    control.inject({ account: 'linda/support-01', fault: 'stopped' })
    expect(await verdict('support-01')).toMatchObject({ code: 0, fine: true, state: 'stopped', fault: 'nobody' })
  })

  test.each([
    ['off', 'No restart: recovery.mode is off.'],
    ['dry-run', 'The exporter would restart it at once, but recovery.mode is dry-run.'],
    ['on', 'The exporter restarts it at once.'],
  ])('is never restarted by a check; with recovery.mode %s it says what the exporter does', async (mode, recovery) => {
    configure({ health: { unhealthyAfter: 1 }, recovery: { mode } })
    control.inject({ account: 'linda/support-01', fault: 'disconnected' })
    expect(await verdict('support-01')).toMatchObject({ code: 1, status: 'unhealthy', recovery })
    expect(control.accounts().map(({ restartRequests }) => restartRequests)).toEqual([0, 0, 0, 0])
  })
})

describe('a gateway that is not fine', () => {
  const named = {
    gateways: [
      {
        name: 'linda',
        driver: 'http',
        url: simulator.gatewayUrl('linda'),
        discover: true,
        accounts: [{ account: 'support-01' }],
      },
    ],
  }

  test('answers with an error: its fault, and its accounts are down with it', async () => {
    configure(named)
    control.inject({ gateway: 'linda', fault: 'server_error' })
    expect(await verdict('support-01')).toMatchObject({
      code: 1,
      state: 'disconnected',
      reason: 'gateway_down',
      fault: 'gateway',
      recovery: 'No restart: its gateway is down.',
    })
  })

  test('refuses us: nothing is said of its accounts', async () => {
    configure(named)
    control.inject({ gateway: 'linda', fault: 'unauthorized' })
    expect(await verdict('support-01')).toMatchObject({
      code: 1,
      status: 'unknown',
      state: 'unknown',
      reason: 'unauthorized',
      fault: 'gateway',
      recovery: 'No restart: the account cannot be seen now.',
    })
  })

  test('does not answer, and neither does the uplink: nobody can tell', async () => {
    configure({ ...named, checks: { uplink: ['127.0.0.1:1'], timeout: '500ms' } })
    control.inject({ gateway: 'linda', fault: 'hang' })
    expect(await verdict('support-01')).toMatchObject({ code: 1, status: 'unknown', fault: 'exporter' })
  })

  test('cannot list: the reason goes to stderr, the others are checked, exit code 1', async () => {
    control.inject({ gateway: 'linda', fault: 'server_error' })
    const { code, out, err } = await transcript(['--brief'])
    expect(code).toBe(1)
    expect(out).toContain('3 accounts checked in <time>: all fine.\n')
    expect(err).toMatch(/^linda: GET \S+ failed inside the gateway \(500\)/)
  })
})

describe('--json', () => {
  test('gives programs the same', async () => {
    const { out } = await transcript(['support-01', '--json'])
    const document = JSON.parse(out.replaceAll('<time>', ''))
    expect(document).toMatchObject({ fine: true, failed: [], unmapped: [] })
    expect(document.accounts).toEqual([
      {
        account: 'support-01',
        gateway: 'linda',
        phone: expect.stringMatching(/^\d+$/),
        name: expect.any(String),
        status: 'healthy',
        state: 'connected',
        reason: null,
        fine: true,
        fault: 'nobody',
        why: 'The account is usable.',
        recovery: 'There is nothing to repair.',
        native: 'connected',
        durationMs: expect.any(Number),
        error: null,
        maintenance: null,
        requests: [
          {
            method: 'GET',
            url: `${simulator.gatewayUrl('linda')}/accounts/support-01`,
            status: 200,
            code: null,
            durationMs: expect.any(Number),
          },
        ],
      },
    ])
  })
})

test('an interrupt ends it, exit code 1', async () => {
  control.inject({ account: 'linda/support-01', fault: 'check_hang' })
  const { code, out, err } = await transcript(['support-01'], AbortSignal.timeout(400))
  expect([code, out, err]).toEqual([1, '', 'Interrupted before every check had ended.\n'])
})

test('on a terminal it takes its live table away before it tells the result', async () => {
  control.inject({ gateway: 'linda', fault: 'slow', delayMs: 400 })
  const io = recordingIo(folder)
  const stdout = { ...io.stdout, isTTY: true, columns: 60, rows: 10 }
  await run(['--brief'], { ...io, stdout }, new AbortController().signal)
  const pictures = io.said.out.split(ERASE)
  expect(pictures.length).toBeGreaterThan(2)
  expect(pictures[0]).toMatch(/\[\.+\] 0 of 4 checked/)
  expect(pictures.at(-1)).toMatch(/^ACCOUNT .*REPLY\n/)
  for (const picture of pictures.slice(0, -1)) {
    const lines = picture.trimEnd().split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60)
    expect(lines.length).toBeLessThan(10)
  }
})
