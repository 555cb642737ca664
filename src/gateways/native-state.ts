import type { Evidence, Reading } from '../accounts/observation.ts'
import type { AccountState, Reason } from '../accounts/vocabulary.ts'

/** What a native word means. */
export interface Meaning {
  readonly state: AccountState
  readonly reason: Reason | null
}

export const NO_EVIDENCE: Evidence = {}

/** Most characters of a gateway's own word that are kept. */
const NATIVE_CHARACTERS = 100

/** Most characters of an account's id and of its display name: both become labels, pages and messages. */
export const ACCOUNT_CHARACTERS = 256

/** A reading of a known word. */
export function known(meaning: Meaning, native: string, evidence: Evidence = NO_EVIDENCE): Reading {
  return { state: meaning.state, reason: meaning.reason, native: bounded(native), evidence: shortEvidence(evidence) }
}

/** A reading of a word that no table knows: the state is `unknown`, and the word is to be counted. */
export function unmapped(native: string, evidence: Evidence = NO_EVIDENCE): Reading {
  return {
    state: 'unknown',
    reason: 'other',
    native: bounded(native),
    evidence: shortEvidence(evidence),
    unmapped: true,
  }
}

/** A gateway's word as logs and events may carry it: at most 100 characters. */
export function bounded(native: string): string {
  return native.length <= NATIVE_CHARACTERS ? native : `${native.slice(0, NATIVE_CHARACTERS - 1)}…`
}

/** A display name of at most 256 characters; no character is cut in half. */
export function shortName(name: string): string {
  if (name.length <= ACCOUNT_CHARACTERS) return name
  return `${name.slice(0, ACCOUNT_CHARACTERS - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function shortEvidence(evidence: Evidence): Evidence {
  const { name } = evidence
  return name === undefined || name.length <= ACCOUNT_CHARACTERS ? evidence : { ...evidence, name: shortName(name) }
}
