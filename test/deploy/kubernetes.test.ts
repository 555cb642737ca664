import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, normalize } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { faultText } from '../../src/config/fault.ts'
import { parseConfig } from '../../src/config/load.ts'
import { peerUrl } from '../../src/discovery/options.ts'

const ROOT = 'deploy/kubernetes'
/** Made by scripts/kubernetes-schemas.sh. */
const SCHEMAS = z
  .record(z.string(), z.object({ $defs: z.record(z.string(), z.record(z.string(), z.unknown())) }))
  .parse(JSON.parse(readFileSync('test/deploy/kubernetes-schemas.generated.json', 'utf8')))
const CORE = Object.keys(SCHEMAS).filter((name) => name !== 'operator')
/** What the server refuses beside what the schemas say: an object's name, and the size of a ConfigMap. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const CONFIG_MAP_LIMIT_BYTES = 1_048_576

const Named = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string().regex(NAME), namespace: z.undefined().optional() }),
})
type Named = z.output<typeof Named>
const Kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  resources: z.array(z.string()).default([]),
  configMapGenerator: z.array(z.strictObject({ name: z.string().regex(NAME), files: z.array(z.string()) })).default([]),
  generatorOptions: z
    .strictObject({ disableNameSuffixHash: z.boolean(), labels: z.record(z.string(), z.string()) })
    .optional(),
  labels: z.array(z.strictObject({ pairs: z.record(z.string(), z.string()) })).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
})

/** What `kubectl kustomize` makes of a folder, but for the hashes at the end of names. */
function built(folder: string): Named[] {
  const { resources, configMapGenerator } = Kustomization.parse(
    parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')),
  )
  return [
    ...resources.flatMap((entry) => {
      const path = normalize(join(folder, entry))
      return statSync(path).isDirectory() ? built(path) : objectsIn(path)
    }),
    ...configMapGenerator.map(({ name, files }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      // Kustomize takes files of its own folder and below only.
      data: Object.fromEntries(files.map((file) => [basename(file), readFileSync(join(folder, file), 'utf8')])),
    })),
  ]
}

function objectsIn(path: string): Named[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => Named.parse(document.toJS()))
}

/** What Kubernetes, or the operator, has against an object. */
function faultsOf(object: Named, version: string): unknown {
  const [group = '', apiVersion] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['core', object.apiVersion]
  const isCustom = group === 'monitoring.coreos.com'
  // `networking.k8s.io` is `networking` in the names of the schemas.
  const [plain] = group.split('.')
  const name = `${isCustom ? group : `io.k8s.api.${plain}`}.${apiVersion}.${object.kind}`
  const schema = SCHEMAS[isCustom ? 'operator' : version]
  if (schema?.$defs[name] === undefined) return `no schema ${name}: add the kind to scripts/kubernetes-schemas.sh`
  const validate = new Ajv({ strict: false, allErrors: true }).compile({ ...schema, $ref: `#/$defs/${name}` })
  return validate(object)
    ? []
    : validate.errors?.map(({ instancePath, message, params }) => ({ instancePath, message, params }))
}

const core = built(ROOT)
const operator = built(join(ROOT, 'prometheus-operator'))
const secret = objectsIn(join(ROOT, 'secret.example.yaml'))
const all = [...core, ...operator, ...secret]
const labelOf = ({ kind, metadata }: Named) => `${kind} ${metadata.name}`

function find<S extends z.ZodType>(kind: string, name: string, schema: S): z.output<S> {
  const found = all.find((object) => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return schema.parse(found)
}

describe.each(CORE)('Kubernetes %s', (version) => {
  test.each(all.map((object) => [labelOf(object), object] as const))('takes %s', (_label, object) => {
    expect(faultsOf(object, version)).toEqual([])
  })
})

test('the schemas see a misspelt key, in our objects and in those of the operator', () => {
  const [newest = ''] = CORE.slice(-1)
  for (const kind of ['StatefulSet', 'ServiceMonitor', 'NetworkPolicy']) {
    const object = all.find((one) => one.kind === kind)
    if (object === undefined) throw new Error(`there is no ${kind}`)
    const spec = { ...z.record(z.string(), z.unknown()).parse(object['spec']), slector: {} }
    expect(faultsOf({ ...object, spec }, newest)).toContainEqual(
      expect.objectContaining({ params: { additionalProperty: 'slector' } }),
    )
  }
})

test('every file of the folder is part of it, but the example of a secret', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))
  const used = ['kustomization.yaml', 'prometheus-operator/kustomization.yaml'].flatMap((name) => {
    const { resources, configMapGenerator } = Kustomization.parse(parse(readFileSync(join(ROOT, name), 'utf8')))
    const own = [...resources, ...configMapGenerator.flatMap((one) => one.files)].map((entry) =>
      join(dirname(name), entry),
    )
    return [name, ...own.filter((path) => !path.startsWith('..'))]
  })
  expect([...used, 'secret.example.yaml'].sort()).toEqual(files.sort())
})

