/** Which accounts an event is about: native ids, or every account of the gateway. */
export type Subject = readonly string[] | 'all'

type Json = Readonly<Record<string, unknown>>

/** Events that tell of a connection; the others (messages, receipts) cause no check. */
const CONNECTION_EVENTS: Readonly<Record<string, ReadonlySet<string>>> = {
  waha: new Set(['session.status', 'state.change']),
  evolution: new Set(['connection.update', 'qrcode.updated', 'logout.instance', 'remove.instance', 'status.instance']),
  wppconnect: new Set(['status-find', 'qrcode', 'phonecode', 'closesession', 'logoutsession']),
}

/** Changes of a WhatsApp Business account that touch whether its numbers can send. */
const META_FIELDS = new Set([
  'account_alerts',
  'account_review_update',
  'account_update',
  'business_capability_update',
  'phone_number_name_update',
  'phone_number_quality_update',
])

/** Reads whom an event is about; empty where it is about nobody's connection. */
export function subjectOf(driver: string, event: Json): Subject {
  if (driver === 'cloud-api') return metaFields(event).some((field) => META_FIELDS.has(field)) ? 'all' : []
  const known = CONNECTION_EVENTS[driver]
  // Evolution writes CONNECTION_UPDATE in some versions.
  const name = String(event['event'] ?? '')
    .toLowerCase()
    .replaceAll('_', '.')
  if (known !== undefined && !known.has(name)) return []
  const id = event['session'] ?? event['instance'] ?? event['account'] ?? event['device_id']
  return typeof id === 'string' && id !== '' ? [id] : []
}

/** `entry[].changes[].field` of a Meta webhook. */
function metaFields(event: Json): string[] {
  return list(event['entry'])
    .flatMap((entry) => list(entry['changes']))
    .map((change) => String(change['field'] ?? ''))
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** Whether a JSON value is an object with members. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
