import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { alertmanagerPart, prometheusPart } from '../../scripts/stack/parts.ts'
import { COMMANDS } from '../../src/cli/program.ts'
import { recordingIo } from '../cli/transcript.ts'

const Mount = z.strictObject({
  type: z.enum(['bind', 'volume']),
  source: z.string(),
  target: z.string().startsWith('/'),
  read_only: z.boolean().default(false),
  bind: z.strictObject({ create_host_path: z.literal(false) }).optional(),
})
const HealthCheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({
    test: z.tuple([z.literal('CMD')], z.string()),
    interval: z.string(),
    timeout: z.string(),
    start_period: z.string(),
    retries: z.int(),
  }),
])
const Dependency = z.strictObject({
  condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
  required: z.boolean().default(true),
})
/** Strict: a key that is misspelt here would be a fault of Compose as well. */
const Service = z.strictObject({
  image: z.string(),
  build: z.literal('.').optional(),
  profiles: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  env_file: z.array(z.strictObject({ path: z.literal('.env'), required: z.literal(false) })).default([]),
  user: z.string().optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  tmpfs: z.tuple([z.string().startsWith('/tmp:')]),
  restart: z.enum(['no', 'unless-stopped']),
  logging: z.strictObject({
    driver: z.literal('json-file'),
    options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
  }),
  network_mode: z.literal('none').optional(),
  extra_hosts: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
  depends_on: z.record(z.string(), Dependency).default({}),
  healthcheck: HealthCheck.optional(),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(Mount).default([]),
})
const Compose = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

const read = (path: string) => readFileSync(path, 'utf8')
const compose = Compose.parse(parse(read('docker-compose.yml'), { merge: true }))
const services = Object.entries(compose.services)
const manifest = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')))
const OWN_IMAGE = `whatsapp-exporter:${manifest.version}`
const own = services.filter(([, { image }]) => image === OWN_IMAGE)
const dockerfile = read('Dockerfile')
const variablesOf = (name: string) =>
  z.record(z.string(), z.string()).parse(parseEnv(read(`deploy/compose/${name}.env`)))
const demo = variablesOf('demo')
const DEMO_CONFIG = demo['CONFIG_FILE'] ?? ''
/** The files of variables that a user appends to the own ones, by the profile that they are for. */
const ADDITIONS = { tracing: variablesOf('tracing'), longterm: variablesOf('longterm') }

/** A text of the compose file as Compose reads it with these variables. */
function interpolated(text: string, variables: Readonly<Record<string, string>> = {}): string {
  return text.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_all, name: string, standard: string) => {
    const value = variables[name]
    return value === undefined || value === '' ? standard : value
  })
}

function serviceOf(name: string) {
  const service = compose.services[name]
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

/** The flags of a command line with their values. */
const flagsOf = (command: readonly string[]) =>
  new Map(command.filter((word) => word.startsWith('--')).map((word) => [word.split('=')[0], word.split('=')[1] ?? '']))

/** The port that a service listens on, as its command or its image says. */
const LISTENS: Readonly<Record<string, number>> = {
  exporter: 19_292,
  prometheus: 9_090,
  alertmanager: 9_093,
  grafana: 3_000,
  victoriametrics: 8_428,
  simulator: 19_300,
}

const folder = mkdtempSync(join(tmpdir(), 'compose-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the services and their profiles are those that docs/docker.md tells', () => {
  const told = [...read('docs/docker.md').matchAll(/^\| `([a-z-]+)` \| (?:profile `([a-z]+)`)?/gm)]
  expect(told.map(([, name, profile]) => [name, profile === undefined ? [] : [profile]])).toEqual(
    services.map(([name, { profiles }]) => [name, profiles]),
  )
})

describe.each(services)('%s', (name, service) => {
  test('has an image of a fixed version', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/)
    expect(service.build === undefined).toBe(service.image !== OWN_IMAGE)
  })

  test('does not run as root', () => {
    const user = service.user ?? /^USER (\S+)$/m.exec(dockerfile)?.[1]
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })

  test('publishes on the loopback address only, and the port that it listens on', () => {
    const published = service.ports.map((text) => /^127\.0\.0\.1:(\d+):(\d+)$/.exec(text)?.slice(1).map(Number))
    const port = LISTENS[name]
    expect(published).toEqual(port === undefined ? [] : [[port, port]])
  })

  test('mounts only what is there', () => {
    for (const { type, source, bind } of service.volumes) {
      if (type === 'volume') {
        expect(Object.keys(compose.volumes)).toContain(source)
        continue
      }
      // Without this, Docker makes an empty folder where a file is missing.
      expect(bind?.create_host_path).toBe(false)
      // A user has a config.yml; in the repository there is only the demo's.
      for (const variables of [demo, ...Object.values(ADDITIONS)]) {
        const path = interpolated(source, { CONFIG_FILE: DEMO_CONFIG, ...variables })
        expect(existsSync(path), path).toBe(true)
      }
    }
    const targets = service.volumes.map(({ target }) => target)
    expect(new Set(targets).size).toBe(targets.length)
  })

  test('waits only for services that it can wait for', () => {
    for (const [other, { condition, required }] of Object.entries(service.depends_on)) {
      const { profiles, restart, healthcheck, image } = serviceOf(other)
      // One that belongs to a profile may be absent.
      expect([other, required]).toEqual([other, profiles.length === 0])
      if (condition === 'service_completed_successfully') expect(restart).toBe('no')
      if (condition === 'service_healthy') expect(healthcheck ?? image).not.toEqual({ disable: true })
    }
  })

  test('has a health check, unless it runs once', () => {
    if (service.restart === 'no') expect(service.healthcheck).toEqual({ disable: true })
    else if (name === 'exporter') expect(dockerfile).toMatch(/^HEALTHCHECK /m)
    else expect(service.healthcheck).toHaveProperty('test')
  })

  test('names only secrets that are declared', () => {
    expect(service.secrets.filter((secret) => compose.secrets[secret] === undefined)).toEqual([])
  })
})

