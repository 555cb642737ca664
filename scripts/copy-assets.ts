// Part of the build: the files below src/ that are not TypeScript go beside the compiled ones.

import { cpSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
  if (name.endsWith('.ts') || statSync(join('src', name)).isDirectory()) continue
  cpSync(join('src', name), join('dist', name))
}
