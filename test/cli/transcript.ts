import type { CommandIo, CommandOutput } from '../../src/cli/io.ts'

/** A command's world that keeps what was written, for comparison with a transcript. */
export function recordingIo(
  cwd: string,
  env: CommandIo['env'] = {},
): CommandIo & { readonly said: { out: string; err: string } } {
  const said = { out: '', err: '' }
  const keep = (name: 'out' | 'err'): CommandOutput => ({
    write(text) {
      said[name] += text
    },
  })
  return { stdout: keep('out'), stderr: keep('err'), env, cwd, onHangup() {}, said }
}
