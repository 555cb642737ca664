import { createServer } from 'node:net'

/** Whether nothing listens on the loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** The wanted port, else the first free one of the next hundred. Rejects where all are taken. */
export async function freePort(wanted: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) if (!taken.has(port) && (await isFree(port))) return port
  throw new Error(`ports ${wanted} to ${wanted + 99} are all in use; end what listens there`)
}
