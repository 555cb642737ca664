import { z } from 'zod'
import { MANUAL_POLICY, shippedManual } from '../manual/pages.ts'
import { pageAssets } from '../page/assets.ts'
import { Problem } from '../problem.ts'
import { type Reply, type Route, route } from '../route.ts'

const Name = z.string().max(100)
const SUCCESS = { status: 200, description: 'HTML of a page in docs/.', contentType: 'text/html' } as const

/** The documentation, so that the links of alerts lead somewhere without another host: its runbooks lie in docs/alerts. */
export function manualRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/docs/{page}',
      access: 'read',
      id: 'manualPage',
      summary: 'A page of the documentation',
      params: z.strictObject({ page: Name.describe('Name of the page, with or without .md.') }),
      success: SUCCESS,
      problems: ['not-found'],
      handle: ({ params }) => reply(params.page),
    }),
    route({
      method: 'get',
      path: '/docs/{folder}/{page}',
      access: 'read',
      id: 'manualFolderPage',
      summary: 'A runbook, or another page of a folder of the documentation',
      params: z.strictObject({ folder: Name.describe('alerts, decisions or gateways.'), page: Name }),
      success: SUCCESS,
      problems: ['not-found'],
      handle: ({ params }) => reply(`${params.folder}/${params.page}`),
    }),
  ]
}

function reply(path: string): Reply<unknown> {
  const text = shippedManual().page(path, `/page/${pageAssets().version}/`)
  if (text === undefined)
    throw new Problem(
      'not-found',
      'The documentation of this version has no such page. /docs/alerting has the way to all.',
    )
  return { text, contentType: 'text/html; charset=utf-8', headers: { 'content-security-policy': MANUAL_POLICY } }
}
