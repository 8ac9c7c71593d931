import type { Document } from '#schemas/document.ts'
import { hostnameOf } from '#schemas/identity/url-parts.ts'
import type { BuildRecipe, VersionFile } from '#schemas/manifest.ts'
import { qualityScore } from '#schemas/quality-score.ts'
import { canonicalHost } from '../query/index/host-name.ts'

/** Which documents are wanted; see `BuildRecipe`. */
export type Criteria = Omit<BuildRecipe, 'source'>

/** What is read of each document to tell whether it is wanted, and to say what there is. */
const readColumns = ['label', 'lang', 'text_bytes', 'datetime'] as const
export type JudgedDocument = Pick<Document, (typeof readColumns)[number]> & Partial<Pick<Document, 'id' | 'host' | 'rights' | 'quality'>>

/** Columns that these criteria ask about. */
export const columnsOf = ({ hosts, licences, min_quality }: Criteria) => [
  ...readColumns,
  ...(hosts.length > 0 ? (['host'] as const) : []),
  ...(licences.length > 0 ? (['rights'] as const) : []),
  ...(min_quality === null ? [] : (['quality'] as const)),
]

/** A host as documents have it, however it is spelt; what is none is in no document. */
export const hostName = (host: string): string => canonicalHost(host) ?? host.toLowerCase()

const isOne = (set: ReadonlySet<string>, value: string): boolean => set.size === 0 || set.has(value)

/** Whether a document is wanted. */
export function judgeOf(criteria: Criteria): (document: JudgedDocument) => boolean {
  const sets = { labels: new Set(criteria.labels), langs: new Set(criteria.langs), hosts: new Set(criteria.hosts), licences: new Set(criteria.licences) }
  const isHost = (host: string): boolean => isOne(sets.hosts, host) || sets.hosts.has(hostnameOf(host))
  const [since, until] = spanOf(criteria)
  return ({ label, lang, datetime, host, rights, quality }) =>
    isOne(sets.labels, label) &&
    isOne(sets.langs, lang.toLowerCase()) &&
    datetime.getTime() >= since &&
    datetime.getTime() < until &&
    isHost(host ?? '') &&
    isOne(sets.licences, rights?.licence?.toLowerCase() ?? '') &&
    (criteria.min_quality === null || qualityScore(quality ?? {}) >= criteria.min_quality)
}

/** Whether a file may have wanted documents, by what its version says of it. */
export function fileJudgeOf(criteria: Criteria): (file: VersionFile['file']) => boolean {
  const labels = new Set(criteria.labels)
  const [since, until] = spanOf(criteria)
  return ({ labels: own, datetime_range: range }) =>
    (labels.size === 0 || own.length === 0 || own.some(([label]) => labels.has(label))) &&
    (range === null || (Date.parse(range.last) >= since && Date.parse(range.first) < until))
}

const spanOf = ({ since, until }: Criteria): [since: number, until: number] => [
  since === null ? -Infinity : Date.parse(since),
  until === null ? Infinity : Date.parse(until),
]
