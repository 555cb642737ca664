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
  'config check': { summary: 'Tell every fault of the configuration file.', load: () => import('./config-check.ts') },
  render: { summary: 'Write prometheus.yml and alertmanager.yml.', load: () => import('./render.ts') },
  simulate: { summary: 'Run fake gateways with faults, and an inbox.', load: () => import('./simulate.ts') },
}

/** Runs one command line (without program name) and gives its exit code. Never rejects for what the user typed. */
export async function run(argv: readonly string[], io: CommandIo, signal: AbortSignal): Promise<number> {
  const [first = '--help', second = ''] = argv
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${VERSION}\n`)
    return EXIT.fine
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    io.stdout.write(helpText())
    return argv.length === 0 ? EXIT.usage : EXIT.fine
  }
  const words = `${first} ${second}` in COMMANDS ? `${first} ${second}` : first
  const command = COMMANDS[words]
  if (command === undefined) {
    io.stderr.write(`"${first}" is no command. The commands are: ${Object.keys(COMMANDS).join(', ')}.\n`)
    return EXIT.usage
  }
  const { run: runCommand } = await command.load()
  return await runCommand(argv.slice(words.split(' ').length), io, signal)
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
