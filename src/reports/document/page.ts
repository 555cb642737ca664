import { escaped, type Html } from '../../html.ts'
import { fontFaces } from './fonts.ts'
import { reportStyle } from './style.ts'
import type { Writing } from './writing.ts'

/** A page may show what is in it and nothing else: no script, no network. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"

/** A whole HTML document that needs no other file. @param hasCover whether its first page is a cover */
export function documentPage(
  title: string,
  footer: string,
  body: Html,
  hasCover: boolean,
  { look, words }: Writing,
): string {
  return `<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="whatsapp-exporter">
<title>${escaped(title)}</title>
<style>${fontFaces(title + footer + body.text)}${reportStyle(look, footer, hasCover)}</style>
</head>
<body>
<main>${body.text}</main>
</body>
</html>
`
}
