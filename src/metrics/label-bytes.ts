import type { Account } from '../accounts/account.ts'
import { ACCOUNT_FAMILIES } from './catalogue.ts'
import { escapeLabelValue } from './text-format.ts'

const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/
const OWN_LABELS: ReadonlySet<string> = new Set(Object.values(ACCOUNT_FAMILIES).flatMap((family) => family.labels))

/** Bytes of one account's labels, in the pieces that lines are made of. Built once per account object. */
export interface AccountLabels {
  /** `account="…",gateway="…"` and the operator's labels, without braces. */
  readonly common: Uint8Array
  /** `,driver="…",phone="…",name="…"`, the rest of the info series. */
  readonly info: Uint8Array
}

/**
 * Builds the label bytes of an account. Operator labels with a bad or reserved name are left out, because one such line
 * would cost Prometheus the whole page; the configuration refuses them before.
 * @param phone the number as it may be shown (privacy), empty where there is none
 */
export function accountLabels(account: Account, driver: string, phone: string): AccountLabels {
  let common = `account="${escapeLabelValue(identityText(account.account))}"`
  common += `,gateway="${escapeLabelValue(identityText(account.gateway))}"`
  for (const [name, value] of Object.entries(account.labels)) {
    if (LABEL_NAME.test(name) && !OWN_LABELS.has(name)) common += `,${name}="${escapeLabelValue(shownText(value))}"`
  }
  const info =
    `,driver="${escapeLabelValue(shownText(driver))}",phone="${escapeLabelValue(shownText(phone))}"` +
    `,name="${escapeLabelValue(shownText(account.name ?? ''))}"`
  return { common: utf8(common), info: utf8(info) }
}

/**
 * Text that identifies a series. UTF-8 holds no lone surrogate and Prometheus' parser ends at NUL, so each of these becomes
 * U+FFFD and its hexadecimal code; a literal U+FFFD too, so that two different texts stay different.
 */
export function identityText(text: string): string {
  if (text.isWellFormed() && !/[\0\ufffd]/.test(text)) return text
  return text.replace(
    /[\0\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (unit) => `\ufffd${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Text that only describes: what UTF-8 or the parser cannot hold becomes U+FFFD. */
export function shownText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** Own memory, not a slice of Node's pool: 10 000 small slices would keep half-empty pool blocks alive. */
function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
