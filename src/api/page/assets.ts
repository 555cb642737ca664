import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { findPackageJSON, stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The files of the status page, ready to be sent. */
export interface PageAssets {
  /** Print of all files together; part of their addresses, so that a browser may keep them for ever. */
  readonly version: string
  /** Undefined: no such file. */
  get(file: string): PageAsset | undefined
}

export interface PageAsset {
  readonly text: string
  readonly contentType: string
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

/** Modules of lit-html that the page uses, and those that they import. */
const LIT_FILES = ['lit-html.js', 'directive.js', 'directive-helpers.js', 'directives/repeat.js', 'directives/live.js']

let assets: PageAssets | undefined

/** The page's files; they cannot change while the process runs, so they are read once. */
export function pageAssets(): PageAssets {
  assets ??= readPageAssets()
  return assets
}

/**
 * Reads the page's files: client/ beside this file, and lit-html from its package. Run from the sources, TypeScript is
 * stripped of its types here; a build has done that already. All files are served from one folder, so imports are
 * rewritten to plain file names.
 */
function readPageAssets(): PageAssets {
  const files = new Map<string, PageAsset>()
  const client = fileURLToPath(new URL('client/', import.meta.url))
  for (const name of readdirSync(client).toSorted()) {
    if (name.endsWith('.d.ts') || name.endsWith('.map')) continue
    const text = readFileSync(join(client, name), 'utf8')
    // The compiler marks every file as a module, but a classic script may not say `export`.
    if (name.endsWith('.ts')) add(name.replace(/\.ts$/, '.js'), flat(stripTypeScriptTypes(text)))
    else add(name, name.endsWith('.js') ? flat(text).replace(/^export \{\};?$/m, '') : text)
  }
  const lit = dirname(findPackageJSON('lit-html', import.meta.url) ?? '')
  for (const name of LIT_FILES) {
    const text = readFileSync(join(lit, name), 'utf8')
    add(basename(name), flat(text).replace(/^\/\/# sourceMappingURL=.*$/m, ''))
  }
  const hash = createHash('sha256')
  for (const [name, { text }] of files) hash.update(`${name}\0${text}\0`)
  const version = hash.digest('base64url').slice(0, 16)

  function add(name: string, text: string): void {
    const contentType = CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (files.has(name)) throw new Error(`two files of the page are called ${name}`)
    if (contentType !== undefined) files.set(name, { text, contentType })
  }

  return { version, get: (file) => files.get(file) }
}

/** Makes every import name a file of the same folder: `lit-html/directives/repeat.js` and `./rows.ts` as `./….js`. */
function flat(text: string): string {
  return text.replaceAll(/(\}\s*from\s*)(["'])([\w./-]+)\2/g, (_all, keyword: string, quote: string, path: string) => {
    const file = path === 'lit-html' ? 'lit-html.js' : basename(path).replace(/\.ts$/, '.js')
    return `${keyword}${quote}./${file}${quote}`
  })
}
