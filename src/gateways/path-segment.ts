/**
 * One segment of a URL path. Takes any text: a lone surrogate does not throw, and `.` and `..` do not climb.
 */
export function pathSegment(text: string): string {
  if (text === '.') return '%2E'
  if (text === '..') return '%2E%2E'
  return encodeURIComponent(text.toWellFormed())
}
