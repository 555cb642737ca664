import type { DatabaseSync } from 'node:sqlite'
import { conditions, page, upsert } from './sqlite-page.ts'
import { maybeText, num, type Row, text, word } from './sqlite-row.ts'
import type { Paged, TextMessage, TextMessageFilter } from './store.ts'

const COLUMNS = [
  'id',
  'receiver',
  'recipient',
  'at_ms',
  'text',
  'status',
  'provider_id',
  'detail',
  'attempts',
  'updated_ms',
]
const STATUSES = ['accepted', 'delivered', 'failed'] as const

/** The rows of text messages. */
export interface TextMessageRows {
  put(message: TextMessage): void
  one(id: string): TextMessage | null
  list(filter: TextMessageFilter): Paged<TextMessage>
}

export function textMessageRows(db: DatabaseSync): TextMessageRows {
  const put = db.prepare(upsert('text_messages', COLUMNS))
  const one = db.prepare('SELECT * FROM text_messages WHERE id = ?')
  return {
    put(message) {
      const { id, receiver, to, atMs, status, providerId, detail, attempts, updatedMs } = message
      put.run(id, receiver, to, atMs, message.text, status, providerId, detail, attempts, updatedMs)
    },
    one(id) {
      const row = one.get(id)
      return row === undefined ? null : textMessageOf(row)
    },
    list(filter) {
      const where = conditions({ limit: filter.limit, cursor: filter.cursor }, 'at_ms')
      if (filter.range !== undefined) where.add('at_ms >= ? AND at_ms < ?', filter.range.fromMs, filter.range.toMs)
      if (filter.receiver !== undefined) where.add('receiver = ?', filter.receiver)
      if (filter.status !== undefined) where.add('status = ?', filter.status)
      return page(db, 'text_messages', where, 'at_ms', filter, textMessageOf)
    },
  }
}

function textMessageOf(row: Row): TextMessage {
  return {
    id: text(row, 'id'),
    receiver: text(row, 'receiver'),
    to: text(row, 'recipient'),
    atMs: num(row, 'at_ms'),
    text: text(row, 'text'),
    status: word(row, 'status', STATUSES, 'failed'),
    providerId: maybeText(row, 'provider_id'),
    detail: text(row, 'detail'),
    attempts: num(row, 'attempts'),
    updatedMs: num(row, 'updated_ms'),
  }
}
