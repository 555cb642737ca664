import { z } from 'zod'
import { secret, secretFile, serviceUrl } from '../option-types.ts'

/** Section `tracing`: where spans go. Nothing is traced without an endpoint. */
export const TracingOptions = z
  .strictObject({
    endpoint: serviceUrl()
      .describe(
        'OpenTelemetry collector, reached by OTLP over HTTP, for example http://localhost:4318. OTEL_EXPORTER_OTLP_ENDPOINT does the same.',
      )
      .optional(),
    sampleRatio: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the checks, and of the API requests, that are traced. Recoveries and reports always are.')
      .default(0.01),
    authorization: secret()
      .describe('Authorization header for the endpoint, such as `Bearer …`. Take it from the environment.')
      .optional(),
    authorizationFile: secretFile().describe('File that holds the Authorization header for the endpoint.').optional(),
  })
  .refine((tracing) => tracing.authorization === undefined || tracing.authorizationFile === undefined, {
    error: 'has both authorization and authorizationFile. Keep one',
  })
  .describe('OpenTelemetry traces.')
  .prefault({})
export type TracingOptions = z.output<typeof TracingOptions>
