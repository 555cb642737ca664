import { cloudApiGateway } from './cloud-api.ts'
import type { Driver, DriverDeps, OptionsOf } from './driver.ts'
import { evolutionGateway } from './evolution.ts'
import type { Gateway } from './gateway.ts'
import { gowaGateway } from './gowa.ts'
import { httpGateway } from './http.ts'
import { watchable } from './listed-accounts.ts'
import type { GatewayKind, GatewayOptions } from './options.ts'
import { wahaGateway } from './waha.ts'
import { wppconnectGateway } from './wppconnect.ts'

type OptionsByKind = { [Kind in GatewayKind]: OptionsOf<Kind> }

/** Every driver, by the word that stands in `gateways[].driver`. A missing or extra kind does not compile. */
const DRIVERS: { readonly [Kind in GatewayKind]: Driver<Kind> } = {
  http: httpGateway,
  waha: wahaGateway,
  evolution: evolutionGateway,
  wppconnect: wppconnectGateway,
  gowa: gowaGateway,
  'cloud-api': cloudApiGateway,
}

/** Makes the gateway that the options describe. Opens no connection before the first request. */
export function openGateway(options: GatewayOptions, deps: DriverDeps): Gateway {
  const gateway = open(options.driver, options, deps)
  const { listAccounts } = gateway
  if (listAccounts === undefined) return gateway
  const refused = (what: string) => deps.events.unmapped(options.name, what)
  return { ...gateway, listAccounts: async (signal) => watchable(await listAccounts(signal), refused) }
}

/** Generic over the kind, so that the compiler sees each driver meet its own options. */
function open<Kind extends GatewayKind>(kind: Kind, options: OptionsByKind[Kind], deps: DriverDeps): Gateway {
  const drivers: { readonly [K in GatewayKind]: (options: OptionsByKind[K], deps: DriverDeps) => Gateway } = DRIVERS
  return drivers[kind](options, deps)
}
