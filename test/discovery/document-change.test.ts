import { expect, test } from 'vitest'
import { concerns, type DocumentChange } from '../../src/discovery/document-change.ts'

const FIELDS = ['account', 'contact.phone', 'team']
const update = (updateDescription: DocumentChange['updateDescription']): DocumentChange => ({
  operationType: 'update',
  ...(updateDescription && { updateDescription }),
})

test.each<[string, boolean, DocumentChange, string[]?]>([
  ['a new document', true, { operationType: 'insert' }],
  ['a document that goes', true, { operationType: 'delete' }],
  ['a collection that is dropped', true, { operationType: 'drop' }],
  ['a field that is read', true, update({ updatedFields: { account: 'b' } })],
  ['the document around a field that is read', true, update({ updatedFields: { contact: {} } })],
  ['a field within one that is read', true, update({ updatedFields: { 'team.lead': 'x' } })],
  ['a field that is taken away', true, update({ removedFields: ['team'] })],
  ['a list that is cut', true, update({ truncatedArrays: [{ field: 'team' }] })],
  ['an update that does not name its fields', true, update(undefined)],
  ['any field where the filter is an operator', true, update({ updatedFields: { seen: 1 } }), ['account', '$or']],
  ['a field that nobody reads', false, update({ updatedFields: { lastMessageAt: 1 }, removedFields: ['draft'] })],
  ['a field beside one that is read', false, update({ updatedFields: { 'contact.mail': 'x', accounts: 1 } })],
  ['nothing at all', false, update({ updatedFields: null })],
])('a change of %s concerns the accounts: %s', (_, expected, change, fields = FIELDS) => {
  expect(concerns(change, fields)).toBe(expected)
})
