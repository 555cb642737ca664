import { dirname, isAbsolute, resolve } from 'node:path'
import { nearestWord } from '../nearest-word.ts'
import { crossFaults, crossWarnings } from './cross-checks.ts'
import { type ConfigDocument, readDocument } from './document.ts'
import { type Environment, expandEnvironment } from './environment.ts'
import { type Fault, type OptionPath, pathText } from './fault.ts'
import { type Finding, findings, NO_MESSAGE } from './issues.ts'
import { configJsonSchema, schemaAt, valueAt } from './json-schema.ts'
import { type ReadBytes, readBounded, readText } from './read-file.ts'
import { type ConfigSource, shownText } from './redact.ts'
import { type Config, ConfigSchema, type SectionName } from './schema.ts'
import { plainSecrets, scrubber } from './secrets.ts'

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Fault[]; readonly source: ConfigSource }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] }

/**
 * Reads, expands, parses and judges a configuration file. Never throws for what is in the file: every fault is
 * returned, all of them at once, with its place and without secrets.
 *
 * @param environment for `${NAME}`.
 * @param deps.readBytes reads the file itself; secrets behind `…File` options are read from the disk.
 */
export function loadConfig(
  path: string,
  environment: Environment,
  deps: { readonly readBytes?: ReadBytes } = {},
): LoadedConfig {
  const read = readText(path, deps.readBytes ?? readBounded)
  if ('fault' in read) return { ok: false, faults: [read.fault], warnings: [] }
  return parseConfig(read.text, dirname(resolve(path)), environment)
}

/** The same for a text; relative paths in it count from `folder`. */
export function parseConfig(text: string, folder: string, environment: Environment): LoadedConfig {
  const result = readDocument(text)
  if ('faults' in result) return { ok: false, faults: result.faults, warnings: [] }
  const { document } = result
  const expansion = expandEnvironment(document.written, environment)
  const data = resolveFiles(expansion.data, folder)
  const missing = expansion.missing.map((finding) => ({ ...finding, showValue: false }))

  const parsed = parseSections(data)
  const sections = parsed.sections
  // A missing variable is told once, not again as the bad value that it leaves behind.
  const told = new Set(missing.map(({ path }) => pathText(path)))
  const faults = [
    ...missing,
    ...parsed.findings.filter(({ path }) => !told.has(pathText(path))),
    ...crossFaults(sections),
  ]
  const toFaults = faultWriter(document, sections, scrubber(data, sections, expansion.expanded))
  const warnings = toFaults([...crossWarnings(sections), ...plainSecrets(document.written, sections)])
  if (faults.length > 0 || !isComplete(sections)) return { ok: false, faults: toFaults(faults), warnings }
  const config = resolvePaths(sections, folder)
  return { ok: true, config, warnings, source: { written: document.written, parsed: config } }
}

function parseSections(data: unknown): { sections: Partial<Config>; findings: readonly Finding[] } {
  const names = Object.keys(ConfigSchema.shape)
  const top = typeof data === 'object' && data !== null ? Object.keys(data) : []
  const found: Finding[] = []
  for (const key of top.filter((name) => !names.includes(name))) {
    const meant = nearestWord(key, names)
    const hint = meant === null ? `Sections are: ${names.join(', ')}` : `Did you mean "${meant}"?`
    found.push({ path: [key], rule: 'unknown option', hint, showValue: false })
  }
  const sections: Record<string, unknown> = {}
  for (const [name, section] of Object.entries(ConfigSchema.shape)) {
    // A section whose lines are all commented out reads as null and means its defaults.
    const result = section.safeParse(valueAt(data, [name]) ?? undefined, { error: () => NO_MESSAGE })
    if (result.success) sections[name] = result.data
    else {
      const issues = result.error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] }))
      found.push(...findings(issues, data, configJsonSchema()))
    }
  }
  // Each section was parsed by its own schema of ConfigSchema.
  return { sections: sections as Partial<Config>, findings: found }
}

function isComplete(sections: Partial<Config>): sections is Config {
  return Object.keys(ConfigSchema.shape).every((name) => sections[name as SectionName] !== undefined)
}

/** Makes the paths of files (every option whose name ends with File) absolute: they count from the file's folder. */
function resolveFiles(value: unknown, folder: string, key = ''): unknown {
  if (typeof value === 'string') return /File$/.test(key) && value !== '' ? resolve(folder, value) : value
  if (Array.isArray(value)) return value.map((item) => resolveFiles(item, folder))
  if (typeof value !== 'object' || value === null || key === 'labels') return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolveFiles(item, folder, name)]))
}

/** The paths that have defaults are made absolute after parsing. */
function resolvePaths(config: Config, folder: string): Config {
  const { store, reports } = config
  const memory = store.kind === 'sqlite' && store.path === ':memory:'
  return {
    ...config,
    store:
      store.kind !== 'sqlite' || memory || isAbsolute(store.path)
        ? store
        : { ...store, path: resolve(folder, store.path) },
    reports: { ...reports, directory: resolve(folder, reports.directory) },
  }
}

function faultWriter(document: ConfigDocument, sections: Partial<Config>, scrub: (text: string) => string) {
  const schema = configJsonSchema()
  return (found: readonly Finding[]): readonly Fault[] =>
    found
      .map(({ path, rule, hint, showValue }) => {
        const value = showValue ? valueText(path) : undefined
        return {
          path: pathText(path),
          ...document.placeOf(path),
          ...(value === undefined ? {} : { value: scrub(value) }),
          rule: scrub(rule),
          ...(hint === undefined ? {} : { hint: scrub(hint) }),
        }
      })
      .sort((left, right) => left.line - right.line || left.column - right.column)

  function valueText(path: OptionPath): string | undefined {
    const value = valueAt(document.written, path)
    const node = schemaAt(schema, path, document.written)
    if (typeof value === 'string') {
      const shown = shownText(value, path, node, valueAt(sections, path))
      return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 79)}…` : shown)
    }
    if (typeof value === 'number' || typeof value === 'boolean') {
      const shown = shownText(String(value), path, node, undefined)
      return shown === String(value) ? shown : JSON.stringify(shown)
    }
    return undefined
  }
}
