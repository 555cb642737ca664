import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'cloud-api',
  options: { driver: 'cloud-api', auth: { accessToken: CANARY }, wabaId: '200000000000001' },
  nativeId: '100000000000001',
  // An account that is known by its id only is looked for in the list first.
  checkBytes: 16 * 1024 * 1024,
})
