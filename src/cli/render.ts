import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import { holdsSecret } from '../config/redact.ts'
import { type Inbox, renderAlertmanager, TEMPLATE_FOLDER } from '../config/render-alertmanager.ts'
import { renderPrometheus } from '../config/render-prometheus.ts'
import { exporterUrl } from '../config/rendered.ts'
import type { Config } from '../config/schema.ts'
import { httpUrl } from '../option-types.ts'
import { DEFAULT_LINKS, RULE_FILES, renderRuleFile } from '../rules/rule-files.ts'
import { reportFaults } from './config-check.ts'
import { type CommandIo, EXIT } from './io.ts'
import { runCommand } from './parse-args.ts'

/** Where the rules lie, beside prometheus.yml. */
const RULE_FOLDER = 'rules'
/** The same place from the sources and from the build. */
const SHIPPED_TEMPLATES = fileURLToPath(new URL('../../alertmanager/templates', import.meta.url))

interface Options {
  readonly config: string
  readonly out: string
  readonly exporter?: readonly string[]
  readonly exporterUrl?: string
  readonly prometheus?: string
  readonly alertmanager?: string
  readonly remoteWrite?: string
  readonly rules?: readonly string[]
  readonly inboxSlack?: string
  readonly inboxSmtp?: string
}

/** `whatsapp-exporter render`: writes prometheus.yml with its rules, and alertmanager.yml with the templates of its messages. Exit code 0, or 2 where the configuration is faulty. */
export async function run(args: readonly string[], io: CommandIo, _signal: AbortSignal): Promise<number> {
  const command = new Command('whatsapp-exporter render')
    .description('Write prometheus.yml and alertmanager.yml for the stack around the exporter.')
    .option('-c, --config <file>', 'configuration file', 'config.yml')
    .option('-o, --out <folder>', 'folder for the files', '.data/rendered')
    .option('--exporter <host:port...>', 'exporters as Prometheus reaches them (default: api.listen)')
    .option('--exporter-url <url>', 'exporter as Alertmanager reaches it (default: from api.listen)')
    .option('--prometheus <host:port>', 'Prometheus as it reaches itself (default: prometheus.url)')
    .option('--alertmanager <host:port>', 'Alertmanager as Prometheus reaches it (default: alerting.url)')
    .option(
      '--remote-write <url>',
      'where Prometheus sends its samples on, beside prometheus.remoteWrite',
      writeAddress,
    )
    .option('--rules <glob...>', 'rule files to load instead of writing the rules of this version')
    .option('--inbox-slack <url>', 'also tell every alert to this Slack-compatible address')
    .option('--inbox-smtp <host:port>', 'also mail every alert to this server; needs --inbox-slack')
  return runCommand(command, args, io, async () => {
    const options = command.opts<Options>()
    const loaded = loadConfig(resolve(io.cwd, options.config), io.env)
    if (!reportFaults(options.config, loaded, io)) return EXIT.usage
    const { config } = loaded
    const inbox = inboxOf(options)
    if (inbox === 'incomplete') {
      io.stderr.write('--inbox-smtp needs --inbox-slack. Give both.\n')
      return EXIT.usage
    }
    const prometheus = renderPrometheus(config, {
      // By name, and not by a glob: a file of an older version that still lies there is not loaded.
      rulesGlobs: options.rules ?? RULE_FILES.map(({ name }) => `${RULE_FOLDER}/${name}`),
      ...(options.exporter === undefined ? {} : { exporterTargets: options.exporter }),
      ...(options.alertmanager === undefined ? {} : { alertmanagerTarget: options.alertmanager }),
      ...(options.prometheus === undefined ? {} : { prometheusTarget: options.prometheus }),
      remoteWriteUrls: options.remoteWrite === undefined || options.remoteWrite === '' ? [] : [options.remoteWrite],
    })
    const alertmanager = renderAlertmanager(config, {
      ...(options.exporterUrl === undefined ? {} : { exporterUrl: options.exporterUrl }),
      ...(inbox === undefined ? {} : { inbox }),
    })
    const links = {
      runbooks: withoutSlash(config.prometheus.runbooksUrl ?? ownRunbooks(config)),
      grafana: withoutSlash(config.grafana.url ?? DEFAULT_LINKS.grafana),
    }
    const rules = options.rules === undefined ? RULE_FILES : []
    const folder = resolve(io.cwd, options.out)
    const files = [
      { name: 'prometheus.yml', text: prometheus, secret: holdsSecret(config.prometheus) },
      { name: 'alertmanager.yml', text: alertmanager, secret: holdsSecret(config.alerting) },
    ]
    try {
      await mkdir(join(folder, TEMPLATE_FOLDER), { recursive: true })
      // Beside the file that names them: the folder can be moved or mounted as a whole.
      for (const { name, text } of await shippedTemplates())
        await replaceFile(join(folder, TEMPLATE_FOLDER, name), text, 0o644)
      if (rules.length > 0) await mkdir(join(folder, RULE_FOLDER), { recursive: true })
      for (const file of rules)
        await replaceFile(join(folder, RULE_FOLDER, file.name), renderRuleFile(file, links), 0o644)
      for (const { name, text, secret } of files) await replaceFile(join(folder, name), text, secret ? 0o600 : 0o644)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      io.stderr.write(`${options.out} cannot be written (${code}). Choose another folder with --out.\n`)
      return EXIT.usage
    }
    for (const { name, secret } of files) {
      const note = secret ? ' (holds secrets from variables; only you may read it)' : ''
      io.stdout.write(`Wrote ${relative(io.cwd, join(folder, name))}${note}\n`)
    }
    return EXIT.fine
  })
}

/** The exporter serves them, under the address at which people reach it. */
function ownRunbooks(config: Config): string {
  return `${withoutSlash(config.api.externalUrl ?? exporterUrl(config))}/docs/alerts`
}

/** Empty is nowhere, so that a variable which is not set can stand there. */
function writeAddress(text: string): string {
  if (text === '' || httpUrl().safeParse(text).success) return text
  throw new InvalidArgumentError('It is no http or https address.')
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

function inboxOf({ inboxSlack, inboxSmtp }: Options): Inbox | 'incomplete' | undefined {
  if (inboxSlack === undefined) return inboxSmtp === undefined ? undefined : 'incomplete'
  return { slackUrl: inboxSlack, ...(inboxSmtp === undefined ? {} : { smarthost: inboxSmtp }) }
}

async function shippedTemplates(): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const names = (await readdir(SHIPPED_TEMPLATES)).filter((name) => name.endsWith('.tmpl'))
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(SHIPPED_TEMPLATES, name), 'utf8') })))
}

/** A program that reloads at this moment reads the old file or the new one, never a half. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(draft, text, { mode, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
