import { errorTypeOf, type SpanStart, type Tracing, traced } from '../tracing/span.ts'
import type { MailSession } from './mail.ts'
import type { PdfRenderer } from './pdf.ts'

/** A report is a trace of its own, and rare enough to be kept always. */
export function reportSpan(schedule: string, period: string): SpanStart {
  const attributes = { 'whatsapp.report.schedule': schedule, 'whatsapp.report.period': period }
  return { detached: true, sampling: 'always', attributes }
}

/** The same renderer, whose prints are spans. */
export function tracedRenderer(renderer: PdfRenderer, tracing: Tracing | undefined): PdfRenderer {
  if (tracing === undefined) return renderer
  return { ...renderer, render: (...args) => traced(tracing, 'print', {}, () => renderer.render(...args)) }
}

/** The same session, whose messages are spans; to whom they go is nobody's business where traces are read. */
export function tracedSession(session: MailSession, tracing: Tracing | undefined): MailSession {
  if (tracing === undefined) return session
  return {
    ...session,
    async send(...args) {
      const span = tracing.start('report mail', { kind: 'client', detached: true, sampling: 'always' })
      try {
        return await span.within(() => session.send(...args))
      } catch (error) {
        // Not its message: what a mail server says often repeats the address.
        span.fail({ code: errorTypeOf(error) })
        throw error
      } finally {
        span.end()
      }
    },
  }
}
