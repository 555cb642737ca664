const PHONE_JID = /^(\d{5,15})(?::\d+)?(?:@(?:s\.whatsapp\.net|c\.us))?$/

/**
 * E.164 digits of a phone-number JID (`5511999990000:12@s.whatsapp.net`, `5511999990000@c.us`) or of bare digits; null for
 * anything else, such as a LID, whose digits are no phone number.
 */
export function jidPhone(jid: string | null | undefined): string | null {
  return PHONE_JID.exec(jid ?? '')?.[1] ?? null
}
