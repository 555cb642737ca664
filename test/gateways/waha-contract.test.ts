import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'waha',
  options: { driver: 'waha', auth: { apiKey: CANARY } },
  nativeId: 'sales-01',
})
