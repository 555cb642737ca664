import { setImmediate } from 'node:timers/promises'
import { type Html, html } from '../../html.ts'
import type { AccountAnalysis, Analysis } from '../analysis.ts'
import { HALF_WIDTH } from '../charts/svg.ts'
import { burnDown, calendar, MOST_CALENDAR_DAYS, strip, trendHtml } from './availability.ts'
import { entryCells, entryColumns } from './incidents.ts'
import { chip } from './ranking.ts'
import { responseChart } from './response.ts'
import { table } from './tables.ts'
import { accountAnchor, accountName, type Section, type Writing } from './writing.ts'

const MOST_INCIDENTS = 8

/** A figure of its own for every account that had trouble; those without are only counted. */
export async function detailsSection(
  analysis: Analysis,
  described: readonly AccountAnalysis[],
  writing: Writing,
): Promise<Section | null> {
  const { words, formats } = writing
  if (described.length === 0) return null
  const articles: Html[] = []
  for (const account of described) {
    articles.push(accountHtml(account, analysis, writing))
    // Checks go first: an account takes a few milliseconds.
    await setImmediate()
  }
  const fine = analysis.accounts.length - described.length
  return {
    id: 'details',
    title: words.sections.details,
    body: html`${articles}${
      fine > 0 ? html`<p class="dim">${words.details.fine(fine, formats.number(fine))}</p>` : null
    }`,
  }
}

/** Whether there is something to tell of the account. */
export function hasTrouble(account: AccountAnalysis): boolean {
  return account.verdict === 'missed' || account.downtimeMs > 0 || account.incidentList.length > 0
}

function accountHtml(account: AccountAnalysis, { period }: Analysis, writing: Writing): Html {
  const { words, formats } = writing
  const { figures } = words
  const fact = (name: string, value: string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`
  const since =
    account.watchedFromMs !== null && account.watchedFromMs > period.fromMs + LATE_START_MS
      ? html`<p class="dim">${words.details.watchedFrom(formats.dateTime(account.watchedFromMs))}</p>`
      : null
  // A calendar of a quarter would fill the page of every account.
  const days =
    account.days.length <= MOST_CALENDAR_DAYS
      ? calendar(account, writing, true)
      : html`<p>${strip(account, writing)}</p>`
  const list = account.incidentList.slice(0, MOST_INCIDENTS)
  const incidents =
    list.length === 0
      ? html`<p class="dim">${words.details.steady}</p>`
      : html`<h4>${words.details.lastIncidents}</h4>${table(
          words.details.lastIncidents,
          entryColumns(writing),
          list.map((entry) => entryCells(entry, writing)),
        )}`
  return html`<article class="account"><header><h3 id="${accountAnchor(account.account.key)}">${accountName(account.account)}</h3><span><small>${account.account.gateway}</small> &nbsp; ${chip(account.verdict, writing)}</span></header><dl class="facts">${[
    fact(figures.availability, formats.availability(account.availability)),
    fact(figures.objective, formats.availability(account.account.objective)),
    fact(figures.downtime, formats.span(account.downtimeMs)),
    fact(figures.incidents, formats.number(account.incidents)),
    fact('MTTR', formats.span(account.mttrMs)),
    fact(figures.coverage, formats.percent(account.coverage)),
  ]}</dl>${since}${account.gone ? html`<p class="dim">${words.details.gone}</p>` : null}${days}<div class="pair"><div><h4>${words.burn.title}</h4>${burnDown(account, period, writing, HALF_WIDTH)}</div><div><h4>${words.response.title}</h4>${responseChart(account, writing, HALF_WIDTH)}</div></div>${trendHtml(account.trend, writing)}${incidents}</article>`
}

/** An account that was first checked a little after the period's begin is not a new one. */
const LATE_START_MS = 3_600_000
