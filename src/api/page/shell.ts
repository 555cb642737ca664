import { type Html, html } from '../../html.ts'
import type { Principal } from '../access/principal.ts'

/** What the page must know before it asks anything. */
export interface ShellFacts {
  /** Address of the page's files, with a slash at the end. */
  readonly files: string
  readonly principal: Principal
  /** Whether anybody had to sign in. */
  readonly signedIn: boolean
  readonly version: string
  /** Parts of the API that are not always there. */
  readonly features: readonly string[]
  readonly links: readonly { readonly text: string; readonly href: string }[]
}

/** Files of our own origin, nothing inline, no frames, and no text that becomes script (Trusted Types). */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ')

/** The page without its content: the script fills it from the API. */
export function pageShell({ files, principal, signedIn, version, features, links }: ShellFacts): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>WhatsApp fleet</title>
<link rel="icon" type="image/svg+xml" href="${files}icon.svg">
<link rel="stylesheet" href="${files}style.css">
<link rel="stylesheet" href="${files}reports.css">
<script src="${files}early-theme.js"></script>
<script type="module" src="${files}main.js"></script>
</head>
<body data-user="${principal.name}" data-role="${principal.role}" data-signed-in="${String(signedIn)}" data-version="${version}" data-features="${features.join(' ')}">
<a class="skip" id="skip" href="#accounts">Skip to the accounts</a>
<header class="top">
<div class="brand"><img src="${files}icon.svg" alt="" width="28" height="28"><h1>WhatsApp fleet</h1></div>
<div id="live" class="live" role="status">Connecting …</div>
<nav aria-label="Elsewhere">${links.map(link)}</nav>
<div id="tools" class="tools"></div>
</header>
<main id="page"><noscript><p class="notice">This page needs JavaScript. <a href="/api/health/status">/api/health/status</a> and <code>whatsapp-exporter check</code> tell the same.</p></noscript></main>
<div id="drawer"></div>
<div id="toasts" class="toasts" role="log" aria-label="New notifications"></div>
</body>
</html>
`
  return page.text
}

function link({ text, href }: ShellFacts['links'][number]): Html {
  return html`<a href="${href}">${text}</a>`
}
