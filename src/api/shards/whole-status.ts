import type { z } from 'zod'
import { STATES, STATUSES } from '../../accounts/vocabulary.ts'
import { type ListingPage, type ListingQuery, listAccounts, mergePages } from '../account-listing.ts'
import { accountDocument } from '../documents/account.ts'
import { timeOrNull } from '../documents/fields.ts'
import { FleetStatusDocument, type ShardDocument } from '../documents/fleet-status.ts'
import { countFleet } from '../fleet-figures.ts'
import { documentOf } from './answers.ts'
import { mergeGateways } from './merge-gateways.ts'
import { lastKnownOf, type Others, type Shards } from './shards.ts'

type FleetStatus = z.output<typeof FleetStatusDocument>
type Shard = z.output<typeof ShardDocument>

/** The status of one part of the fleet, and what is said of the exporter that watches it. */
interface Part {
  readonly shard: Shard
  readonly summary: FleetStatus['summary']
  readonly gateways: FleetStatus['gateways']
  readonly page: ListingPage
}

/** The status of the whole fleet: ours, that of each shard that answers, and what the store last knew of the others. */
export async function wholeStatus(
  own: FleetStatus,
  query: ListingQuery,
  search: URLSearchParams,
  others: Others,
): Promise<FleetStatus> {
  const { shards } = others
  const answers = await others.askAll({ method: 'GET', path: `/api/health/status?${search}` })
  const parts = await Promise.all(
    answers.map(async ({ ordinal, answer }) => {
      const read = documentOf(answer, FleetStatusDocument)
      if ('document' in read) return answeredPart(ordinal, read.document, false)
      return await silentPart(ordinal, read.silent, query, shards)
    }),
  )
  const all = [answeredPart(shards.ordinal, own, true), ...parts].sort((a, b) => a.shard.ordinal - b.shard.ordinal)
  const page = mergePages(
    all.map((part) => part.page),
    query,
  )
  return {
    ...own,
    summary: addSummaries(all.map(({ summary }) => summary)),
    shards: all.map(({ shard }) => shard),
    gateways: mergeGateways(all.map(({ gateways }) => gateways)),
    matched: page.matched,
    accounts: [...page.accounts],
    nextCursor: page.nextCursor,
  }
}

/** What an exporter that does not know where the others are says of them. */
export function lonelyShards(own: FleetStatus, { ordinal, total }: Shards): Shard[] {
  return Array.from({ length: total }, (_, other) =>
    other === ordinal
      ? answeredPart(ordinal, own, true).shard
      : silent(other, 'is not asked: sharding.peers does not say where it is', null, null),
  )
}

function answeredPart(ordinal: number, status: FleetStatus, self: boolean): Part {
  const { exporter, summary, gateways, matched, accounts, nextCursor } = status
  return {
    shard: {
      ordinal,
      self,
      answers: true,
      error: null,
      accounts: summary.accounts,
      observedAt: exporter.lastCycleAt,
      blind: exporter.blind,
      recoveryMode: exporter.recoveryMode,
      version: exporter.version,
    },
    summary,
    gateways,
    page: { matched, accounts: accounts.map((account) => ({ ...account, shard: ordinal })), nextCursor },
  }
}

async function silentPart(ordinal: number, why: string, query: ListingQuery, shards: Shards): Promise<Part> {
  const views = await lastKnownOf(shards, ordinal)
  const listing = listAccounts(views ?? [], query)
  const observedMs = (views ?? []).reduce<number | null>(
    (newest, { health }) => (health.lastCheckMs === null ? newest : Math.max(newest ?? 0, health.lastCheckMs)),
    null,
  )
  return {
    shard: silent(ordinal, why, views === null ? null : views.length, observedMs),
    summary: countFleet(views ?? []),
    gateways: [],
    page: {
      matched: listing.matched,
      accounts: listing.views.map((view) => accountDocument(view, ordinal)),
      nextCursor: listing.nextCursor,
    },
  }
}

function silent(ordinal: number, error: string, accounts: number | null, observedMs: number | null): Shard {
  return {
    ordinal,
    self: false,
    answers: false,
    error,
    accounts,
    observedAt: timeOrNull(observedMs),
    blind: null,
    recoveryMode: null,
    version: null,
  }
}

function addSummaries(parts: readonly FleetStatus['summary'][]): FleetStatus['summary'] {
  const sum = (of: (part: FleetStatus['summary']) => number) => parts.reduce((total, part) => total + of(part), 0)
  return {
    accounts: sum(({ accounts }) => accounts),
    byStatus: sums(STATUSES, (status) => sum(({ byStatus }) => byStatus[status])),
    byState: sums(STATES, (state) => sum(({ byState }) => byState[state])),
    openIncidents: sum(({ openIncidents }) => openIncidents),
    inMaintenance: sum(({ inMaintenance }) => inMaintenance),
  }
}

function sums<const Word extends string>(words: readonly Word[], of: (word: Word) => number): Record<Word, number> {
  // fromEntries forgets the key type; every word is put in here.
  return Object.fromEntries(words.map((word) => [word, of(word)])) as Record<Word, number>
}
