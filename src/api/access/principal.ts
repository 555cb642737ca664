/** Who asks. */
export interface Principal {
  /** User or token name; never a secret. */
  readonly name: string
  readonly role: 'read' | 'operate'
}

/** Everybody, where no authentication is configured. */
export const EVERYBODY: Principal = { name: 'anonymous', role: 'operate' }

/** Whoever asks for an open path, or signs its request in another way. */
export const NOBODY: Principal = { name: 'nobody', role: 'read' }
