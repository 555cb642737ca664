import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { html } from '../../html.ts'
import { renderMarkdown } from './markdown.ts'

/** Nothing but style and icon of our own origin. */
export const MANUAL_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The documentation as it lies in docs/, for people who follow a link in an alert. */
export interface Manual {
  /**
   * The page as a whole HTML document; undefined where there is none.
   * @param path below docs/, with or without `.md`: `alerts/gateway-down`
   * @param style address of a folder with style.css and manual.css, with a slash at its end
   */
  page(path: string, style: string): string | undefined
}

/** The same place from the sources and from the build. */
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url))

let manual: Manual | undefined

/** The shipped documentation; it cannot change while the process runs. */
export function shippedManual(): Manual {
  manual ??= manualOf(DOCS)
  return manual
}

/** The Markdown files of a folder. Only what is there when it is first read is ever served; a missing folder has no page. */
export function manualOf(folder: string): Manual {
  const names = new Set(markdownFiles(folder))
  const rendered = new Map<string, ReturnType<typeof renderMarkdown>>()

  function read(name: string) {
    const known = rendered.get(name)
    if (known !== undefined) return known
    const isServed = (href: string) => names.has(posix.join(posix.dirname(name), href))
    const page = renderMarkdown(readFileSync(join(folder, name), 'utf8'), isServed)
    rendered.set(name, page)
    return page
  }

  return {
    page(path, style) {
      const name = path.endsWith('.md') ? path : `${path}.md`
      if (!names.has(name)) return undefined
      const { title, body } = read(name)
      return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="${style}icon.svg">
<link rel="stylesheet" href="${style}style.css">
<link rel="stylesheet" href="${style}manual.css">
</head>
<body class="manual">
<main>
<p><a href="/">Status page</a></p>
${body}
</main>
</body>
</html>
`.text
    },
  }
}

function markdownFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.replaceAll('\\', '/'))
  } catch (error) {
    // An image or a package may leave the documentation out.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
