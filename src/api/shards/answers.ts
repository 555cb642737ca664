import { z } from 'zod'
import { type Fault, Problem, type ProblemCode, problemCodeOf } from '../problem.ts'
import type { Reply } from '../route.ts'
import type { PeerAnswer } from './peers.ts'

type Answer = Exclude<PeerAnswer, { silent: string }>

/** Headers of an answer that hold for whoever asked us, too. */
const KEPT_HEADERS = ['etag', 'cache-control', 'content-disposition', 'cross-origin-resource-policy'] as const
const SEND_WITHIN_MS = 300_000

const PeerProblem = z.looseObject({
  type: z.string(),
  detail: z.string(),
  faults: z.array(z.object({ path: z.string(), rule: z.string() })).optional(),
})
const STANDARD_MEMBERS = new Set(['type', 'title', 'status', 'detail', 'faults'])

/** Whether the other shard did what it was asked. */
export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

/** The answer of another shard as our own reply. @throws Problem what the other one has against the request */
export function replyOf(answer: Answer, ordinal: number): Reply<unknown> {
  if (!isSuccess(answer)) throw problemOf(answer, ordinal)
  const headers: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = answer.header(name)
    if (value !== undefined) headers[name] = value
  }
  return {
    chunks: [answer.body],
    sizeBytes: answer.body.length,
    contentType: answer.header('content-type') ?? 'application/json',
    headers,
    release() {},
    sendWithinMs: SEND_WITHIN_MS,
  }
}

/** The problem document of another shard, thrown here again. */
export function problemOf(answer: Answer, ordinal: number): Problem {
  const parsed = PeerProblem.safeParse(jsonOf(answer))
  const code: ProblemCode | undefined = parsed.success ? problemCodeOf(parsed.data.type) : undefined
  if (!parsed.success || code === undefined || code === 'internal')
    return new Problem('unavailable', `Shard ${ordinal} failed (HTTP ${answer.status}); its log says why.`)
  const { detail, faults, ...rest } = parsed.data
  const members = Object.fromEntries(Object.entries(rest).filter(([name]) => !STANDARD_MEMBERS.has(name)))
  const retryAfter = answer.header('retry-after')
  const told: readonly Fault[] | undefined = faults
  return new Problem(code, detail, {
    members,
    ...(told === undefined ? {} : { faults: told }),
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
  })
}

/**
 * The document in an answer, or why it cannot be used.
 * @throws Problem of a shard that answers, and has too much to do for this caller: it is not silent
 */
export function documentOf<S extends z.ZodType>(
  answer: PeerAnswer,
  schema: S,
): { readonly document: z.output<S> } | { readonly silent: string } {
  if ('silent' in answer) return answer
  if (answer.status === 429) throw tooMany(answer)
  if (!isSuccess(answer)) return { silent: `answers with HTTP ${answer.status}` }
  const parsed = schema.safeParse(jsonOf(answer))
  if (!parsed.success)
    return { silent: 'answers in a form that this version does not know: run one version everywhere' }
  return { document: parsed.data }
}

function tooMany({ header }: Answer): Problem {
  return new Problem('too-many-requests', 'Another shard gets more requests than it takes now. Ask again later.', {
    headers: { 'retry-after': header('retry-after') ?? '5' },
  })
}

/** The Problem of a shard that is needed and does not answer. */
export function silentShard(ordinal: number, why: string): Problem {
  return new Problem('unavailable', `Shard ${ordinal}, which watches this account, ${why}.`, {
    members: { shard: ordinal },
    headers: { 'retry-after': '15' },
  })
}

function jsonOf({ body }: Answer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
