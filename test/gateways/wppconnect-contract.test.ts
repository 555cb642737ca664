import { CANARY, gatewayContract } from './gateway-contract.ts'

gatewayContract({
  name: 'wppconnect',
  options: { driver: 'wppconnect', auth: { secretKey: CANARY } },
  nativeId: 'sales-01',
  unsupported: [
    {
      case: 'check: reads with GET only, so that looking changes nothing',
      reason: 'a token is made by POST, a pure calculation at the server',
    },
  ],
})
