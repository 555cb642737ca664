// Runs in a worker thread: a comparison at cost 10 takes about 70 ms, and no check may wait for that.
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

parentPort?.on('message', ({ password, hash }: { password: string; hash: string }) => {
  parentPort?.postMessage(compareSync(password, hash))
})
