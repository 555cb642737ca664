import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { TEMPLATES } from './document/report.ts'
import { filesOf, type ReadyFile, replaced } from './report-folder.ts'
import { REPORT_FORMATS } from './report-order.ts'
import type { RequestedReport } from './requested-report.ts'
import { LANGUAGES } from './words/words.ts'

/** No schedule can have this name. */
const FOLDER = '_requested'
const FACTS_FILE = 'request.json'
const ID = /^[0-9a-f]{16}$/

const words = z.array(z.string()).optional()
const Facts = z.object({
  id: z.string().regex(ID),
  period: z.string(),
  timeZone: z.string(),
  select: z.object({ accounts: words, gateways: words, labels: z.record(z.string(), z.string()).optional() }),
  template: z.enum([...TEMPLATES, 'incident']).catch('monthly'),
  incident: z.string().nullable(),
  formats: z.array(z.enum(REPORT_FORMATS)).catch([]),
  language: z.enum(LANGUAGES).nullable().catch(null),
  paper: z.enum(['a4', 'letter']).nullable().catch(null),
  state: z.enum(['waiting', 'making', 'ready', 'failed']).catch('failed'),
  detail: z.string(),
  requestedMs: z.number(),
  requestedBy: z.string(),
  doneMs: z.number().nullable(),
  files: z.array(z.object({ name: z.string(), format: z.enum(REPORT_FORMATS), sizeBytes: z.number() })),
})
/** A request as it is written beside its files. */
export type RequestFacts = z.output<typeof Facts>

/** Reports that were asked for, each a folder with its files and what was asked for. */
export interface RequestFolder {
  /** Where the files of a request belong. */
  folderOf(id: string): string
  /** Makes a place for the files of a request. @throws the file system's error */
  open(id: string): Promise<void>
  /** Writes how far it is. @throws the file system's error */
  put(facts: RequestFacts): Promise<void>
  /** As it was written last; null where there is none. */
  get(id: string): Promise<RequestFacts | null>
  /** Newest first. */
  all(): Promise<readonly RequestFacts[]>
  /** What was made so far. */
  filesOf(id: string): Promise<RequestedReport['files']>
  /** Null where there is no such file. */
  file(id: string, name: string): Promise<ReadyFile | null>
  remove(id: string): Promise<void>
}

/** @param directory `reports.directory`, asked again and again: a reload may change it */
export function requestFolder(directory: () => string): RequestFolder {
  /** What does not change any more, so that a list of many reports reads no file twice. */
  const settled = new Map<string, RequestFacts>()
  const root = () => join(directory(), FOLDER)
  const folderOf = (id: string) => join(root(), id)

  async function get(id: string): Promise<RequestFacts | null> {
    if (!ID.test(id)) return null
    const known = settled.get(id)
    if (known !== undefined) return known
    const text = await readFile(join(folderOf(id), FACTS_FILE), 'utf8').catch(() => null)
    if (text === null) return null
    const { data } = Facts.safeParse(parsed(text))
    if (data?.state === 'ready' || data?.state === 'failed') settled.set(id, data)
    return data ?? null
  }

  return {
    folderOf,
    async open(id) {
      await mkdir(folderOf(id), { recursive: true, mode: 0o700 })
    },
    async put(facts) {
      await replaced(join(folderOf(facts.id), FACTS_FILE), JSON.stringify(facts))
    },
    get,
    async all() {
      const names = await readdir(root()).catch(() => [])
      const found = await Promise.all(names.map(get))
      return found
        .filter((facts) => facts !== null)
        .toSorted((a, b) => b.requestedMs - a.requestedMs || (a.id < b.id ? -1 : 1))
    },
    async filesOf(id) {
      return (await filesOf(folderOf(id))).flatMap(({ name, sizeBytes }) => {
        const format = REPORT_FORMATS.find((known) => name.endsWith(`.${known}`))
        return format === undefined || name === FACTS_FILE ? [] : [{ name: baseName(name), format, sizeBytes }]
      })
    },
    async file(id, name) {
      if (name === FACTS_FILE) return null
      const file = (await filesOf(folderOf(id))).find((one) => baseName(one.name) === name)
      return file === undefined ? null : { name, type: file.type, content: await readFile(file.path) }
    },
    async remove(id) {
      await rm(folderOf(id), { recursive: true, force: true })
      settled.delete(id)
    },
  }
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
