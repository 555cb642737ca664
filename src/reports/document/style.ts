import type { ReportLook } from './writing.ts'

const PAPERS = {
  a4: { name: 'A4', width: '210mm', height: '297mm' },
  letter: { name: 'letter', width: '8.5in', height: '11in' },
} as const

/** A string of CSS; whatever could end it or the style element is written as a number. */
export function cssString(text: string): string {
  return `"${text.replace(/[^A-Za-z0-9 .,:;–·-]/gu, (character) => `\\${(character.codePointAt(0) ?? 0).toString(16)} `)}"`
}

/** Relative luminance, 0 (black) to 1 (white), by WCAG 2. @param colour `#rrggbb` */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((from) => {
    const channel = Number.parseInt(colour.slice(from, from + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast of two colours by WCAG 2, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const WHITE = '#ffffff'
const BLACK = '#111827'
/** Lines of a chart must stand out at least so much from white paper (WCAG 2, 1.4.11). */
const LEAST_CONTRAST = 3

/** White or black text, whichever is easier to read on the colour. */
export function inkOn(colour: string): string {
  return contrast(colour, WHITE) >= contrast(colour, BLACK) ? WHITE : BLACK
}

/** The colour for lines on white paper: the brand's own, or a dark grey where that is too pale to be seen. */
function lineOf(colour: string): string {
  return contrast(colour, WHITE) >= LEAST_CONTRAST ? colour : '#374151'
}

/** A cover fills the first page. It is `:first`, because of a named page the printer learns only when all is laid out. */
const COVER_PAGE = '@page :first { margin: 0; @bottom-left { content: none } @bottom-right { content: none } }'

/**
 * The style of a report, on paper and on a screen.
 * @param footer what stands at the foot of every page, left
 * @param hasCover whether the first page is a cover
 */
export function reportStyle(look: ReportLook, footer: string, hasCover: boolean): string {
  const paper = PAPERS[look.paper]
  const { colour } = look.brand
  return `
@page { size: ${paper.name}; margin: 17mm 16mm 18mm;
  @bottom-left { content: ${cssString(footer)}; font: 7.5pt Inter, sans-serif; color: #6b7280 }
  @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt Inter, sans-serif; color: #6b7280 } }
${hasCover ? COVER_PAGE : ''}
:root { --brand: ${colour}; --brand-ink: ${inkOn(colour)}; --brand-line: ${lineOf(colour)}; --ink: #111827; --dim: #5b6472; --line: #dde1e7; --soft: #f4f6f8;
  --calm: #d3e9e4; --within: #93c9bd; --beyond: #f3b562; --far: #b3312c; --blind: #e7e9ed; color-scheme: light }
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact }
html { font: 9.5pt/1.45 Inter, "Noto Sans", "DejaVu Sans", "Liberation Sans", sans-serif; color: var(--ink); hyphens: manual }
body { margin: 0 }
h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; break-after: avoid; margin: 0 }
h1 { font-size: 26pt; letter-spacing: -.02em }
h2 { font-size: 15pt; letter-spacing: -.01em; margin: 0 0 3.5mm; padding-bottom: 1.6mm; border-bottom: .6mm solid var(--brand) }
h3 { font-size: 10.5pt; margin: 5.5mm 0 2mm }
h4 { font-size: 9pt; margin: 4mm 0 1.2mm }
p { margin: 0 0 2mm; orphans: 3; widows: 3 }
small, .dim { color: var(--dim); font-size: .88em; font-weight: 400 }
a { color: inherit; text-decoration-color: #aab2bd; text-underline-offset: .6mm; text-decoration-thickness: .2mm }
section { margin-bottom: 10mm }
figure { margin: 0 0 3mm; break-inside: avoid }
.fresh { break-before: page }
.together { break-inside: avoid }
/* cover */
.cover { break-after: page; height: ${paper.height}; display: flex; flex-direction: column }
.cover header { background: var(--brand); color: var(--brand-ink); padding: 20mm 18mm 16mm; min-height: 104mm; display: flex; flex-direction: column }
.cover .brand { font-size: 11pt; font-weight: 600; margin-bottom: auto; display: flex; align-items: center; gap: 3mm }
.brand img { max-height: 12mm; max-width: 50mm }
.cover h1 { font-size: 32pt; margin: 16mm 0 3mm }
.cover .when { font-size: 13pt; margin: 0 }
.cover .about { font-size: 9pt; margin: 2mm 0 0; opacity: .86 }
.cover .inside { padding: 12mm 18mm 14mm; flex: 1; display: flex; flex-direction: column; gap: 9mm }
.verdict-text { font-size: 15pt; line-height: 1.35; font-weight: 600; letter-spacing: -.01em; margin: 0; padding-left: 5mm; border-left: 1.4mm solid var(--dim) }
.verdict-text.met { border-color: #2a8a78 } .verdict-text.missed { border-color: var(--far) }
.verdict-text small { display: block; font-size: 9pt; margin-top: 1.5mm }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 3mm; margin: 0 }
.tiles div { background: var(--soft); border-radius: 1.5mm; padding: 3mm 3.5mm; break-inside: avoid }
.tiles dt { color: var(--dim); font-size: 7.8pt; line-height: 1.25; min-height: 2.5em }
.tiles dd { margin: .6mm 0 0; font-size: 14pt; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.15 }
.tiles dd small { display: block; font-size: 7.8pt; margin-top: .6mm }
.contents { margin-top: auto }
.contents h2 { font-size: 9pt; border: 0; padding: 0; margin: 0 0 2mm; color: var(--dim) }
.contents ol { list-style: none; margin: 0; padding: 0; columns: 2; column-gap: 10mm }
.contents li { break-inside: avoid; margin: 0 0 1.2mm }
.contents a { display: flex; gap: 2mm; text-decoration: none }
.contents a::before { content: ""; order: 1; flex: 1; border-bottom: .25mm dotted #a3abb6; transform: translateY(-1mm) }
.page { order: 2; min-width: 5mm; text-align: right; font-variant-numeric: tabular-nums }
.masthead { display: flex; justify-content: space-between; align-items: flex-end; gap: 8mm; border-bottom: 1.2mm solid var(--brand); padding-bottom: 4mm; margin-bottom: 6mm }
.masthead h1 { font-size: 20pt } .masthead p { margin: 1mm 0 0 } .masthead .brand { font-weight: 600; text-align: right }
.opening { display: grid; gap: 5mm; margin-bottom: 8mm }
/* one page */
.tight .masthead { padding-bottom: 3mm; margin-bottom: 4mm } .tight .opening { gap: 4mm; margin-bottom: 4mm } .tight h3 { margin: 4mm 0 1.5mm } .tight .verdict-text { font-size: 13pt }
.tight .tiles { gap: 2mm } .tight .tiles div { padding: 2mm 3mm } .tight .tiles dt { min-height: 0; font-size: 7.4pt } .tight .tiles dd { font-size: 12.5pt } .tight figure { margin-bottom: 1mm }
.tight .notes { padding: 2mm 3.5mm; font-size: 8pt; margin: 3mm 0 0 } .tight .notes h3 { margin: 0 0 .5mm; font-size: 8.5pt }
/* tables */
table { border-collapse: collapse; width: 100%; font-size: 8.2pt; font-variant-numeric: tabular-nums; margin: 0 0 3mm }
thead { display: table-header-group }
th { text-align: left; color: var(--dim); font-weight: 600; vertical-align: bottom; font-size: 7.6pt }
th[scope=row] { color: inherit; font-size: inherit }
td, th { padding: 1.25mm var(--gap, 1.6mm); border-bottom: .2mm solid var(--line); vertical-align: top }
thead th { border-bottom: .4mm solid #9aa3af }
tr { break-inside: avoid }
td:first-child, th:first-child { padding-left: 0 } td:last-child, th:last-child { padding-right: 0 }
.n { text-align: right } td.n { white-space: nowrap } .when-cell { white-space: nowrap }
bdi { overflow-wrap: anywhere }
.ranking .name { display: block; min-width: 26mm } .ranking { --gap: .9mm } .ranking table, .ranking th[scope=row] { font-size: 7.2pt } .ranking th { font-size: 6.9pt } .ranking .strip { min-width: 19mm }
.compact td, .compact th { padding-top: .75mm; padding-bottom: .75mm }
.chip { white-space: nowrap; font-weight: 600 }
.chip::before { content: ""; display: inline-block; width: 2mm; height: 2mm; border-radius: 1mm; margin-right: 1.2mm; background: var(--dim) }
.chip.met::before { background: #2a8a78 } .chip.missed { color: var(--far) } .chip.missed::before { background: var(--far); border-radius: 0 }
.better { color: #1d6b5d } .worse { color: var(--far) }
.notes { background: #fff7e8; border-left: 1mm solid #e0a030; padding: 3mm 4mm; margin: 0 0 4mm; break-inside: avoid }
.notes h3 { margin: 0 0 1mm } .notes ul { margin: 0; padding-left: 4.5mm }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8mm }
.facts { display: grid; grid-template-columns: repeat(6, auto); gap: 0 5mm; margin: 0 0 2mm; justify-content: space-between }
.facts div { min-width: 0 } .facts dt { color: var(--dim); font-size: 7.4pt } .facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums }
.account { break-inside: avoid; border-top: .3mm solid var(--line); padding-top: 4mm; margin-bottom: 7mm }
.account > header { display: flex; justify-content: space-between; align-items: baseline; gap: 5mm; margin-bottom: 2.5mm }
.account h3 { margin: 0; font-size: 11.5pt }
.method dt { font-weight: 600 } .method dd { margin: .3mm 0 2.6mm } .method { margin: 0 }
.method { columns: 2; column-gap: 9mm; break-inside: avoid } .method div { break-inside: avoid }
.story { list-style: none; margin: 0; padding: 0 } .story li { display: grid; grid-template-columns: 38mm 1fr; gap: 4mm; padding: 1.4mm 0 1.4mm; border-bottom: .2mm solid var(--line); break-inside: avoid }
.story time { color: var(--dim); font-variant-numeric: tabular-nums } .story .key { font-weight: 600 }
/* charts */
.chart { display: block; width: 100%; height: auto; overflow: visible; font-family: inherit }
.chart text { font-size: 9.5px; fill: var(--dim) } .chart .value, .chart .inverse { fill: var(--ink); font-size: 10px } .chart .inverse { fill: #fff }
.chart .small { font-size: 9px } .chart .strong { fill: var(--ink); font-size: 10.5px; font-weight: 600 }
.calm { fill: var(--calm) } .within { fill: var(--within) } .beyond { fill: var(--beyond) } .far { fill: var(--far) } .blind { fill: var(--blind) }
.heat-0 { fill: #eef4f3 } .heat-1 { fill: #fbe3bd } .heat-2 { fill: #f3b562 } .heat-3 { fill: #dc7a3c } .heat-4 { fill: #a32a26 }
.grid { stroke: #e3e6eb; stroke-width: .7 } .zero { stroke: #6b7280; stroke-width: 1 } .frame { fill: none; stroke: #e3e6eb; stroke-width: .7 }
.mean, .budget { fill: none; stroke: var(--brand-line); stroke-width: 1.8; stroke-linejoin: round } .mean.dot { fill: var(--brand-line) } .budget.missed { stroke: var(--far) }
.budget-area { fill: var(--brand-line); opacity: .1 } .missed-zone { fill: #f9e5e4 }
.even { stroke: #9aa3af; stroke-width: 1; stroke-dasharray: 4 3 }
.level { stroke-width: 1 } .level-0 { stroke: #2a8a78; stroke-dasharray: 1 2 } .level-1 { stroke: #d08a1d; stroke-dasharray: 4 2 } .level-2 { stroke: var(--far); stroke-dasharray: 7 2 }
.planned { fill: #cfd5de } .link { fill: #3b6fb0 } .session { fill: #d08a1d } .blocked { fill: var(--far) } .other { fill: #7b8794 }
.strip { display: block; width: 100%; height: 3mm; min-width: 22mm }
@media screen {
  body { background: #e9ecf0 }
  main { max-width: ${paper.width}; margin: 0 auto; background: #fff; padding: 16mm; box-shadow: 0 1px 8px #0002 }
  .cover { height: auto; margin: -16mm -16mm 12mm } .cover header { min-height: 0 }
  .page { display: none }
  .table-frame { overflow-x: auto }
  @media (max-width: 700px) { main { padding: 5mm } .cover { margin: -5mm -5mm 8mm } .cover header, .cover .inside { padding: 8mm 5mm } .tiles { grid-template-columns: repeat(2, 1fr) } .pair, .contents ol { columns: 1; grid-template-columns: 1fr } .method { columns: 1 } .facts { grid-template-columns: repeat(3, auto) } }
}
`
}
