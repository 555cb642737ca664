import { stringify } from 'yaml'

/** Ids of the bench's accounts. */
export function accountIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `bot-${String(index).padStart(5, '0')}`)
}

/** A config.yml that checks `count` accounts one by one behind the bench's target. */
export function fleetConfig(options: {
  readonly url: string
  readonly count: number
  readonly interval: string
  readonly concurrency: number
  readonly storePath: string
  readonly listen?: string
  readonly startGroup?: number
}): string {
  return stringify({
    gateways: [
      {
        name: 'target',
        driver: 'http',
        url: options.url,
        connections: options.concurrency,
        discover: false,
        accounts: accountIds(options.count).map((account) => ({ account })),
      },
    ],
    checks: {
      interval: options.interval,
      timeout: '900ms',
      concurrency: options.concurrency,
      uplink: [new URL(options.url).host],
      ...(options.startGroup === undefined ? {} : { startGroup: options.startGroup }),
    },
    store: { path: options.storePath },
    api: { listen: options.listen ?? '127.0.0.1:0' },
  })
}
