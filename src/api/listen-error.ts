/** The server cannot listen. The message names the address or file, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}
