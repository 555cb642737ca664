import { z } from 'zod'
import { ACCOUNT_FAULTS, GATEWAY_FAULTS, RESTARTS } from './fault.ts'

/** The wire formats that the simulator speaks. */
export const DIALECTS = ['waha', 'evolution', 'wppconnect', 'gowa', 'cloud-api', 'http'] as const
export type DialectName = (typeof DIALECTS)[number]

/** First path segments that belong to the simulator itself. */
const RESERVED_NAMES: readonly string[] = ['sim', 'inbox']

/** One simulated gateway. */
export const GatewaySpec = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be lower-case letters, digits, dot, dash or underscore')
    .refine((name) => !RESERVED_NAMES.includes(name), 'is a path of the simulator itself; choose another name'),
  dialect: z.enum(DIALECTS),
  /** How many accounts, or their ids. */
  accounts: z.union([z.int().min(0).max(100_000), z.array(z.string().min(1).max(256))]),
  /** WAHA and Evolution key, WPPConnect secret, GOWA password (user `exporter`), Cloud API token, HTTP bearer token (`''`: open). */
  apiKey: z.string().default('demo-key'),
  /** WAHA: below 2024.9 the old calls; Evolution: below 2 the old calls. */
  version: z.string().optional(),
  /** HTTP dialect: the words of its `state`. */
  words: z.enum(['ours', 'wwebjs', 'baileys']).default('ours'),
  /** Cloud API: calls per hour before Graph error 80007; 0 is no limit. */
  callsPerHour: z.int().min(0).default(0),
})
export type GatewaySpec = z.output<typeof GatewaySpec>

const anyFault = z.enum([...new Set([...ACCOUNT_FAULTS, ...GATEWAY_FAULTS])])

const orderFields = {
  /** `gateway/account`, or the account's id alone where it is unique. */
  account: z.string().min(1).optional(),
  gateway: z.string().min(1).optional(),
  fault: anyFault,
  restart: z.enum(RESTARTS).optional(),
  /** Delay of `slow`, milliseconds. */
  delayMs: z.int().min(1).max(600_000).optional(),
  /** Half a period of `flapping`, seconds. */
  everySeconds: z.number().min(0.1).max(3600).optional(),
}

/** An order to inject a fault, as the steering API takes it. */
export const FaultOrder = z.strictObject({
  ...orderFields,
  /** Seconds until the fault heals by itself; absent: until somebody heals it. */
  forSeconds: z.number().min(0.1).max(31_536_000).optional(),
})
export type FaultOrder = z.output<typeof FaultOrder>

/** A script: what happens when. Times are seconds since the start of the simulation. */
export const Script = z.strictObject({
  events: z.array(
    z.strictObject({
      at: z.number().min(0),
      ...orderFields,
      for: z.number().min(0.1).max(31_536_000).optional(),
    }),
  ),
  /** Seconds after which the events start again; must be longer than the last `at`. Absent: once. */
  loopSeconds: z.number().min(1).optional(),
})
export type Script = z.output<typeof Script>

/** Faults by chance, for soak tests: a Poisson process over the fleet. */
export const RandomFaults = z.strictObject({
  faultsPerAccountPerHour: z.number().min(0).max(3600),
  gatewayFaultsPerHour: z.number().min(0).max(3600).default(0),
  /** The faults to choose from. */
  faults: z
    .array(z.enum(ACCOUNT_FAULTS))
    .min(1)
    .default(['disconnected', 'stuck_connecting', 'qr', 'logged_out', 'slow']),
  gatewayFaults: z.array(z.enum(GATEWAY_FAULTS)).min(1).default(['server_error', 'refuse', 'hang']),
  /** The restart behaviours to choose from; absent: the usual one of each fault. */
  restarts: z.array(z.enum(RESTARTS)).min(1).optional(),
  minSeconds: z.number().min(0.1).default(30),
  maxSeconds: z.number().min(0.1).default(600),
})
export type RandomFaults = z.output<typeof RandomFaults>
