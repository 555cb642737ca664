import { z } from 'zod'
import { secret, secretFile, serviceUrl } from '../option-types.ts'

/** Section `tracing`: where spans go. Nothing is traced without an endpoint. */
export const TracingOptions = z
  .strictObject({
    endpoint: serviceUrl()
      .describe(
        'OTLP endpoint over HTTP, for example http://localhost:4318. OTEL_EXPORTER_OTLP_ENDPOINT does the same.',
      )
      .optional(),
    sampleRatio: z.number().min(0).max(1).describe('Share of the check cycles that are traced.').default(0.01),
    authorization: secret().describe('Authorization header for the endpoint. Take it from the environment.').optional(),
    authorizationFile: secretFile().describe('File that holds the Authorization header for the endpoint.').optional(),
  })
  .refine((tracing) => tracing.authorization === undefined || tracing.authorizationFile === undefined, {
    error: 'has both authorization and authorizationFile. Keep one',
  })
  .describe('OpenTelemetry traces.')
  .prefault({})
export type TracingOptions = z.output<typeof TracingOptions>
