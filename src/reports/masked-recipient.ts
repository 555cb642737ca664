/** Hides whose mail addresses a text names; the servers stay, because that is where trouble is. */
export function maskedRecipient(text: string): string {
  return text.replace(/([^\s@<>"'])[^\s@<>"']*@/g, '$1***@')
}