test('every volume is used, and one of each program is written by it alone', () => {
  const writers = services.flatMap(([name, { volumes }]) =>
    volumes.filter(({ type, read_only }) => type === 'volume' && !read_only).map(({ source }) => ({ name, source })),
  )
  // This one only makes the volume, before the other starts.
  const lasting = writers.filter(({ name }) => name !== 'longterm-volume')
  expect(lasting.map(({ source }) => source).toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
})

test('no secret is in the repository, and none would be committed', () => {
  for (const { file } of Object.values(compose.secrets)) expect(interpolated(file)).toMatch(/^\.\/secrets\//)
  expect(read('secrets/.gitignore')).toMatch(/^\*\n!\.gitignore\n/m)
  expect(read('.gitignore').split('\n')).toEqual(expect.arrayContaining(['/config.yml', '/.env']))
})

describe('the commands of the exporter', () => {
  const commands = own.filter(([, { command }]) => command[0] !== '--version')
  test.each(commands)('%s runs a command that exists, with options that exist', async (_name, { command }) => {
    const [first = '', ...args] = command
    const io = recordingIo('/')
    const entry = COMMANDS[first]
    expect(entry, first).toBeDefined()
    await (await entry?.load())?.run(['--help'], io, new AbortController().signal)
    const options = [...io.said.out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)
    expect([...flagsOf(args).keys()].filter((flag) => !options.includes(flag))).toEqual([])
    expect(args.filter((word) => !/^--[a-z-]+=\S+$/.test(word))).toEqual([])
  })

  test('reach each other by the names and ports of the services', () => {
    const addresses = own.flatMap(([, { command }]) =>
      command.flatMap((word) => /=(?:http:\/\/)?([a-z]+:\d+)$/.exec(word)?.[1] ?? []),
    )
    expect(addresses.length).toBeGreaterThan(5)
    const known = Object.entries(LISTENS).map(([name, port]) => `${name}:${port}`)
    expect(addresses.filter((address) => !known.includes(address))).toEqual([])
  })

  test('render, as it stands there, makes what the others are started with', async () => {
    const args = serviceOf('render')
      .command.slice(1)
      .map((word) => interpolated(word).replace('--out=/rendered', `--out=${folder}`))
    const io = recordingIo(resolve('.'))
    const { run } = await import('../../src/cli/render.ts')
    expect(await run([...args, `--config=${DEMO_CONFIG}`], io, new AbortController().signal)).toBe(0)
    const Jobs = z.object({
      rule_files: z.array(z.string()),
      scrape_configs: z.array(
        z.object({ job_name: z.string(), static_configs: z.array(z.object({ targets: z.array(z.string()) })) }),
      ),
    })
    const prometheus = Jobs.parse(parse(read(join(folder, 'prometheus.yml'))))
    expect(
      prometheus.scrape_configs.map(({ job_name, static_configs }) => [job_name, static_configs[0]?.targets]),
    ).toEqual([
      ['whatsapp-exporter', ['exporter:19292']],
      ['prometheus', ['prometheus:9090']],
      ['alertmanager', ['alertmanager:9093']],
    ])
    expect(prometheus.rule_files.filter((file) => !existsSync(join(folder, file)))).toEqual([])
    expect(read(join(folder, 'prometheus.yml'))).not.toContain('remote_write')
    const alertmanager = read(join(folder, 'alertmanager.yml'))
    expect(alertmanager).toContain('url: http://exporter:19292/api/alerts')
    expect(readdirSync(join(folder, 'templates'))).toEqual(readdirSync('alertmanager/templates'))
    // Nothing would reach a loopback address from within a container.
    expect(`${read(join(folder, 'prometheus.yml'))}${alertmanager}`).not.toMatch(/127\.0\.0\.1|localhost/)
    for (const name of ['prometheus', 'alertmanager']) {
      const file = flagsOf(serviceOf(name).command).get('--config.file') ?? ''
      expect(existsSync(file.replace('/rendered', folder)), file).toBe(true)
    }
  })
})

test.each([
  ['prometheus', prometheusPart],
  ['alertmanager', alertmanagerPart],
])('%s is started as make up starts it', (name, part) => {
  const place = { url: `http://127.0.0.1:${LISTENS[name]}`, program: name }
  const plan = {
    configPath: '',
    dataPath: '',
    renderedPath: '/rendered',
    exporterUrl: '',
    prometheus: place,
    alertmanager: place,
    grafanaUrl: '',
    simulator: null,
  }
  const inMakeUp = flagsOf(part(plan, place).args)
  const flags = flagsOf(serviceOf(name).command)
  expect([...flags.keys()].filter((flag) => !inMakeUp.has(flag))).toEqual([])
  for (const [flag, value] of flags)
    if (!flag?.endsWith('.path')) expect([flag, value]).toEqual([flag, inMakeUp.get(flag)])
  // Data goes into the volume, not into the layer of the container, which is read-only.
  const path = flags.get('--storage.path') ?? flags.get('--storage.tsdb.path')
  expect(serviceOf(name).volumes.map(({ target }) => target)).toContain(path)
})

describe('Grafana', () => {
  const grafana = serviceOf('grafana')
  const Sources = z.object({
    apiVersion: z.literal(1),
    datasources: z
      .array(
        z.object({ name: z.string(), uid: z.string(), type: z.string(), url: z.string(), editable: z.literal(false) }),
      )
      .default([]),
  })
  const sourceAt = (name: string, variables = {}) => {
    const target = `/etc/grafana/provisioning/datasources/${name}.yml`
    const mount = grafana.volumes.find((volume) => volume.target === target)
    return Sources.parse(parse(read(interpolated(mount?.source ?? '', variables))))
  }

  test('is given every variable that its provisioning names', () => {
    const files = grafana.volumes.flatMap(({ source }) =>
      source.startsWith('./grafana/provisioning/') ? [source] : [],
    )
    expect(files).toHaveLength(2)
    const named = files.flatMap((file) => [...read(file).matchAll(/(?<!\$)\$([A-Z_]+)/g)].map(([, name]) => name))
    expect(new Set(named)).toEqual(new Set(Object.keys(grafana.environment).filter((name) => !name.startsWith('GF_'))))
  })

  test('finds its boards where it is told that they are', () => {
    const boards = grafana.volumes.find(({ target }) => target === grafana.environment['DASHBOARDS_PATH'])
    const home = grafana.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? ''
    expect(existsSync(home.replace(boards?.target ?? '?', boards?.source ?? '?')), home).toBe(true)
  })

  test('lets nobody in without the password of its file', () => {
    expect(grafana.secrets).toEqual(['grafana-password'])
    expect(grafana.environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana-password',
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
    })
  })

  test('has one data source more with each profile, and none of them without', () => {
    expect([sourceAt('traces').datasources, sourceAt('longterm').datasources]).toEqual([[], []])
    const usual = sourceAt('whatsapp-exporter').datasources.map(({ uid }) => uid)
    const added = [
      ...sourceAt('traces', ADDITIONS.tracing).datasources,
      ...sourceAt('longterm', ADDITIONS.longterm).datasources,
    ]
    expect(added).toMatchObject([
      { uid: 'tempo', type: 'tempo', url: 'http://tempo:3200' },
      { uid: 'victoriametrics', type: 'prometheus', url: 'http://victoriametrics:8428' },
    ])
    const uids = [...usual, ...added.map(({ uid }) => uid)]
    expect(new Set(uids).size).toBe(uids.length)
    // A span leads to the curves of its account.
    expect(read('deploy/compose/sources/traces.yml')).toContain(`datasourceUid: ${usual[0]}`)
  })
})

describe('the profile', () => {
  test.each(Object.entries(ADDITIONS))(
    '%s has variables that the compose file knows, and no others',
    (profile, variables) => {
      expect(services.flatMap(([, { profiles }]) => profiles)).toContain(profile)
      expect(variables['COMPOSE_PROFILES']).toBe(profile)
      for (const name of Object.keys(variables))
        if (name !== 'COMPOSE_PROFILES') expect(read('docker-compose.yml')).toContain(`\${${name}:-`)
    },
  )

  test('tracing has the exporter send its spans where Tempo takes them', () => {
    const Tempo = z.object({
      server: z.object({ http_listen_port: z.literal(3_200) }),
      distributor: z.object({
        receivers: z.object({ otlp: z.object({ protocols: z.object({ http: z.object({ endpoint: z.string() }) }) }) }),
      }),
      storage: z.object({
        trace: z.object({ wal: z.object({ path: z.string() }), local: z.object({ path: z.string() }) }),
      }),
    })
    const tempo = Tempo.parse(parse(read('deploy/compose/tempo.yml')))
    const endpoint = new URL(
      interpolated(serviceOf('exporter').environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '', ADDITIONS.tracing),
    )
    expect(tempo.distributor.receivers.otlp.protocols.http.endpoint).toBe(`0.0.0.0:${endpoint.port}`)
    expect(endpoint.hostname).toBe('tempo')
    const [volume] = serviceOf('tempo').volumes.filter(({ type }) => type === 'volume')
    for (const { path } of [tempo.storage.trace.wal, tempo.storage.trace.local])
      expect(path.startsWith(`${volume?.target}/`), path).toBe(true)
    expect(serviceOf('tempo').command).toEqual([`-config.file=${serviceOf('tempo').volumes[0]?.target}`])
    expect(interpolated(serviceOf('exporter').environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '?')).toBe('')
  })

  test('longterm has Prometheus send its samples where VictoriaMetrics takes them', () => {
    const word = serviceOf('render').command.find((part) => part.startsWith('--remote-write=')) ?? ''
    expect(interpolated(word)).toBe('--remote-write=')
    expect(interpolated(word, ADDITIONS.longterm)).toBe(
      `--remote-write=http://victoriametrics:${LISTENS['victoriametrics']}/api/v1/write`,
    )
    const { command, volumes, user } = serviceOf('victoriametrics')
    expect(command).toContain(`-httpListenAddr=:${LISTENS['victoriametrics']}`)
    expect(command).toContain(`-storageDataPath=${volumes[0]?.target}`)
    // The new volume takes its owner from this folder of our own image.
    const [first] = serviceOf('longterm-volume').volumes
    expect(first?.source).toBe(volumes[0]?.source)
    expect(dockerfile).toMatch(new RegExp(`install -d -o ${user?.split(':')[0]} .* ${first?.target}$`, 'm'))
  })
})

describe('the demo', () => {
  test('chooses a profile that exists and a configuration of the repository', () => {
    expect(Object.keys(demo).toSorted()).toEqual([
      'COMPOSE_PROFILES',
      'COMPOSE_PROJECT_NAME',
      'CONFIG_FILE',
      'GRAFANA_PASSWORD_FILE',
      'SCRAPE_INTERVAL',
    ])
    expect(read(demo['GRAFANA_PASSWORD_FILE'] ?? '')).toBe('demo')
    expect(read(DEMO_CONFIG)).toContain(`interval: ${demo['SCRAPE_INTERVAL']}`)
    expect(services.flatMap(([, { profiles }]) => profiles)).toContain(demo['COMPOSE_PROFILES'])
    expect(demo['COMPOSE_PROJECT_NAME']).not.toBe(compose.name)
  })

  test('watches the simulator where it listens', () => {
    const flags = flagsOf(serviceOf('simulator').command)
    const hosts = [...read(DEMO_CONFIG).matchAll(/simulator:(\d+)/g)].map(([, port]) => port)
    expect(new Set(hosts)).toEqual(new Set([flags.get('--port'), flags.get('--smtp-port')]))
    expect(flags.get('--public-url')).toBe(`http://simulator:${flags.get('--port')}`)
  })

  test('is told by the same words in the compose file, in its own file and in the pages', () => {
    const command = 'docker compose --env-file deploy/compose/demo.env up'
    for (const file of ['docker-compose.yml', 'deploy/compose/demo.env', 'docs/docker.md'])
      expect([file, read(file).includes(command)]).toEqual([file, true])
  })
})
