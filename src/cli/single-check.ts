import { AsyncLocalStorage } from 'node:async_hooks'
import type { AccountKey } from '../accounts/account.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayExchange } from '../gateways/exchange-report.ts'
import type { Gateway } from '../gateways/gateway.ts'
import { silentLog } from '../log.ts'
import type { CheckResult, Fleet, GatewayView } from '../monitor/fleet.ts'
import { createMonitor } from '../monitor/monitor.ts'
import { servicePlan } from '../service-plan.ts'
import { databaseOnce } from './database-once.ts'
import { type FoundGateway, findAccounts } from './found-accounts.ts'

/** One account after its one check. */
export interface CheckedAccount {
  readonly result: CheckResult
  readonly gateway: GatewayView
  /** What was asked of the gateway for it, in order. */
  readonly exchanges: readonly GatewayExchange[]
  /** Accounts that the same requests were for. */
  readonly sharedBy: number
  /** Whether the gateway gave a usable answer to anything during this command. */
  readonly gatewayAnswered: boolean
}

/** A fleet that is checked once, without a running exporter: the same drivers, rules and verdicts, but no store, no repair. */
export interface SingleCheck {
  readonly fleet: Fleet
  /** Finds the accounts. Call it first. */
  find(signal: AbortSignal): Promise<readonly FoundGateway[]>
  /** Checks all at once. Rejects only with the signal's reason. */
  check(keys: readonly AccountKey[] | 'all', signal: AbortSignal): Promise<readonly CheckedAccount[]>
  /** Words of the gateways that no table knows, as `gateway: word`. */
  readonly unmapped: ReadonlySet<string>
  close(): Promise<void>
}

/** Opens the gateways of a configuration for one check. */
export function singleCheck(config: Config): SingleCheck {
  const asking = new AsyncLocalStorage<GatewayExchange[]>()
  const exchanges = new Map<string, GatewayExchange[]>()
  const unmapped = new Set<string>()
  const listed = new Set<string>()
  const database = databaseOnce(config)
  const plan = servicePlan(config, new Map(), {
    documented: database.documented,
    events: { unmapped: (gateway, what) => void unmapped.add(`${gateway}: ${what}`) },
    nowMs: Date.now,
    onExchange: (exchange) => void asking.getStore()?.push(exchange),
  })
  const monitor = createMonitor({
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    random: Math.random,
    log: silentLog,
    publish: () => Promise.resolve(),
    requested() {},
    needsLedger: () => false,
  })
  monitor.apply({
    ...plan.monitor,
    gateways: plan.monitor.gateways.map((watched) => ({ ...watched, gateway: heard(watched.gateway) })),
    // A look must not change what it looks at.
    recovery: { ...plan.monitor.recovery, mode: 'off' },
  })

  /** The same gateway, with the requests of each check kept apart although all run at once. */
  function heard(gateway: Gateway): Gateway {
    const { checkAll } = gateway
    const keep = (name: string) => {
      const kept: GatewayExchange[] = []
      exchanges.set(name, kept)
      return kept
    }
    return {
      ...gateway,
      check: (account, signal) => asking.run(keep(account.key), () => gateway.check(account, signal)),
      ...(checkAll === undefined
        ? {}
        : { checkAll: (signal: AbortSignal) => asking.run(keep(gateway.name), () => checkAll(signal)) }),
    }
  }

  function checked(result: CheckResult): CheckedAccount {
    const { account } = result.view
    const gateway = monitor.fleet.gateways().find(({ name }) => name === account.gateway)
    if (gateway === undefined) throw new Error(`gateway ${account.gateway} is not in the plan`)
    const own = exchanges.get(account.key)
    return {
      result,
      gateway,
      exchanges: own ?? exchanges.get(account.gateway) ?? [],
      sharedBy: own === undefined ? gateway.accounts : 1,
      gatewayAnswered: gateway.lastAnswerMs !== null || listed.has(account.gateway),
    }
  }

  return {
    fleet: monitor.fleet,
    unmapped,
    async find(signal) {
      const { gateways: found } = await findAccounts(plan.sources, database, signal)
      for (const gateway of found) {
        if (gateway.listed) listed.add(gateway.name)
        monitor.adopt(gateway.name, gateway.accounts, 'partial')
      }
      return found
    },
    async check(keys, signal) {
      const results = await monitor.checkNow(keys, signal)
      return results.map(checked)
    },
    async close() {
      await monitor.stop()
      await Promise.all([...plan.gateways.values()].map(({ gateway }) => gateway.close()))
    },
  }
}
