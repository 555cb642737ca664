import type { InboxMessage } from './inbox.ts'

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8886; border-radius: 8px; padding: .75rem 1rem; margin: 1rem 0; }
header { display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
.kind { font-size: .8rem; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 99px; }
time, small { opacity: .7; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0; font: inherit; }
`

/** The inbox as a page, newest message first; loads itself again every 5 seconds. */
export function inboxPage(messages: readonly InboxMessage[]): string {
  const body =
    messages.length === 0
      ? '<p>Nothing has arrived yet. Alerts, reports and text messages show up here.</p>'
      : messages.map(article).join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>Inbox (${messages.length})</title><style>${STYLE}</style></head>
<body>
<h1>Inbox</h1>
<p>Everything that the alerting chain sent: Slack, e-mail, SMS, webhooks. <a href="/sim">The simulated fleet</a></p>
${body}
</body>
</html>
`
}

function article(message: InboxMessage): string {
  const when = new Date(message.receivedAtMs).toISOString()
  const files = message.attachments.map((one) => `${escaped(one.filename)} (${one.sizeBytes} bytes)`).join(', ')
  return `<article>
<header><span class="kind">${message.kind}</span><strong>${escaped(message.subject)}</strong><time datetime="${when}">${when}</time></header>
<small>from ${escaped(message.from)} to ${escaped(message.to)}</small>
<pre>${escaped(message.text)}</pre>${files === '' ? '' : `<small>attached: ${files}</small>`}
</article>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
