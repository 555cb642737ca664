import { Problem } from './problem.ts'
import type { Reply } from './route.ts'

const SEND_WITHIN_MS = 300_000

/** A file as a download. */
export function fileReply({
  name,
  type,
  content,
}: {
  readonly name: string
  readonly type: string
  readonly content: Uint8Array
}): Reply<never> {
  return {
    chunks: [Buffer.from(content.buffer, content.byteOffset, content.byteLength)],
    sizeBytes: content.byteLength,
    contentType: type,
    headers: { 'content-disposition': `attachment; filename="${name.replace(/[^A-Za-z0-9._-]/g, '_')}"` },
    release() {},
    sendWithinMs: SEND_WITHIN_MS,
  }
}

/** Errors of the reports, known by their names, as problems. */
export async function reported<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.name === 'RequestsFullError' || error.name === 'DocumentsFullError')
      throw new Problem('unavailable', error.message, { cause: error, headers: { 'retry-after': '60' } })
    if (error.name === 'PdfError' || error.name === 'ReportsFolderError')
      throw new Problem('unavailable', error.message, { cause: error })
    throw error
  }
}
