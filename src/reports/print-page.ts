// The finished page, made lighter for the printer. What it looks like and what its text says stays the same.

/**
 * The page with charts of fewer elements, which is what printing time goes into: tips that only a pointing hand sees are
 * left out, the labels of a chart are one text, and boxes of one colour are one shape where nothing lies between them.
 */
export function lightened(page: string): string {
  return page.replace(/(<svg [^>]*>)([\s\S]*?)<\/svg>/g, (_, head: string, marks: string) => {
    const bare = marks.replace(/(<rect [^>]*>)<title>[^<]*<\/title>/g, '$1')
    return `${head}${withOneText(/<(?:line|path|circle) /.test(bare) ? bare : withOneShapePerColour(bare))}</svg>`
  })
}

function withOneText(marks: string): string {
  const labels: string[] = []
  const rest = marks.replace(/<text ([^>]*)>([^<]*)<\/text>/g, (_, place: string, text: string) => {
    labels.push(`<tspan ${place}>${text}</tspan>`)
    return ''
  })
  return labels.length === 0 ? marks : `${rest}<text>${labels.join('')}</text>`
}

const BOX = /<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)" class="([^"]*)"><\/rect>/g

function withOneShapePerColour(marks: string): string {
  const outlines = new Map<string, string>()
  const rest = marks.replace(BOX, (_, x: string, y: string, width: string, height: string, kind: string) => {
    outlines.set(kind, `${outlines.get(kind) ?? ''}M${x} ${y}h${width}v${height}h-${width}z`)
    return ''
  })
  const shapes = [...outlines].map(([kind, outline]) => `<path d="${outline}" class="${kind}"/>`)
  // Labels stand on the boxes.
  const firstLabel = rest.indexOf('<text ')
  const at = firstLabel < 0 ? rest.length : firstLabel
  return `${rest.slice(0, at)}${shapes.join('')}${rest.slice(at)}`
}

const SCREEN_ONLY = 'letters'

/**
 * The page with nothing to lay out until it is printed. A browser lays out every page for its screen first, and again
 * when fonts arrive, which takes longer than the printing; here it finds there one line with all letters, so that it
 * loads the fonts. A page that is not built as ours are, one `main` in its `body`, stays as it is.
 */
export function forPaperOnly(page: string): string {
  const main = page.indexOf('<body>\n<main>')
  if (main < 0) return page
  const body = main + '<body>'.length
  const letters = [...new Set(page.slice(body).replace(/<[^>]*>|[&<>]/g, ''))].join('')
  const style = `<style>@media screen { main { display: none } } @media print { .${SCREEN_ONLY} { display: none } }</style>`
  const line = `<p class="${SCREEN_ONLY}">${letters}<b>${letters}</b></p>`
  return `${page.slice(0, body)}${line}${page.slice(body)}`.replace('</head>', () => `${style}</head>`)
}

const MEASURING = 'measuring'
const HASTY = 'hasty'

/**
 * Size of the screen on which a page is printed. Before every print Chromium lays the page out once more, to learn the
 * size of its first sheet, and as wide as the screen. On one that is narrower than any paper there is nothing to lay out.
 */
export const PRINT_SCREEN = { width: 100, height: 100 }
const WIDEST_SCREEN = '300px'

/**
 * The page so that it is first laid out with nothing painted and charts empty, which tells on which page each heading
 * stands, and no more. `finishing` ends that.
 */
export function measurable(page: string): string {
  const style = `<style>.${MEASURING} * { visibility: hidden !important } .${MEASURING} svg > * { display: none } @media print and (max-width: ${WIDEST_SCREEN}) { .${HASTY} main { display: none } }</style>`
  return page.replace('<html ', `<html class="${MEASURING} ${HASTY}" `).replace('</head>', () => `${style}</head>`)
}

/**
 * What the browser is to run, when it has told on which page each heading stands: the numbers are written into the
 * elements that wait for them, and everything is painted. Where no heading was found, a browser may do without the
 * layout of PRINT_SCREEN or do it otherwise: then everything is laid out each time, rather than not at all.
 * @param pages page numbers by the ids of headings
 */
export function finishing(pages: ReadonlyMap<string, number>): string {
  const done = [MEASURING, ...(pages.size === 0 ? [HASTY] : [])]
  return `{
    const pages = new Map(${JSON.stringify([...pages])})
    for (const element of document.querySelectorAll('[data-page-of]'))
      element.textContent = String(pages.get(element.dataset.pageOf) ?? '')
    document.documentElement.classList.remove(${done.map((name) => `'${name}'`).join(', ')})
  }`
}

/** Whether any element waits for a page number. */
export function wantsPageNumbers(page: string): boolean {
  return page.includes('data-page-of="')
}
