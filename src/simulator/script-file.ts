import { parse, YAMLParseError } from 'yaml'
import { Script } from './options.ts'

/** Reads a script (YAML or JSON). Throws an Error that names the file and every fault in it. */
export function parseScript(text: string, path: string): Script {
  const result = Script.safeParse(yaml(text, path))
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'script'}: ${issue.message}`)
  throw new Error(`${path}: ${faults.join('; ')}. See docs/simulator.md for the form of a script`)
}

function yaml(text: string, path: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof YAMLParseError) throw new Error(`${path}: ${error.message}`, { cause: error })
    throw error
  }
}
