import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const WEIGHTS = [400, 600] as const

/** Subsets of Inter as its package cuts them. Latin is always needed; the others where a name is written in them. */
const SUBSETS = [
  {
    name: 'latin',
    range:
      'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD',
    needed: /(?:)/,
  },
  {
    name: 'latin-ext',
    range:
      'U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF',
    needed: /[\u0100-\u02ba\u1e00-\u1e9f\u20a0-\u20ab\u20ad-\u20c0]/,
  },
  {
    name: 'cyrillic',
    range: 'U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116',
    needed: /[\u0400-\u045f\u0490\u0491]/,
  },
  {
    name: 'greek',
    range: 'U+0370-0377,U+037A-037F,U+0384-038A,U+038C,U+038E-03A1,U+03A3-03FF',
    needed: /[\u0370-\u03ff]/,
  },
] as const

const cache = new Map<string, string>()

/**
 * `@font-face` rules with the font inside, so that a report looks the same on every machine and asks nobody for a font.
 * Scripts beyond Latin, Cyrillic and Greek fall back to the fonts of the machine.
 * @param text all that is written in the report
 * @throws Error where the package @fontsource/inter is not installed
 */
export function fontFaces(text: string): string {
  return SUBSETS.filter(({ needed }) => needed.test(text))
    .flatMap(({ name, range }) =>
      WEIGHTS.map(
        (weight) =>
          `@font-face{font-family:Inter;font-weight:${weight};src:url(${fontAddress(name, weight)}) format("woff2");unicode-range:${range}}`,
      ),
    )
    .join('\n')
}

function fontAddress(subset: string, weight: number): string {
  const name = `inter-${subset}-${weight}-normal.woff2`
  const known = cache.get(name)
  if (known !== undefined) return known
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve('@fontsource/inter/package.json'))
  const address = `data:font/woff2;base64,${readFileSync(join(folder, 'files', name)).toString('base64')}`
  cache.set(name, address)
  return address
}
