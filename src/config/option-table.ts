import { configJsonSchema, type SchemaNode } from './json-schema.ts'

/** One option of the file, for the reference. */
export interface OptionRow {
  /** `gateways[].url`. */
  readonly path: string
  readonly types: readonly string[]
  /** As written in the file, with the variants that have it where they differ. */
  readonly defaults: readonly string[]
  readonly required: boolean
  readonly description: string
  /** The variants that have this option, where not all do: `driver: cloud-api`. */
  readonly only: readonly string[]
}

interface Variant {
  readonly name: string
  /** All variants of the same union. */
  readonly all: readonly string[]
}

/** Every option of the file, in the order of the schema; the variants of one section are merged. */
export function optionRows(): readonly OptionRow[] {
  const found: { path: string; node: SchemaNode; required: boolean; variant: Variant | null }[] = []
  collect(configJsonSchema(), '', null)
  return [...Map.groupBy(found, ({ path }) => path)].map(([path, same]) => {
    const all = same[0]?.variant?.all ?? []
    const only = [...new Set(same.flatMap(({ variant }) => variant?.name ?? []))]
    return {
      path,
      types: [...new Set(same.flatMap(({ node }) => typesOf(node)))],
      defaults: defaultsOf(same),
      required: same.every(({ node, required }) => required && node.default === undefined),
      description: same.find(({ node }) => node.description !== undefined)?.node.description ?? '',
      only: only.length < all.length ? only : [],
    }
  })

  function collect(node: SchemaNode, path: string, variant: Variant | null): void {
    for (const [key, property] of Object.entries(node.properties ?? {})) {
      const here = path === '' ? key : `${path}.${key}`
      found.push({ path: here, node: property, required: (node.required ?? []).includes(key), variant })
      descend(property, here, variant)
    }
  }

  function descend(node: SchemaNode, path: string, variant: Variant | null): void {
    if (node.items !== undefined) descend(node.items, `${path}[]`, variant)
    const branches = (node.oneOf ?? node.anyOf ?? []).map((branch) => ({ branch, name: branchName(branch) }))
    const all = branches.flatMap(({ name }) => name ?? [])
    for (const { branch, name } of branches) descend(branch, path, name === null ? variant : { name, all })
    collect(node, path, variant)
  }
}

function defaultsOf(same: readonly { node: SchemaNode; variant: Variant | null }[]): readonly string[] {
  const preset = same.filter(({ node }) => node.default !== undefined && !isEmptyMapping(node.default))
  const byText = Map.groupBy(preset, ({ node }) => JSON.stringify(node.default))
  if (byText.size <= 1) return [...byText.keys()].map((text) => `\`${text}\``)
  return [...byText].map(([text, with_]) => {
    const names = with_.map(({ variant }) => `\`${variant?.name}\``)
    return `\`${text}\` with ${names.join(', ')}`
  })
}

function isEmptyMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

/** Variants are told apart by the one option that is constant in each. */
function branchName(branch: SchemaNode): string | null {
  const constant = Object.entries(branch.properties ?? {}).find(([, property]) => property.const !== undefined)
  return constant === undefined ? null : `${constant[0]}: ${String(constant[1].const)}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  object: 'mapping',
  array: 'list',
}

function typesOf(node: SchemaNode): readonly string[] {
  const branches = node.oneOf ?? node.anyOf
  if (branches !== undefined) return branches.flatMap(typesOf)
  if (node.const !== undefined) return [`\`${String(node.const)}\``]
  if (node.enum !== undefined) return node.enum.map((choice) => `\`${String(choice)}\``)
  if (node.writeOnly === true) return ['secret']
  if (node.type === 'string' && node.pattern?.includes('ms|s|m|h|d|w') === true) return ['duration']
  if (node.type === 'array' && node.items?.type === 'string') return ['list of texts']
  return [node.type ?? 'any'].flat().map((type) => TYPE_WORDS[type] ?? type)
}

/** The reference of all options as Markdown: one table per section. */
export function optionTables(): string {
  const sections = Map.groupBy(optionRows(), ({ path }) => path.split(/[.[]/)[0] ?? '')
  return [...sections]
    .map(([section, rows]) => {
      const head = rows.find(({ path }) => path === section)
      const lines = rows.filter(({ path }) => path !== section).map(tableLine)
      const table = ['| option | type | default | meaning |', '|---|---|---|---|', ...lines]
      return [`### ${section}`, '', head?.description ?? '', '', ...table].join('\n')
    })
    .join('\n\n')
}

function tableLine(row: OptionRow): string {
  const preset = row.required ? 'required' : row.defaults.join(', ')
  const only = row.only.length === 0 ? '' : ` Only with ${row.only.map((name) => `\`${name}\``).join(', ')}.`
  const cells = [`\`${row.path}\``, row.types.join(' or '), preset, `${row.description}${only}`]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ').trim()).join(' | ')} |`
}
