import { closeSync, openSync, readSync } from 'node:fs'
import type { Fault } from './fault.ts'

/** Ten thousand accounts by hand take about one. */
const LIMIT_BYTES = 4 * 1024 * 1024

const FAILURES: Readonly<Record<string, { rule: string; hint: string }>> = {
  ENOENT: { rule: 'does not exist', hint: 'Copy config.example.yml to it, or name another file' },
  EISDIR: { rule: 'is a directory', hint: 'Name the file in it' },
  EACCES: { rule: 'may not be read (EACCES)', hint: 'Give the user of the exporter the right to read it' },
  ENOTDIR: { rule: 'does not exist: a part of its path is a file', hint: 'Check the path' },
}

/** Reads at most `limitBytes + 1` bytes, so that a device or a huge file does not fill the memory. Throws errors of node:fs. */
export function readBounded(path: string, limitBytes: number): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    let total = 0
    while (total <= limitBytes) {
      const chunk = Buffer.alloc(65_536)
      const length = readSync(descriptor, chunk)
      if (length === 0) break
      chunks.push(chunk.subarray(0, length))
      total += length
    }
    return Buffer.concat(chunks)
  } finally {
    closeSync(descriptor)
  }
}

export type ReadBytes = (path: string, limitBytes: number) => Uint8Array

/** The text of a configuration file without byte order mark, or the one fault that explains why there is none. */
export function readText(path: string, readBytes: ReadBytes): { text: string } | { fault: Fault } {
  let bytes: Uint8Array
  try {
    bytes = readBytes(path, LIMIT_BYTES)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const failure = FAILURES[code] ?? { rule: `cannot be read (${code})`, hint: 'Check the path and the disk' }
    return { fault: { path: '', ...failure } }
  }
  if (bytes.length > LIMIT_BYTES) {
    const hint = 'Is this the right file? Let gateways list their accounts with discover: true'
    return { fault: { path: '', rule: `is larger than ${LIMIT_BYTES / 1024 / 1024} MiB`, hint } }
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return { text }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  return { fault: { path: '', rule: 'is not a text in UTF-8', hint: 'Is this the right file? Save it as UTF-8' } }
}
