import { Marked, type Tokens } from 'marked'
import { Html, html } from '../../html.ts'

/** A page of the documentation as HTML. */
export interface RenderedPage {
  readonly title: string
  readonly body: Html
}

/**
 * Markdown of our own documentation as HTML. Raw HTML in it is shown as text, and comments are left out, so that nothing in
 * a page becomes markup but what Markdown knows.
 * @param isServed whether a link, relative to the page, leads to a page that is served too; other links inside the
 * repository become plain text
 */
export function renderMarkdown(text: string, isServed: (href: string) => boolean): RenderedPage {
  let title = ''
  const markdown = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text: heading }) {
        if (depth === 1 && title === '') title = heading.replaceAll('`', '')
        return html`<h${depth} id="${anchorOf(heading)}">${new Html(this.parser.parseInline(tokens))}</h${depth}>\n`
          .text
      },
      link({ href, tokens }) {
        const inner = new Html(this.parser.parseInline(tokens))
        if (/^https?:\/\//.test(href)) return html`<a href="${href}" rel="noreferrer">${inner}</a>`.text
        const isHere = href.startsWith('#') || isServed(href.replace(/#.*$/, ''))
        return isHere ? html`<a href="${href}">${inner}</a>`.text : inner.text
      },
      // Pictures stay in the repository; what they show is said beside them.
      image: ({ text: alternative }) => html`<em>${alternative}</em>`.text,
      html: ({ text: raw }: Tokens.HTML | Tokens.Tag) => html`${raw.replace(/<!--.*?-->/gs, '')}`.text,
    },
  })
  const body = new Html(markdown.parse(text, { async: false }))
  return { title, body }
}

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
