/**
 * A mail address in any text: its first part plain or quoted (RFC 5321 §4.1.2), with the first letter of it. Quotes
 * around a whole address are no part of it.
 */
const FIRST_PART = /"((?:[^"\\]|\\.)*)"@|([^\s@<>"'])[^\s@<>"]*@/gsu

/** Hides whose mail addresses a text names, but for the first letter; the servers stay, because that is where trouble is. */
export function hiddenAddresses(text: string): string {
  return text.replace(
    FIRST_PART,
    (_, quoted: string | undefined, first: string | undefined) => `${first ?? Array.from(quoted ?? '')[0] ?? ''}***@`,
  )
}
