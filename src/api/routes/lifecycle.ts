import { z } from 'zod'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'

const TEXT = 'text/plain; charset=utf-8'

/** GET /-/healthy, GET /-/ready, POST /-/reload, GET /config: Prometheus' conventions. */
export function lifecycleRoutes({ ready, reload, configText, signal, log }: ApiParts): Route[] {
  return [
    route({
      method: 'get',
      path: '/-/healthy',
      access: 'open',
      id: 'healthy',
      summary: 'Whether the process lives',
      success: { status: 200, description: 'Always.', contentType: 'text/plain' },
      handle: () => ({ text: 'The exporter is healthy.\n', contentType: TEXT }),
    }),
    route({
      method: 'get',
      path: '/-/ready',
      access: 'open',
      id: 'ready',
      summary: 'Whether the exporter is ready to serve',
      success: { status: 200, description: 'Ready.', contentType: 'text/plain' },
      problems: ['unavailable'],
      handle() {
        if (signal.aborted) throw new Problem('unavailable', 'The exporter is stopping.')
        if (!ready())
          throw new Problem(
            'unavailable',
            'The exporter is starting: not every gateway has been asked for its accounts yet.',
          )
        return { text: 'The exporter is ready.\n', contentType: TEXT }
      },
    }),
    route({
      method: 'post',
      path: '/-/reload',
      access: 'operate',
      id: 'reload',
      summary: 'Read the configuration file again',
      description: 'A bad file changes nothing: the last good configuration goes on.',
      success: { status: 200, description: 'Reloaded.', schema: z.object({ reloaded: z.literal(true) }) },
      problems: ['reload-failed'],
      async handle({ raw }) {
        const result = await reload()
        log.info({ by: raw.principal.name, ok: result.ok }, 'reload asked over the API')
        if (result.ok) return { json: { reloaded: true as const } }
        throw new Problem(
          'reload-failed',
          'The configuration has faults; the last good one goes on. Correct the file and reload again.',
          { faults: result.faults.map((rule) => ({ path: 'config', rule })) },
        )
      },
    }),
    route({
      method: 'get',
      path: '/config',
      access: 'read',
      id: 'config',
      summary: 'Effective configuration without secrets, as YAML',
      success: { status: 200, description: 'YAML.', contentType: 'application/yaml' },
      handle: () => ({ text: configText(), contentType: 'application/yaml; charset=utf-8' }),
    }),
  ]
}
