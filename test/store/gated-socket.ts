import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A server behind a gate that the test shuts and opens: connections break at once, as with a pulled cable. */
export interface GatedSocket {
  readonly port: number
  shut(): void
  open(): void
  /** What the server answers is thrown away until `open`; what is asked of it is still done. */
  deafen(): void
  close(): Promise<void>
}

export async function gatedSocket(target: { readonly host: string; readonly port: number }): Promise<GatedSocket> {
  let mode: 'open' | 'shut' | 'deaf' = 'open'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (mode === 'shut') {
      client.destroy()
      return
    }
    const upstream = connect(target.port, target.host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (mode !== 'deaf') client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    shut() {
      mode = 'shut'
      drop()
    },
    deafen() {
      mode = 'deaf'
    },
    open() {
      if (mode === 'deaf') drop()
      mode = 'open'
    },
    async close() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
