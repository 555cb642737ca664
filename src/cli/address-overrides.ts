import { InvalidArgumentError } from 'commander'
import { ApiOptions, type ListenAddress } from '../api/options.ts'
import type { LoadedConfig } from '../config/load.ts'
import { serviceUrl } from '../option-types.ts'

/** Addresses that are right where this process runs, for example in a container, and that win over the configuration. */
export interface AddressOverrides {
  readonly listen?: ListenAddress
  readonly prometheusUrl?: string
  readonly alertmanagerUrl?: string
}

/** Parses `host:port` as `api.listen` does. Throws commander's fault where it is none. */
export function listenAddress(text: string): ListenAddress {
  const parsed = ApiOptions.safeParse({ listen: text })
  if (parsed.success) return parsed.data.listen
  throw new InvalidArgumentError(sentence(parsed.error.issues))
}

/** Parses the base address of a service as the configuration does; a slash at its end is left out. */
export function serviceAddress(text: string): string {
  const parsed = serviceUrl().safeParse(text)
  if (parsed.success) return parsed.data.replace(/\/+$/, '')
  throw new InvalidArgumentError(sentence(parsed.error.issues))
}

/** The configuration with other addresses. Links for people keep the addresses that the file gives. */
export function withAddresses(loaded: LoadedConfig, overrides: AddressOverrides): LoadedConfig {
  if (!loaded.ok) return loaded
  const { api, prometheus, alerting } = loaded.config
  const { listen = api.listen, prometheusUrl = prometheus.url, alertmanagerUrl = alerting.url } = overrides
  return {
    ...loaded,
    config: {
      ...loaded.config,
      api: { ...api, listen },
      prometheus: { ...prometheus, url: prometheusUrl, externalUrl: prometheus.externalUrl ?? prometheus.url },
      alerting: { ...alerting, url: alertmanagerUrl, externalUrl: alerting.externalUrl ?? alerting.url },
    },
  }
}

function sentence(issues: readonly { readonly message: string }[]): string {
  return `It ${issues.map(({ message }) => message).join('; ')}.`
}
