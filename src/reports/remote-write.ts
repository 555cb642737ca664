import { z } from 'zod'
import { filePath, httpSignIn, httpUrl } from '../option-types.ts'

/** Prometheus sets these itself, and refuses a configuration that does. */
const RESERVED_HEADERS =
  /^(?:authorization|host|connection|keep-alive|proxy-.*|www-authenticate|user-agent|content-(?:encoding|length|type)|accept-encoding|transfer-encoding|x-prometheus-remote-(?:read|write)-version|x-amz-.*)$/i

/** Option `prometheus.remoteWrite`: where Prometheus sends every sample on, to be kept longer or seen together. */
export function remoteWrites() {
  return z.array(
    z.strictObject({
      url: httpUrl()
        .refine((text) => {
          const url = URL.canParse(text) ? new URL(text) : null
          return url === null || (url.username === '' && url.password === '')
        }, 'must not hold a user or a password. Use signIn')
        .describe('Whole address that takes remote write, for example http://localhost:8428/api/v1/write.'),
      name: z
        .string()
        .min(1)
        .max(64)
        .describe('Name in the metrics and the log of Prometheus, unique among these. Absent: a hash.')
        .optional(),
      headers: z
        .record(
          z
            .string()
            .regex(/^[A-Za-z0-9-]+$/, 'must be the name of an HTTP header')
            .refine((name) => !RESERVED_HEADERS.test(name), 'is a header that Prometheus sets itself. Use signIn'),
          z.string().min(1),
        )
        .describe('Further HTTP headers, such as the tenant: { X-Scope-OrgID: acme }. No secrets: use signIn.')
        .default({}),
      signIn: httpSignIn().describe('How Prometheus signs in there.').optional(),
      caFile: filePath().describe('Certificate authority with which Prometheus verifies it.').optional(),
      keep: z
        .string()
        .min(1)
        .describe('Only series whose names match this regular expression (RE2, the whole name). Absent: all.')
        .optional(),
    }),
  )
}
