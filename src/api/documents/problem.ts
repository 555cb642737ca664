import { z } from 'zod'
import { REFUSAL_CODES } from './account.ts'
import { Time } from './fields.ts'

/** RFC 9457. */
export const ProblemDocument = z
  .object({
    type: z.string().describe('`urn:whatsapp-exporter:problem:<code>`.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong and what to do.'),
    faults: z
      .array(z.object({ path: z.string(), rule: z.string() }))
      .optional()
      .describe('Every broken rule (invalid, reload-failed).'),
    candidates: z.array(z.string()).optional().describe('Keys of the accounts that share the id (ambiguous).'),
    hint: z.string().optional(),
    refusal: z.enum(REFUSAL_CODES).optional().describe('Why no repair is made (refused).'),
    retryAt: Time.nullable().optional().describe('When to try again, where that is known (refused).'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document.' })
