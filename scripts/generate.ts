// Writes every generated file; with --check writes nothing and exits 1 when one is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GENERATED_FILES } from './generated-files.ts'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')
const stale: string[] = []

for (const { path, render } of GENERATED_FILES) {
  const file = join(root, path)
  const current = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const wanted = await Promise.resolve(render(current)).catch((error: Error) => {
    throw new Error(`${path}: ${error.message}`, { cause: error })
  })
  if (wanted === current) continue
  stale.push(path)
  if (check) continue
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, wanted)
}

if (check && stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run npm run generate and commit the result.`)
  process.exitCode = 1
} else if (check) console.log(`${GENERATED_FILES.length} generated files are up to date.`)
else console.log(stale.length === 0 ? 'Nothing to write.' : `Wrote ${stale.join(', ')}.`)
