import type { IncomingMessage, ServerResponse } from 'node:http'
import { ACCOUNT_FAULT_TEXT, ACCOUNT_FAULTS, GATEWAY_FAULT_TEXT, GATEWAY_FAULTS, RESTARTS } from './fault.ts'
import { Problem, readJson, sendJson, sendPage } from './json-api.ts'
import { FaultOrder } from './options.ts'
import { type Simulation, SteeringError } from './simulation.ts'
import { steeringPage } from './steering-page.ts'

/**
 * Serves `/sim`: a page, and an API under `/sim/api` to read the fleet and to inject and heal faults.
 * `path` is without the query. Rejects with Problem.
 */
export async function serveSteering(
  simulation: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: URLSearchParams,
): Promise<void> {
  const route = `${request.method} ${path}`
  switch (route) {
    case 'GET /sim':
      sendPage(response, steeringPage())
      return
    case 'GET /sim/api/accounts': {
      const gateway = query.get('gateway')
      const accounts = simulation.accounts()
      sendJson(response, 200, {
        accounts: gateway === null ? accounts : accounts.filter((one) => one.gateway === gateway),
      })
      return
    }
    case 'GET /sim/api/gateways':
      sendJson(response, 200, { gateways: simulation.gateways() })
      return
    case 'GET /sim/api/faults':
      sendJson(response, 200, { faults: simulation.injected() })
      return
    case 'GET /sim/api/vocabulary':
      sendJson(response, 200, {
        accountFaults: ACCOUNT_FAULTS.map((fault) => ({ fault, text: ACCOUNT_FAULT_TEXT[fault] })),
        gatewayFaults: GATEWAY_FAULTS.map((fault) => ({ fault, text: GATEWAY_FAULT_TEXT[fault] })),
        restarts: RESTARTS,
      })
      return
    case 'POST /sim/api/faults': {
      const order = await readJson(request, FaultOrder)
      sendJson(
        response,
        201,
        steered(() => simulation.inject(order)),
      )
      return
    }
    case 'GET /sim/api/requests': {
      const gateway = query.get('gateway')
      const requests = simulation.requests().filter((one) => gateway === null || one.gateway === gateway)
      sendJson(response, 200, { requests })
      return
    }
    case 'DELETE /sim/api/requests':
      simulation.resetRequests()
      response.writeHead(204).end()
      return
    default:
      healRoute(simulation, request, response, path)
  }
}

function healRoute(simulation: Simulation, request: IncomingMessage, response: ServerResponse, path: string): void {
  const match = /^\/sim\/api\/faults\/([^/]+)(?:\/([^/]+))?$/.exec(path)
  if (match?.[1] === undefined)
    throw new Problem(404, `${path} does not exist; the page is at /sim, its API below /sim/api`)
  if (request.method !== 'DELETE') throw new Problem(405, 'DELETE heals a fault; POST /sim/api/faults injects one')
  const gateway = decoded(match[1])
  const target = match[2] === undefined ? { gateway } : { gateway, account: decoded(match[2]) }
  steered(() => simulation.heal(target))
  response.writeHead(204).end()
}

function steered<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof SteeringError)
      throw new Problem(error.code === 'invalid' ? 400 : 404, error.message, { cause: error })
    throw error
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new Problem(400, `"${part}" is not valid percent-encoding`, { cause: error })
  }
}
