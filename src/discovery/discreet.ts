import { type PhonePrivacy, shownText } from '../accounts/privacy.ts'
import type { Gateway } from '../gateways/gateway.ts'

/**
 * The same gateway, but what it says in words (errors, native states, what became of a restart) holds no phone number
 * that privacy hides: paths hold ids, and ids are often numbers.
 */
export function discreet(gateway: Gateway, privacy: PhonePrivacy): Gateway {
  if (privacy.mode === 'full') return gateway
  const hide = (text: string) => shownText(text, privacy)
  const hideError = (error: unknown): never => {
    if (error instanceof Error) error.message = hide(error.message)
    throw error
  }
  const { listAccounts, checkAll, restart } = gateway
  return {
    name: gateway.name,
    driver: gateway.driver,
    async check(account, signal) {
      const timed = await gateway.check(account, signal).catch(hideError)
      return { ...timed, reading: { ...timed.reading, native: hide(timed.reading.native) } }
    },
    ...(listAccounts && { listAccounts: (signal: AbortSignal) => listAccounts(signal).catch(hideError) }),
    ...(checkAll && {
      async checkAll(signal: AbortSignal) {
        const fleet = await checkAll(signal).catch(hideError)
        const readings = new Map(
          [...fleet.readings].map(([id, reading]) => [id, { ...reading, native: hide(reading.native) }]),
        )
        return { ...fleet, readings }
      },
    }),
    ...(restart && {
      async restart(account: Parameters<typeof restart>[0], signal: AbortSignal) {
        const receipt = await restart(account, signal).catch(hideError)
        return { ...receipt, detail: hide(receipt.detail) }
      },
    }),
    close: () => gateway.close(),
  }
}
