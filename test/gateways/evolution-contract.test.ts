import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'evolution',
  options: { driver: 'evolution', auth: { apiKey: CANARY } },
  nativeId: 'sales-01',
})
