/** What a change stream says of one change, as far as it is looked at. */
export interface DocumentChange {
  readonly operationType: string
  readonly updateDescription?: {
    readonly updatedFields?: object | null
    readonly removedFields?: readonly string[]
    readonly truncatedArrays?: readonly { readonly field: string }[]
  }
}

/**
 * Whether a change can make another account of a document. Bots also write what nobody here reads, such as the time of the
 * last message, and often: only an update that names its fields, none of them ours, is passed over.
 * @param fields paths that are read or asked for; one that is an operator ($or) hides what it asks for
 */
export function concerns({ operationType, updateDescription }: DocumentChange, fields: readonly string[]): boolean {
  if (operationType !== 'update' || updateDescription === undefined) return true
  if (fields.some((field) => field.startsWith('$'))) return true
  const { updatedFields, removedFields = [], truncatedArrays = [] } = updateDescription
  const touched = [...Object.keys(updatedFields ?? {}), ...removedFields, ...truncatedArrays.map(({ field }) => field)]
  return touched.some((path) => fields.some((field) => overlap(path, field)))
}

function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`)
}
