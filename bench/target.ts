// The gateway of the benchmarks, in a process of its own: speaks the `http` dialect on raw sockets, answers after a fixed
// time, and notes when each request came and when its reply left, on the clock that all processes of a machine share.
// usage: node bench/target.ts <latencyMs> ; prints its port, then answers GET /accounts/<id>, GET /log and DELETE /log;
// PUT /faults/<id> disconnects an account, DELETE /faults/<id> brings it back.
import { createServer, type Socket } from 'node:net'

const latencyMs = Number(process.argv[2] ?? '0')
/** Milliseconds between the request's arrival and its reply, per account, in order. */
const served = new Map<string, number[]>()
const faulty = new Set<string>()

const server = createServer({ noDelay: true }, (socket) => {
  let pending = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    pending += chunk
    for (let end = pending.indexOf('\r\n\r\n'); end !== -1; end = pending.indexOf('\r\n\r\n')) {
      const head = pending.slice(0, end)
      pending = pending.slice(end + 4)
      handle(socket, head)
    }
  })
  socket.on('error', () => socket.destroy())
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 16_384 }, () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
process.on('SIGTERM', () => process.exit(0))

function handle(socket: Socket, head: string): void {
  const [method, path = '/'] = head.slice(0, head.indexOf('\r\n')).split(' ')
  if (path === '/log') {
    const body = method === 'DELETE' ? '{}' : JSON.stringify(Object.fromEntries(served))
    if (method === 'DELETE') served.clear()
    reply(socket, body)
    return
  }
  if (path.startsWith('/faults/')) {
    const account = decodeURIComponent(path.slice('/faults/'.length))
    if (method === 'PUT') faulty.add(account)
    else faulty.delete(account)
    reply(socket, '{}')
    return
  }
  const arrivedMs = performance.now()
  const account = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
  const answer = () => {
    const state = faulty.has(account) ? 'disconnected' : 'connected'
    reply(socket, `{"account":"${account}","state":"${state}","lastActivityAt":"2026-01-01T00:00:00Z"}`)
    const times = served.get(account)
    const tookMs = performance.now() - arrivedMs
    if (times === undefined) served.set(account, [tookMs])
    else times.push(tookMs)
  }
  if (latencyMs === 0) answer()
  else setTimeout(answer, latencyMs)
}

function reply(socket: Socket, body: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}
