import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'http with a bearer token',
  options: { driver: 'http', discover: true, auth: { bearerToken: CANARY } },
  nativeId: 'sales-01',
})

gatewayContract({
  name: 'http with a password, accounts by hand',
  options: { driver: 'http', auth: { username: 'ops', password: CANARY } },
  nativeId: 'sales-01',
})
