// One round of deliveries in a process of its own, to be killed. usage: delivery-child.ts <folder> <smtp port> <now>
import { openDeliveryLedger } from '../../src/reports/delivery-ledger.ts'
import { deliveryRig } from './delivery-rig.ts'

const [folder = '', port = '', now = ''] = process.argv.slice(2)
const ledger = openDeliveryLedger(folder)
await deliveryRig({ ledger, port: Number(port), nowMs: Number(now) }).round()
ledger.close()
