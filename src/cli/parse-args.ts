import { type Command, CommanderError } from 'commander'
import { type CommandIo, EXIT } from './io.ts'

/**
 * Runs a commander command on the arguments after its name, and gives the exit code.
 * Help goes to stdout, usage faults to stderr; nothing ends the process.
 */
export async function runCommand(
  command: Command,
  args: readonly string[],
  io: CommandIo,
  action: () => number | Promise<number>,
): Promise<number> {
  let code: number = EXIT.fine
  command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .action(async () => {
      code = await action()
    })
  try {
    await command.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage
  }
}
