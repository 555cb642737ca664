import { z } from 'zod'
import { authRequired } from '../options.ts'
import { pageAssets } from '../page/assets.ts'
import { PAGE_POLICY, pageShell } from '../page/shell.ts'
import type { ApiParts } from '../parts.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'

const ONE_YEAR_SECONDS = 31_536_000

/** Routes that the page uses where they are there. */
const FEATURES: Readonly<Record<string, string>> = {
  '/api/alerts/stream': 'alerts',
  '/api/maintenance': 'maintenance',
  '/api/reports': 'reports',
}

/** GET / and the files it loads; `routes` gives all routes of the API. */
export function statusPageRoutes(routes: () => readonly Route[], parts: ApiParts): Route[] {
  const assets = pageAssets()
  return [
    route({
      method: 'get',
      path: '/',
      access: 'read',
      id: 'statusPage',
      summary: 'Status page for people',
      success: { status: 200, description: 'HTML; its script reads this API.', contentType: 'text/html' },
      handle: ({ raw }) => ({
        text: pageShell({
          files: `/page/${assets.version}/`,
          principal: raw.principal,
          signedIn: authRequired(parts.options),
          version: parts.version,
          features: featuresOf(routes()),
          links: linksOf(parts.links, featuresOf(routes())),
        }),
        contentType: 'text/html; charset=utf-8',
        headers: { 'content-security-policy': PAGE_POLICY },
      }),
    }),
    route({
      method: 'get',
      path: '/page/{version}/{file}',
      access: 'read',
      id: 'statusPageFile',
      summary: 'Files of the status page',
      params: z.strictObject({
        version: z.string().max(64).describe('Print of all files.'),
        file: z.string().max(64),
      }),
      success: { status: 200, description: 'Script, style or picture; never changes.', contentType: 'text/javascript' },
      problems: ['not-found'],
      handle({ params }) {
        const asset = params.version === assets.version ? assets.get(params.file) : undefined
        if (asset === undefined)
          throw new Problem('not-found', 'The page has no such file, or a newer version runs: load the page again.')
        return {
          ...asset,
          headers: {
            'cache-control': `private, max-age=${ONE_YEAR_SECONDS}, immutable`,
            etag: `"${assets.version}"`,
          },
        }
      },
    }),
  ]
}

function featuresOf(routes: readonly Route[]): string[] {
  return routes.flatMap(({ method, path }) =>
    method === 'get' && FEATURES[path] !== undefined ? [FEATURES[path]] : [],
  )
}

function linksOf(links: ApiParts['links'], features: readonly string[]): { text: string; href: string }[] {
  const targets: [string, string | undefined][] = [
    ['Fleet', features.includes('reports') ? '/#' : undefined],
    ['Reports', features.includes('reports') ? '/#page=reports' : undefined],
    ['Grafana', links.grafana],
    ['Prometheus', links.prometheus],
    ['Alertmanager', links.alertmanager],
    ['API', '/api/openapi.json'],
  ]
  return targets.flatMap(([text, href]) => (href === undefined ? [] : [{ text, href }]))
}
