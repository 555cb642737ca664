/** Grafana's dark theme. */
export const THEME = {
  page: '#111217',
  panel: '#181b1f',
  border: '#24272d',
  text: '#ccccdc',
  weak: '#8e8fa0',
  grid: 'rgba(204,204,220,0.09)',
} as const

/** Colours of Grafana's palette by name. */
const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  yellow: '#fade2a',
  orange: '#ff9830',
  red: '#f2495c',
  'dark-red': '#c4162a',
  blue: '#5794f2',
  'light-blue': '#8ab8ff',
  purple: '#b877d9',
  'semi-dark-purple': '#a352cc',
  text: THEME.text,
}

/** Colours of series that have none of their own, in Grafana's order. */
const CLASSIC = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#5794f2',
  '#b877d9',
  '#705da0',
  '#37872d',
  '#fade2a',
  '#447ebc',
  '#c15c17',
  '#890f02',
  '#0a437c',
  '#6d1f62',
  '#584477',
] as const

export function colourOf(name: string): string {
  return NAMED[name] ?? name
}

export function classicColour(index: number): string {
  return CLASSIC[index % CLASSIC.length] ?? CLASSIC[0]
}

/** Text that can be read on a ground of this colour. */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = (/^#(..)(..)(..)$/.exec(colour) ?? [])
    .slice(1)
    .map((part) => Number.parseInt(part, 16))
  return red * 0.299 + green * 0.587 + blue * 0.114 > 140 ? '#111217' : '#ffffff'
}

/** A text as it stands in HTML and SVG. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
