// One round of deliveries in a process of its own, to be killed. usage: delivery-child.ts <store file> <smtp port> <now>
import { silentLog } from '../../src/log.ts'
import { sqliteStore } from '../../src/store/sqlite.ts'
import { deliveryRig } from './delivery-rig.ts'

const [path = '', port = '', now = ''] = process.argv.slice(2)
const store = sqliteStore({ path }, silentLog)
await deliveryRig({ ledger: store.deliveries, port: Number(port), nowMs: Number(now) }).round()
await store.close()
