import { createHash } from 'node:crypto'
import { html } from '../../html.ts'

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem}
button{font:inherit;padding:.6rem 1.2rem;cursor:pointer}`

/** One button and nothing else: no script, and no file that needs a sign-in. */
export const UNSUBSCRIBE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

interface PageWords {
  readonly title: string
  readonly question: (recipient: string) => string
  readonly button: string
  readonly done: (recipient: string) => string
}

const WORDS: Readonly<Record<'en' | 'de', PageWords>> = {
  en: {
    title: 'Unsubscribe',
    question: (recipient) => `Shall ${recipient} receive this report no longer?`,
    button: 'Unsubscribe',
    done: (recipient) => `Done: ${recipient} receives this report no longer.`,
  },
  de: {
    title: 'Abbestellen',
    question: (recipient) => `Soll ${recipient} diesen Bericht nicht mehr erhalten?`,
    button: 'Abbestellen',
    done: (recipient) => `Erledigt: ${recipient} erhält diesen Bericht nicht mehr.`,
  },
}

/** The page to which the link of a mail leads. */
export function unsubscribePage({
  recipient,
  language,
  hasEnded,
}: {
  readonly recipient: string
  readonly language: 'en' | 'de'
  readonly hasEnded: boolean
}): string {
  const words = WORDS[language]
  const body = hasEnded
    ? html`<p role="status">${words.done(recipient)}</p>`
    : html`<p>${words.question(recipient)}</p><form method="post"><button type="submit">${words.button}</button></form>`
  const page = html`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>${words.title}</title><style>`
  const rest = html`</style></head>
<body><main><h1>${words.title}</h1>${body}</main></body>
</html>
`
  return `${page.text}${STYLE}${rest.text}`
}
