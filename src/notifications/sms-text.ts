import { type Alert, type AlertMessage, labelOf } from './alert-message.ts'

/** One SMS: 160 characters of the GSM alphabet, or 70 of any other (3GPP TS 23.038, TS 23.040). */
const GSM_LENGTH = 160
const UNICODE_LENGTH = 70
const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
/** These take two places. */
const GSM_EXTENDED = '^{}\\[~]|€\f'
const MORE = '...'

/** The message as one SMS: how bad, what, where, how many, and as many names as fit. */
export function smsText({ groupLabels, truncatedAlerts, alerts }: AlertMessage): string {
  const firing = alerts.filter(({ status }) => status === 'firing')
  const over = alerts.length - firing.length
  const [first] = alerts
  const name = (groupLabels['alertname'] ?? (first === undefined ? '' : labelOf(first, 'alertname'))).replace(
    /^WhatsApp/,
    '',
  )
  const gateway = groupLabels['gateway'] ?? ''
  const head = firing.length === 0 ? 'OK' : severity(firing).toUpperCase()
  const counts = [
    ...(firing.length === 0 ? [] : [`${firing.length + truncatedAlerts} firing`]),
    ...(over === 0 ? [] : [`${over} over`]),
  ].join(', ')
  const start = `${head} ${name}${gateway === '' ? '' : ` at ${gateway}`}: ${counts}`
  const accounts = (firing.length === 0 ? alerts : firing).map((alert) => labelOf(alert, 'account')).filter(Boolean)
  return cutToOneSms(withNames(start, [...new Set(accounts)]))
}

/** The text, cut so that it is sent as one SMS. */
export function cutToOneSms(text: string): string {
  if (fits(text)) return text
  const characters = [...text]
  while (characters.length > 0 && !fits(characters.join('') + MORE)) characters.pop()
  return characters.join('') + MORE
}

function withNames(start: string, names: readonly string[]): string {
  for (let count = names.length; count > 0; count--) {
    const left = names.length - count
    const text = `${start} (${names.slice(0, count).join(', ')}${left === 0 ? '' : `, ${left} more`})`
    if (fits(text)) return text
  }
  return start
}

function fits(text: string): boolean {
  let length = 0
  for (const character of text) {
    if (GSM.includes(character)) length += 1
    else if (GSM_EXTENDED.includes(character)) length += 2
    else return text.length <= UNICODE_LENGTH
  }
  return length <= GSM_LENGTH
}

function severity(alerts: readonly Alert[]): string {
  const found = new Set(alerts.map((alert) => labelOf(alert, 'severity')))
  return ['critical', 'warning', 'info'].find((one) => found.has(one)) ?? 'alert'
}
