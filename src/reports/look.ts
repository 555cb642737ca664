import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { ReportLook } from './document/writing.ts'
import type { ReportsOptions } from './options.ts'

const LOGO_TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
}
/** A larger logo would be in every page's way, and in every mail. */
const MOST_LOGO_BYTES = 1_000_000

/**
 * How reports look by the configuration.
 * @throws Error where the logo cannot be read or is no picture; the message names the option
 */
export function lookOf({ brand, language, locale, paper }: ReportsOptions): ReportLook {
  return {
    brand: {
      name: brand.name,
      colour: brand.colour,
      logo: brand.logoFile === undefined ? null : logoOf(brand.logoFile),
    },
    language,
    locale: locale ?? null,
    paper,
  }
}

function logoOf(path: string): string {
  const type = LOGO_TYPES[extname(path).toLowerCase()]
  if (type === undefined)
    throw new Error(`reports.brand.logoFile: ${path} is no PNG, JPEG, WebP or SVG file. Name one of these.`)
  let content: Buffer
  try {
    content = readFileSync(path)
  } catch (error) {
    throw new Error(`reports.brand.logoFile: ${path} cannot be read. Check the path and its permissions.`, {
      cause: error,
    })
  }
  if (content.length > MOST_LOGO_BYTES)
    throw new Error(
      `reports.brand.logoFile: ${path} has ${content.length} bytes; at most ${MOST_LOGO_BYTES} are allowed. Make it smaller.`,
    )
  return `data:${type};base64,${content.toString('base64')}`
}
