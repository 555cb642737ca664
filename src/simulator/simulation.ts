import { beginFault, endFault, faceOf, type InjectedFault, type SimAccount } from './account.ts'
import { type AccountFault, type GatewayFault, isAccountFault, isGatewayFault, USUAL_RESTART } from './fault.ts'
import type { DialectName, FaultOrder, GatewaySpec } from './options.ts'
import { type AccountSnapshot, finiteOrNull, snapshotOf } from './snapshot.ts'
import type { TimedOrder, Timeline } from './timeline.ts'

/** A fault at work on a whole gateway. */
export interface ActiveGatewayFault {
  readonly fault: GatewayFault
  readonly endMs: number
  readonly delayMs: number
  readonly record: InjectedFault
}

/** One simulated gateway at run time. */
export interface SimGateway {
  readonly spec: GatewaySpec
  readonly accounts: readonly SimAccount[]
  /** By native id. */
  readonly byNativeId: ReadonlyMap<string, SimAccount>
  fault: ActiveGatewayFault | null
  /** Requests by endpoint. */
  readonly requests: Map<string, number>
}

/** A gateway as the steering API shows it. */
export interface GatewaySnapshot {
  readonly gateway: string
  readonly dialect: DialectName
  readonly accounts: number
  readonly fault: string | null
  readonly faultEndMs: number | null
}

/** How often an endpoint of a gateway was called. */
export interface RequestCount {
  readonly gateway: string
  /** `GET /api/sessions`, with `{…}` for what varies. */
  readonly endpoint: string
  readonly count: number
}

/** The steering wheel of a simulation: what the HTTP API and the page use, and tests may call. */
export interface Simulation {
  accounts(): AccountSnapshot[]
  gateways(): GatewaySnapshot[]
  /** Injects a fault now. Throws SteeringError where the order names nothing that exists. */
  inject(order: FaultOrder): InjectedFault
  /** Ends the faults of an account, or of a gateway itself; true where there was one. Throws SteeringError on an unknown name. */
  heal(target: { gateway: string; account?: string }): boolean
  /** Every fault so far, oldest first; the newest 100 000 are kept. */
  injected(): readonly InjectedFault[]
  requests(): RequestCount[]
  resetRequests(): void
}

/** An order that names nothing that exists, or a fault that does not fit. */
export class SteeringError extends Error {
  override readonly name = 'SteeringError'
  readonly code: 'not_found' | 'invalid'

  constructor(code: 'not_found' | 'invalid', message: string) {
    super(message)
    this.code = code
  }
}

type OrderTarget = Pick<FaultOrder, 'account' | 'gateway' | 'fault'>

const RECORDS_KEPT = 100_000
const SLOW_MS = 3_000
const HALF_PERIOD_SECONDS = 15

/** The world of the simulator: fleet, faults, records. Nothing runs by itself: every call first catches up with the clock. */
export interface World extends Simulation {
  /** Applies what the timelines hold until now; returns now, Unix milliseconds. */
  advance(): number
  readonly gatewayByName: ReadonlyMap<string, SimGateway>
  /** Throws SteeringError where an order could not be carried out. */
  check(order: OrderTarget): void
  /** A fault that a call of a gateway's own API brought about, for example a logout. */
  bring(account: SimAccount, fault: 'qr' | 'logged_out' | 'gone', nowMs: number): void
}