const Labels = z.record(z.string(), z.string())
const StatefulSet = z.looseObject({
  spec: z.looseObject({
    serviceName: z.string(),
    replicas: z.int(),
    selector: z.object({ matchLabels: Labels }),
    template: z.looseObject({
      metadata: z.object({ labels: Labels }),
      spec: z.looseObject({
        serviceAccountName: z.string(),
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.looseObject({
            image: z.string(),
            args: z.array(z.string()),
            envFrom: z.tuple([z.object({ secretRef: z.object({ name: z.string() }) })]),
            ports: z.tuple([z.object({ name: z.string(), containerPort: z.int() })]),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
  }),
})
const Selecting = z.looseObject({
  metadata: z.looseObject({ labels: Labels }),
  spec: z.looseObject({
    selector: z.unknown(),
    ports: z.array(z.looseObject({ name: z.string(), targetPort: z.string() })).default([]),
  }),
})

describe('the parts fit together', () => {
  const { spec } = find('StatefulSet', 'whatsapp-exporter', StatefulSet)
  const pod = spec.template
  const [container] = pod.spec.containers
  const secrets = find('Secret', 'whatsapp-exporter', z.looseObject({ stringData: Labels })).stringData
  const text = readFileSync(join(ROOT, 'config.yml'), 'utf8')
  const loaded = parseConfig(text, ROOT, secrets)

  test('the configuration has no fault with the variables of the secret, and names all of them', () => {
    expect(loaded.ok ? [] : loaded.faults.map((fault) => faultText('config.yml', fault))).toEqual([])
    expect(loaded.warnings.map((fault) => faultText('config.yml', fault))).toEqual([])
    expect([...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name))].sort()).toEqual(
      Object.keys(secrets).sort(),
    )
  })

  test('links to unsubscribe hold in all pods, and after they are gone', () => {
    if (!loaded.ok) throw new Error('the configuration has faults')
    expect(loaded.config.reports.subscriptions.key?.reveal()).toBe(secrets['UNSUBSCRIBE_KEY'])
  })

  test('the reports of reports.keep fill half of their volume at most, also where one pod makes all of them', () => {
    if (!loaded.ok) throw new Error('the configuration has faults')
    const mounted = container.volumeMounts.find(({ mountPath }) => mountPath === '/exporter/.data')
    const { emptyDir } = z
      .looseObject({ emptyDir: z.object({ sizeLimit: z.string().regex(/^\d+Gi$/) }) })
      .parse(pod.spec.volumes.find(({ name }) => name === mounted?.name))
    const accounts = 10_000 * spec.replicas
    const keptDays = loaded.config.reports.keep / 86_400_000
    // A day's, a week's and a month's in all formats; measured with test/reports/large-report-child.ts.
    const bytes = [1, 7, 31].map(
      (days) => (Math.floor(keptDays / days) + 1) * (2_500_000 + accounts * (660 + 92 * days)),
    )
    const sum = bytes.reduce((total, one) => total + one, 0)
    expect(sum).toBeLessThan((Number.parseInt(emptyDir.sizeLimit, 10) * 2 ** 30) / 2)
    const text = readFileSync('docs/kubernetes.md', 'utf8')
    expect(text).toContain(`an \`emptyDir\` of ${emptyDir.sizeLimit.replace('Gi', ' GiB')}, for the ${keptDays} days`)
  })

  test('there are as many pods as shards, and each is reached by its own name', () => {
    if (!loaded.ok) throw new Error('the configuration has faults')
    const { sharding } = loaded.config
    expect(sharding).toMatchObject({ ordinal: 'hostname', total: spec.replicas })
    const [port] = container.ports
    expect(peerUrl(sharding, 2)).toBe(`http://whatsapp-exporter-2.${spec.serviceName}:${port.containerPort}`)
    const headless = find(
      'Service',
      spec.serviceName,
      z.looseObject({ spec: z.looseObject({ clusterIP: z.string() }) }),
    )
    expect(headless.spec.clusterIP).toBe('None')
  })

  test('services, budget, policy and spread select the pods', () => {
    const { labels } = pod.metadata
    expect(labels).toMatchObject(spec.selector.matchLabels)
    for (const name of ['whatsapp-exporter', 'whatsapp-exporter-api']) {
      const service = find('Service', name, Selecting).spec
      expect(labels).toMatchObject(Labels.parse(service.selector))
      expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map((port) => port.name))
    }
    for (const kind of ['PodDisruptionBudget', 'NetworkPolicy']) {
      const found = find(kind, 'whatsapp-exporter', z.looseObject({ spec: z.looseObject({}) })).spec
      const { matchLabels } = z.object({ matchLabels: Labels }).parse(found['selector'] ?? found['podSelector'])
      expect(labels).toMatchObject(matchLabels)
    }
  })

  test('Prometheus scrapes each pod once', () => {
    const monitor = find('ServiceMonitor', 'whatsapp-exporter', Selecting).spec
    const { matchLabels } = z.object({ matchLabels: Labels }).parse(monitor.selector)
    const scraped = core.filter(
      (object) =>
        object.kind === 'Service' &&
        Object.entries(matchLabels).every(([name, value]) => Labels.parse(object.metadata['labels'])[name] === value),
    )
    expect(scraped.map(labelOf)).toEqual(['Service whatsapp-exporter'])
  })

  test('the pod finds its account, secret, configuration and folders', () => {
    find('ServiceAccount', pod.spec.serviceAccountName, z.looseObject({}))
    find('Secret', container.envFrom[0].secretRef.name, z.looseObject({}))
    const volumes = pod.spec.volumes.map(({ name }) => name)
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.sort())
    const file = container.args[container.args.indexOf('--config') + 1] ?? ''
    const mount = container.volumeMounts.find(({ name }) => name === 'config')
    expect(dirname(file)).toBe(mount?.mountPath)
    const { data } = find('ConfigMap', 'whatsapp-exporter', z.looseObject({ data: Labels }))
    expect(Object.keys(data).map((name) => join(dirname(file), name))).toEqual([file])
    if (!loaded.ok) throw new Error('the configuration has faults')
    const writable = container.volumeMounts.filter((one) => one['readOnly'] !== true).map(({ mountPath }) => mountPath)
    expect(writable.some((path) => loaded.config.reports.directory.startsWith(path))).toBe(true)
    expect(pod.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(loaded.config.api.drain + 6_000)
  })

  test('the image is the one that kustomize names anew, with the version of the package', () => {
    const { images } = Kustomization.parse(parse(readFileSync(join(ROOT, 'kustomization.yaml'), 'utf8')))
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')))
    expect(images).toMatchObject([{ name: container.image, newTag: version }])
  })
})

test('each board is a ConfigMap that Kubernetes holds, found by the label of the sidecar', () => {
  const boards = operator.filter(({ kind }) => kind === 'ConfigMap')
  const files = readdirSync('grafana/dashboards').filter((name) => name.endsWith('.json'))
  const held = boards.map((object) => z.looseObject({ data: Labels }).parse(object).data)
  expect(held.flatMap((data) => Object.keys(data)).sort()).toEqual(files.sort())
  for (const data of held) expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(CONFIG_MAP_LIMIT_BYTES)
  const { generatorOptions } = Kustomization.parse(parse(readFileSync('grafana/kustomization.yaml', 'utf8')))
  expect(generatorOptions?.labels).toEqual({ grafana_dashboard: '1' })
})

test('the rules are those of prometheus/rules, group by group', () => {
  const Groups = z.looseObject({ groups: z.array(z.looseObject({ name: z.string() })) })
  const { spec } = find('PrometheusRule', 'whatsapp-exporter', z.looseObject({ spec: Groups }))
  const files = readdirSync('prometheus/rules').map((name) =>
    Groups.parse(parse(readFileSync(`prometheus/rules/${name}`, 'utf8'))),
  )
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  expect(spec.groups.toSorted(byName)).toEqual(files.flatMap(({ groups }) => groups).toSorted(byName))
})

/** Debian builds its promtool without the discovery of Kubernetes; that section is held to its shape here instead. */
function known(yaml: string): string {
  const section = /^ {4}kubernetes_sd_configs:\n(?: {6}.*\n)+/m.exec(yaml)?.[0]
  if (section === undefined) return yaml
  z.object({
    kubernetes_sd_configs: z.tuple([
      z.strictObject({ role: z.literal('endpoints'), namespaces: z.strictObject({ names: z.array(z.string()) }) }),
    ]),
  }).parse(parse(section))
  return yaml.replace(section, '    static_configs: [{ targets: ["pod:19292"] }]\n')
}

describe('docs/kubernetes.md', () => {
  const text = readFileSync('docs/kubernetes.md', 'utf8')
  const snippets = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml)

  test.each(snippets.map((yaml) => [yaml.match(/\w+_sd_configs/)?.[0] ?? '', yaml]))(
    'promtool accepts the discovery by %s',
    (_kind, yaml) => {
      const folder = mkdtempSync(join(tmpdir(), 'kubernetes-docs-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      const file = join(folder, 'prometheus.yml')
      // Promtool looks for the files that a configuration names.
      writeFileSync(join(folder, 'token'), 'x')
      writeFileSync(file, known(yaml).replaceAll('/run/secrets/scrape-token', 'token'))
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', file], { encoding: 'utf8' })
      expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')])
    },
  )

  test('shows both ways, and names every file of the folder', () => {
    expect(snippets.map((yaml) => yaml.match(/\w+_sd_configs/)?.[0])).toEqual([
      'dns_sd_configs',
      'kubernetes_sd_configs',
    ])
    for (const file of readdirSync(ROOT)) if (file !== 'kustomization.yaml') expect(text).toContain(`\`${file}`)
  })
})
