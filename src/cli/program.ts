import { nearestWord } from '../nearest-word.ts'
import { VERSION } from '../version.ts'
import { type CommandIo, EXIT } from './io.ts'

type Run = (args: readonly string[], io: CommandIo, signal: AbortSignal) => Promise<number>

interface CommandEntry {
  readonly summary: string
  /** Loaded only when it runs: `config check` need not load a web server. */
  readonly load: () => Promise<{ readonly run: Run }>
}

/** Every command, by its words. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: { summary: 'Watch the fleet until stopped.', load: () => import('./serve.ts') },
  check: { summary: 'Check accounts now and explain every verdict.', load: () => import('./check.ts') },
  accounts: { summary: 'List the accounts that are found.', load: () => import('./accounts.ts') },
  report: { summary: 'Write the SLA report of a period.', load: () => import('./report.ts') },
  'config check': { summary: 'Tell every fault of the configuration file.', load: () => import('./config-check.ts') },
  render: { summary: 'Write prometheus.yml and alertmanager.yml.', load: () => import('./render.ts') },
  'store export': {
    summary: 'Write the whole store to a file.',
    load: async () => ({ run: (await import('./store.ts')).runExport }),
  },
  'store import': {
    summary: 'Fill an empty store from such a file.',
    load: async () => ({ run: (await import('./store.ts')).runImport }),
  },
  'store migrate': {
    summary: 'Copy the store to another one, SQLite or MongoDB.',
    load: async () => ({ run: (await import('./store.ts')).runMigrate }),
  },
  simulate: { summary: 'Run fake gateways with faults, and an inbox.', load: () => import('./simulate.ts') },
}

/** Runs one command line (without program name) and gives its exit code. Never rejects for what the user typed. */
export async function run(argv: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined) {
    io.stderr.write(helpText())
    return EXIT.usage
  }
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${VERSION}\n`)
    return EXIT.fine
  }
  const asksHelp = first === '--help' || first === '-h' || first === 'help'
  if (asksHelp && rest.length === 0) {
    io.stdout.write(helpText())
    return EXIT.fine
  }
  const words = asksHelp ? rest : argv
  const name = commandName(words)
  const command = name === null ? undefined : COMMANDS[name]
  if (name === null || command === undefined) {
    io.stderr.write(`${unknownCommand(words)}\n`)
    return EXIT.usage
  }
  const { run: runCommand } = await command.load()
  return await runCommand(asksHelp ? ['--help'] : words.slice(name.split(' ').length), io, signal)
}

/** The command that the first one or two words name; null where they name none. */
function commandName([first = '', second = '']: readonly string[]): string | null {
  for (const name of [`${first} ${second}`, first]) if (Object.hasOwn(COMMANDS, name)) return name
  return null
}

function unknownCommand([first = '', second = '']: readonly string[]): string {
  const names = Object.keys(COMMANDS)
  const below = names.filter((name) => name.startsWith(`${first} `))
  const near = nearestWord(first, names) ?? nearestWord(`${first} ${second}`, names)
  const hint =
    below.length > 0
      ? `Write ${below.join(' or ')}.`
      : near === null
        ? `The commands are: ${names.join(', ')}.`
        : `Did you mean "${near}"?`
  return `"${first}" is no command. ${hint}`
}

function helpText(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((words) => words.length))
  const lines = Object.entries(COMMANDS).map(([words, { summary }]) => `  ${words.padEnd(width)}  ${summary}`)
  return [
    'Usage: whatsapp-exporter <command> [options]',
    '',
    'Watches a fleet of WhatsApp accounts, repairs what can safely be repaired, and tells Prometheus the truth about it.',
    '',
    ...lines,
    '',
    'whatsapp-exporter <command> --help tells the options of a command.',
    'Exit codes: 0 fine, 1 something is unhealthy, 2 wrong use or configuration.',
    '',
  ].join('\n')
}
