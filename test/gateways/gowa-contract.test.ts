import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'gowa',
  options: { driver: 'gowa', auth: { username: 'ops', password: CANARY } },
  nativeId: 'sales-01',
  // One device is read in the list, which alone tells a lost pairing from a lost connection.
  checkBytes: 16 * 1024 * 1024,
})
