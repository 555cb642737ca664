import express, { type Express } from 'express'
import { securityHeaders } from './access/security-headers.ts'
import { Problem, sendProblem } from './problem.ts'

/** What an exporter answers while another one watches its part of the fleet: it lives, and it is not ready. */
export function createStandbyApi(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders())
  app.get('/-/healthy', (_request, response) => void response.type('text/plain').send('The exporter is healthy.\n'))
  app.use((_request, response) => {
    sendProblem(
      response,
      new Problem('unavailable', 'The exporter stands by: another one watches this part of the fleet.'),
    )
  })
  return app
}
