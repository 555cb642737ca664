import type { PageFormat } from './text-format.ts'

/** What a scraper gets for its Accept and Accept-Encoding headers. */
export interface Negotiated {
  readonly format: PageFormat
  readonly gzip: boolean
}

/** Reads both headers. Whatever is missing, unknown or refused comes out as plain text 0.0.4: a scrape is never answered 406. */
export function negotiate(accept: string | undefined, acceptEncoding: string | undefined): Negotiated {
  return { format: pageFormat(accept ?? ''), gzip: takesGzip(acceptEncoding ?? '') }
}

interface Offer {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
  /** 0 to 1; 1 where the header gives none, 0 where it cannot be read. */
  readonly quality: number
}

/** OpenMetrics must be named, at no lower quality than text; of equals the one named first wins, as in Go's promhttp. */
function pageFormat(accept: string): PageFormat {
  const offers = readOffers(accept).filter(({ quality }) => quality > 0)
  const openMetrics = best(offers.filter(isOpenMetrics))
  if (openMetrics === undefined) return 'text'
  const text = best(offers.filter(isText))
  if (text === undefined || openMetrics.quality > text.quality) return 'openmetrics'
  if (openMetrics.quality < text.quality) return 'text'
  return offers.indexOf(openMetrics) < offers.indexOf(text) ? 'openmetrics' : 'text'
}

function isOpenMetrics({ value, parameters }: Offer): boolean {
  return value === 'application/openmetrics-text' && (parameters.get('version') ?? '1.0.0') === '1.0.0'
}

function isText({ value, parameters }: Offer): boolean {
  return value === 'text/plain' && (parameters.get('version') ?? '0.0.4') === '0.0.4'
}

function takesGzip(acceptEncoding: string): boolean {
  const offers = readOffers(acceptEncoding)
  const gzip = offers.find(({ value }) => value === 'gzip') ?? offers.find(({ value }) => value === '*')
  const identity = offers.find(({ value }) => value === 'identity')
  return gzip !== undefined && gzip.quality > 0 && gzip.quality >= (identity?.quality ?? 0)
}

function best(offers: readonly Offer[]): Offer | undefined {
  return offers.reduce<Offer | undefined>(
    (found, offer) => (found === undefined || offer.quality > found.quality ? offer : found),
    undefined,
  )
}

/** Splits a header of the form `value;parameter=x;q=0.5, …`. */
function readOffers(header: string): readonly Offer[] {
  return header.split(',').flatMap((item) => {
    const [value = '', ...rest] = item.split(';').map((part) => part.trim().toLowerCase())
    if (value === '') return []
    const parameters = new Map(
      rest.map((part) => {
        const [name = '', text = ''] = part.split('=', 2)
        return [name.trim(), text.trim().replace(/^"(.*)"$/, '$1')]
      }),
    )
    return [{ value, parameters, quality: readQuality(parameters.get('q')) }]
  })
}

function readQuality(text: string | undefined): number {
  if (text === undefined) return 1
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}
