/** Reads one place of a parsed JSON value; undefined where there is nothing. */
export type PointerReader = (value: unknown) => unknown

/** Compiles a JSON pointer (RFC 6901), so that a reading per check splits no text. `''` is the whole value. */
export function pointerReader(pointer: string): PointerReader {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (value) => {
    let place = value
    for (const segment of segments) {
      // Own properties only: a pointer must not reach into prototypes.
      if (typeof place !== 'object' || place === null || !Object.hasOwn(place, segment)) return undefined
      place = (place as Record<string, unknown>)[segment]
    }
    return place
  }
}
