/** Facts about a piece of work. Phone numbers in texts are masked before they leave; secrets do not belong here. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface SpanStart {
  /** Who calls whom over the network. @default 'internal' */
  readonly kind?: 'internal' | 'client' | 'server'
  readonly attributes?: Attributes
  /** Under which span it belongs. @default the active one; without one, it begins a trace */
  readonly parent?: Span | undefined
  /** The caller's trace, by its W3C headers; what cannot be read begins a trace of its own. */
  readonly caller?: { readonly traceparent: string; readonly tracestate?: string | undefined }
  /** Begins a trace of its own, which points at the active span: for work that outlives what caused it. */
  readonly detached?: boolean
  /**
   * `always`: too rare and too telling to leave to chance.
   * `thinned`: one of very many under a parent that is kept; only the sampled share of them is.
   * @default what the parent has, or chance where there is none
   */
  readonly sampling?: 'always' | 'thinned'
}

/** A piece of work while it is under way. Calls after its end do nothing. */
export interface Span {
  /** Whether anybody will see it: what is dear to work out need not be set otherwise. */
  readonly recorded: boolean
  set(attributes: Attributes): void
  /** A moment within the work. */
  note(event: string, attributes?: Attributes): void
  /** Says that the work failed: the error's `code`, else its name, becomes `error.type`, and its message the description. */
  fail(error: unknown): void
  end(): void
  /** Runs work, and everything that it starts, with this span as the active one. */
  within<T>(work: () => T): T
}

/** Where spans begin. Absent, and not merely idle, where nothing is traced: then tracing costs nothing. */
export interface Tracing {
  start(name: string, start?: SpanStart): Span
  /** The span in whose `within` this runs. */
  active(): Span | undefined
  /** W3C headers that carry the active span on to another program; empty outside of one. */
  headers(): Readonly<Record<string, string>>
}

/** Does work as a span, which ends and fails with it. */
export async function traced<T>(
  tracing: Tracing | undefined,
  name: string,
  start: SpanStart,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (tracing === undefined) return await work(undefined)
  const span = tracing.start(name, start)
  try {
    return await span.within(() => work(span))
  } catch (error) {
    span.fail(error)
    throw error
  } finally {
    span.end()
  }
}

/** Error type as OpenTelemetry wants it: one of few. */
export function errorTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

/** What an error says; '' where it says nothing. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return ''
  return typeof error.message === 'string' ? error.message : ''
}