/** Builds the world. Throws where a timeline names accounts or gateways that do not exist, as soon as it comes to them. */
export function createWorld(
  specs: readonly GatewaySpec[],
  fleet: readonly SimAccount[],
  timelines: readonly Timeline[],
  now: () => number,
): World {
  const gatewayByName = new Map<string, SimGateway>()
  for (const spec of specs) {
    if (gatewayByName.has(spec.name)) {
      throw new Error(`simulator: gateway "${spec.name}" is there twice; give every gateway its own name`)
    }
    const accounts = fleet.filter((account) => account.gateway === spec.name)
    const byNativeId = new Map(accounts.map((account) => [account.nativeId, account]))
    gatewayByName.set(spec.name, { spec, accounts, byNativeId, fault: null, requests: new Map() })
  }
  const byKey = new Map(fleet.map((account) => [account.key, account]))
  const records: InjectedFault[] = []
  const heads = timelines.map((timeline) => ({ timeline, next: timeline.next().value }))
  let nextMs = earliest()

  function earliest(): number {
    return Math.min(...heads.map(({ next }) => next?.atMs ?? Number.POSITIVE_INFINITY))
  }

  function takeEarliest(): TimedOrder | undefined {
    const head = heads.find(({ next }) => next?.atMs === nextMs)
    const order = head?.next
    if (head !== undefined) head.next = head.timeline.next().value
    return order
  }

  function advance(): number {
    const nowMs = now()
    while (nextMs <= nowMs) {
      const due = takeEarliest()
      nextMs = earliest()
      if (due !== undefined) apply(due.order, due.atMs, due.cause)
    }
    return nowMs
  }

  function remember(record: InjectedFault): InjectedFault {
    records.push(record)
    if (records.length > RECORDS_KEPT) records.splice(0, RECORDS_KEPT / 10)
    return record
  }

  function apply(order: FaultOrder, atMs: number, cause: InjectedFault['cause']): InjectedFault {
    return order.account === undefined ? applyToGateway(order, atMs, cause) : applyToAccount(order, atMs, cause)
  }

  function applyToGateway(order: FaultOrder, atMs: number, cause: InjectedFault['cause']): InjectedFault {
    const { gateway, fault } = gatewayOrder(order)
    endGatewayFault(gateway, atMs)
    const { name } = gateway.spec
    const record = remember({
      account: null,
      gateway: name,
      fault,
      restart: null,
      cause,
      startMs: atMs,
      endMs: null,
    })
    gateway.fault = { fault, endMs: endOf(order, atMs), delayMs: order.delayMs ?? SLOW_MS, record }
    return record
  }

  function applyToAccount(order: FaultOrder, atMs: number, cause: InjectedFault['cause']): InjectedFault {
    const { account, fault } = accountOrder(order)
    const behaviour = order.restart ?? USUAL_RESTART[fault]
    const { key, gateway } = account
    const record: InjectedFault = {
      account: key,
      gateway,
      fault,
      restart: behaviour,
      cause,
      startMs: atMs,
      endMs: null,
    }
    beginFault(account, {
      fault,
      startMs: atMs,
      endMs: endOf(order, atMs),
      restart: behaviour,
      delayMs: order.delayMs ?? SLOW_MS,
      halfPeriodMs: (order.everySeconds ?? HALF_PERIOD_SECONDS) * 1000,
      record,
    })
    return remember(record)
  }

  function gatewayOrder(order: OrderTarget): { gateway: SimGateway; fault: GatewayFault } {
    if (order.gateway === undefined) {
      throw new SteeringError('invalid', 'the order names neither an account nor a gateway; name one of them')
    }
    const gateway = gatewayNamed(order.gateway)
    if (isGatewayFault(order.fault)) return { gateway, fault: order.fault }
    throw new SteeringError('invalid', `"${order.fault}" is a fault of accounts, not of gateways; name an account`)
  }

  function accountOrder(order: OrderTarget): { account: SimAccount; fault: AccountFault } {
    const account = accountNamed(order)
    if (isAccountFault(order.fault)) return { account, fault: order.fault }
    throw new SteeringError(
      'invalid',
      `"${order.fault}" is a fault of gateways, not of accounts; leave the account out`,
    )
  }

  function gatewayNamed(name: string): SimGateway {
    const gateway = gatewayByName.get(name)
    if (gateway !== undefined) return gateway
    throw new SteeringError(
      'not_found',
      `gateway "${name}" is not simulated; there are ${[...gatewayByName.keys()].join(', ') || 'none'}`,
    )
  }

  function accountNamed({
    account = '',
    gateway,
  }: {
    account?: string | undefined
    gateway?: string | undefined
  }): SimAccount {
    const exact = gateway === undefined ? byKey.get(account) : byKey.get(`${gateway}/${account}`)
    if (exact !== undefined) return exact
    const matches = fleet.filter(
      (one) =>
        (one.account === account || one.nativeId === account) && (gateway === undefined || one.gateway === gateway),
    )
    const [only] = matches
    if (only !== undefined && matches.length === 1) return only
    if (matches.length > 1) {
      throw new SteeringError(
        'not_found',
        `account "${account}" is behind ${matches.length} gateways; write gateway/account`,
      )
    }
    throw new SteeringError(
      'not_found',
      `account "${account}" is not in the simulated fleet; GET /sim/api/accounts lists it`,
    )
  }

  function settleAll(nowMs: number): void {
    for (const account of fleet) faceOf(account, nowMs)
    for (const gateway of gatewayByName.values()) settleGateway(gateway, nowMs)
  }

  return {
    advance,
    gatewayByName,
    check(order) {
      if (order.account === undefined) gatewayOrder(order)
      else accountOrder(order)
    },
    accounts() {
      const nowMs = advance()
      return fleet.map((account) => snapshotOf(account, nowMs))
    },
    gateways() {
      const nowMs = advance()
      return [...gatewayByName.values()].map((gateway) => {
        settleGateway(gateway, nowMs)
        return {
          gateway: gateway.spec.name,
          dialect: gateway.spec.dialect,
          accounts: gateway.accounts.length,
          fault: gateway.fault?.fault ?? null,
          faultEndMs: finiteOrNull(gateway.fault?.endMs),
        }
      })
    },
    inject: (order) => apply(order, advance(), 'api'),
    heal(target) {
      const nowMs = advance()
      if (target.account === undefined) {
        const gateway = gatewayNamed(target.gateway)
        settleGateway(gateway, nowMs)
        return endGatewayFault(gateway, nowMs)
      }
      gatewayNamed(target.gateway)
      const account = accountNamed(target)
      faceOf(account, nowMs)
      const wasFaulty = account.fault !== null || account.haltedMs !== null
      account.haltedMs = null
      account.repair = null
      endFault(account, nowMs)
      return wasFaulty
    },
    injected() {
      settleAll(advance())
      return records
    },
    requests() {
      return [...gatewayByName.values()].flatMap((gateway) =>
        [...gateway.requests].map(([endpoint, count]) => ({ gateway: gateway.spec.name, endpoint, count })),
      )
    },
    resetRequests() {
      for (const gateway of gatewayByName.values()) gateway.requests.clear()
    },
    bring(account, fault, nowMs) {
      apply({ account: account.key, fault }, nowMs, 'request')
    },
  }
}

/** Ends a gateway's fault whose time is over. */
export function settleGateway(gateway: SimGateway, nowMs: number): void {
  if (gateway.fault !== null && gateway.fault.endMs <= nowMs) endGatewayFault(gateway, gateway.fault.endMs)
}

function endGatewayFault(gateway: SimGateway, atMs: number): boolean {
  if (gateway.fault === null) return false
  gateway.fault.record.endMs = Math.min(atMs, gateway.fault.endMs)
  gateway.fault = null
  return true
}

function endOf(order: FaultOrder, atMs: number): number {
  return order.forSeconds === undefined ? Number.POSITIVE_INFINITY : atMs + order.forSeconds * 1000
}
