// What we read of and write into the PDF that Chromium makes. Its objects are plain text but for their streams.

/**
 * Page (from 1) of every link target, by the id of its HTML element.
 * Targets that cannot be found, because a later Chromium writes them differently, are left out.
 */
export function destinationPages(pdf: Uint8Array): ReadonlyMap<string, number> {
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength).toString('latin1')
  const objects = new Map(
    [...text.matchAll(/(?:^|\n)(\d+) 0 obj\n(<<[^>]*\/Type \/Pages?\b[\s\S]*?)\nendobj/g)].map(
      ([, id = '', body = '']) => [id, body],
    ),
  )
  const order: string[] = []
  const root = [...objects].find(([, body]) => /\/Type \/Pages\b/.test(body) && !/\/Parent\b/.test(body))
  if (root === undefined) return new Map()
  const visit = (id: string): void => {
    const body = objects.get(id) ?? ''
    const kids = /\/Kids \[([^\]]*)\]/.exec(body)?.[1]
    if (kids === undefined) order.push(id)
    else for (const [, kid = ''] of kids.matchAll(/(\d+) 0 R/g)) visit(kid)
  }
  visit(root[0])
  const found = new Map<string, number>()
  for (const [, name = '', page = ''] of text.matchAll(/\/([A-Za-z0-9_-]+) \[(\d+) 0 R \/XYZ/g)) {
    const place = order.indexOf(page)
    if (place >= 0 && name !== 'Dest') found.set(name, place + 1)
  }
  return found
}

/**
 * The same PDF with both its dates set, so that the moment of printing leaves no trace in the bytes. No byte moves.
 * @param dateMs Unix milliseconds
 */
export function withFixedDates(pdf: Uint8Array, dateMs: number): Uint8Array {
  const bytes = Buffer.from(pdf)
  const digits = new Date(dateMs).toISOString().replace(/\D/g, '').slice(0, 14)
  const head = bytes.subarray(0, 4_096).toString('latin1')
  for (const { index, 0: found, 1: name = '' } of head.matchAll(/\/(CreationDate|ModDate) \(D:\d{14}([^)]*)\)/g)) {
    const start = index + found.indexOf('D:') + 2
    bytes.write(digits, start, 'latin1')
    // The offset of the machine's zone, which is as long as that of UTC.
    const zone = found.slice(found.indexOf('D:') + 16, -1)
    if (name !== '' && zone.length === 7) bytes.write("+00'00'", start + 14, 'latin1')
  }
  return bytes
}
