import type { Document } from '#schemas/document.ts'
import { similarity } from '#schemas/identity/signature.ts'
import type { PageDocument } from '../document/page-document.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import { isRightsRefusal } from '../robots/rights.ts'
import { dateFault, madeUpDate } from './date-fault.ts'
import type { Refetched } from './refetch.ts'
import { spokenFault } from './spoken-fault.ts'

/**
 * `same`: the page holds the text of the row. `changed`: it holds another, and nothing proves that it ever held this one or did not. `gone`: its host has no such
 * page. `unfetchable`: nobody knows. `contradicted`: something that the owner of a page cannot change proves the row wrong.
 */
export type PageVerdict = 'same' | 'changed' | 'gone' | 'unfetchable' | 'contradicted'

/** What the judge knows of a row. */
export type RowClaim = Pick<
  Document,
  | 'id'
  | 'uri'
  | 'job_id'
  | 'text_bytes'
  | 'datetime'
  | 'published_at'
  | 'published_by'
  | 'published_score'
  | 'fetched_at'
  | 'etag'
  | 'html_sha256'
  | 'minhash'
  | 'lang'
  | 'lang_score'
  | 'rights'
>

/** What this validator itself saw on a page at some time. */
export interface OwnLook {
  /** ms since epoch, of the facts. */
  at: number
  htmlSha256: string
  minhash: Uint8Array
  /** Times that the page named for its last change, ms; undefined: none that says anything. */
  changedAt: number | undefined
}

export interface Judgement {
  verdict: PageVerdict
  /** A stable code. */
  reason?: string
  /** Why it is known that the page did not change, where that decided. */
  proof?: UnchangedBy
  /** How much of the row's text is there, 0..1. */
  alike?: number
  /** How much of the row is lost without a word of why, 0..1: what chance does not explain in many rows (doubt.ts). */
  lost: number
  /** Its host says that there is no such page. */
  isAbsent?: boolean
  /** The page supports the date of the row. */
  isDated?: boolean
  /** Another look, some time later, will tell more. */
  again?: boolean
}

/**
 * How it is known that a page stayed as it was since a row was fetched. `bytes`: they are the very same. `text`: it is. `etag`: its strong validator is (RFC 9110
 * §8.8.3). `address`: what it names never changes. `looks`: we saw it before and after. `modified`: it names a time of its last change before the fetch, at two
 * looks that agree.
 */
type UnchangedBy = 'bytes' | 'text' | 'etag' | 'address' | 'looks' | 'modified'

export interface PageLook {
  row: RowClaim
  found: Refetched
  /** Time of the look. */
  at: number
  /** How much of the row's text the page holds (likeness.ts); 0 where none was found. */
  alike: number
  /** It begins as the row does: a teaser, shown to who has read enough, says nothing of the rest. */
  hasOpening: boolean
  /** What we saw there before, oldest first. */
  earlier: readonly OwnLook[]
}

/** From here on a text is the same. */
const sameMin = 0.8
/** From here on nothing of it is lost: words are corrected every day. */
const wholeMin = 0.9
/** Below this hardly a sentence of the row is there: no correction, no new paragraph leaves so little. */
const unlikeMax = 0.3
/** Two looks agree: estimate of Jaccard similarity. */
export const agreeMin = 0.8
/** Clocks differ. */
const slackMs = 10 * 60_000
/** Between two looks that are to be two: what a cache or a wall gave once may be over. */
export const looksApartMs = 30 * 60_000
/** A page that shows so little of its text is a wall, a notice or an error: of what stands behind it nothing is known. */
const wallShare = 0.3
/** Of pages that change all the time, or say that they did, more are other ones by now. */
const restlessShare = 0.25
const langSure = 0.7
/** Not so front pages, lists and searches: theirs is another text for another reader, at another hour. */
const standingTypes: ReadonlySet<PageDocument['page_type']> = new Set(['article', 'documentation', 'product', 'forum'])

/** Compares a row with the page as we found it. Pure: the same look gives the same judgement. */
export function judgePage(look: PageLook): Judgement {
  const { row, found, alike } = look
  if (found.state === 'unfetchable') return { verdict: 'unfetchable', reason: found.reason, lost: 0 }
  if (found.state === 'gone') return judgeAbsence(row, found)
  const { page, reading = 'plain' } = found
  if (page.id === row.id || alike >= sameMin) return judgeFacts(row, page, alike, reading === 'plain')
  if (reading === 'partial') return { verdict: 'unfetchable', reason: 'needs_browser', lost: 0 }
  if (page.uri !== row.uri) return { verdict: 'gone', reason: 'moved', alike, lost: 1 }
  const proof = alike < unlikeMax ? unchangedBy(look, page, reading === 'plain') : undefined
  if (proof !== undefined && proof !== 'again') return { verdict: 'contradicted', reason: 'text', proof, alike, lost: 0 }
  const isWonder = !isRestless(look, page)
  const lost = (1 - alike) * (isWonder ? 1 : restlessShare)
  return { verdict: 'changed', reason: isWonder ? 'text' : 'restless', alike, lost, ...(proof === 'again' && { again: true }) }
}

/** The very bytes that the row is said to be made of, of which our own code makes no document. What their headers say may be another thing today. */
function judgeAbsence(row: RowClaim, { reason, htmlSha256 }: Extract<Refetched, { state: 'gone' }>): Judgement {
  const isOfBytes = htmlSha256 === row.html_sha256 && !isRightsRefusal(reason) && reason !== 'doubtful_charset'
  if (isOfBytes) return { verdict: 'contradicted', reason, proof: 'bytes', lost: 0 }
  return { verdict: 'gone', reason, lost: 1, isAbsent: reason.startsWith('http_') }
}

/** The text is there: what else the row says of it. */
function judgeFacts(row: RowClaim, page: PageDocument, alike: number, isPlain: boolean): Judgement {
  const isSameText = page.id === row.id
  const isSameBytes = isPlain && page.html_sha256 === row.html_sha256
  const fault = dateFault(row, page) ?? (isSameBytes ? madeUpDate(row, page) : undefined) ?? (isSameText ? spokenFault(row, page) : undefined)
  if (fault === undefined) {
    const isDated = row.published_at !== null && page.published_at !== null
    return { verdict: 'same', alike, lost: alike >= wholeMin ? 0 : 1 - alike, isDated }
  }
  // Who corrected a date or a licence made another page of it.
  const proof = isSameBytes ? 'bytes' : fault === 'lang' ? 'text' : isSameEtag(row, page) ? 'etag' : undefined
  return proof ? { verdict: 'contradicted', reason: fault, proof, alike, lost: 0 } : { verdict: 'changed', reason: fault, alike, lost: 1 }
}

/** `again`: another look, some time from now, will prove it or not. */
function unchangedBy({ row, at, hasOpening, earlier }: PageLook, page: PageDocument, isPlain: boolean): UnchangedBy | 'again' | undefined {
  // What scripts show hangs on more than the bytes, whatever they say of themselves.
  if (isPlain && page.html_sha256 === row.html_sha256) return 'bytes'
  if (isOtherFace(row, page)) return undefined
  if (isPlain && isSameEtag(row, page)) return 'etag'
  if (isImmutable(row.uri)) return 'address'
  if (hasOpening || !standingTypes.has(page.page_type)) return undefined
  const fetchedAt = row.fetched_at.getTime()
  const before = earlier.findLast((look) => look.at <= fetchedAt - slackMs)
  if (before && agrees(before, page)) return 'looks'
  const changedAt = changeTimeOf(page, at)
  if (!isPlain || changedAt === undefined || changedAt > fetchedAt - slackMs) return undefined
  const since = earlier.filter((look) => look.at > fetchedAt && look.at <= at - looksApartMs && look.changedAt !== undefined && look.changedAt <= fetchedAt)
  return since.some((look) => agrees(look, page)) ? 'modified' : 'again'
}

const agrees = (look: OwnLook, page: PageDocument): boolean => look.htmlSha256 === page.html_sha256 || similarity(look.minhash, page.minhash) >= agreeMin

const isSameEtag = (row: RowClaim, { etag }: PageDocument): boolean => etag !== null && etag === row.etag && /^"[^"]{4,}"$/.test(etag)

/** One address may speak several languages, and show who it does not like a wall. */
function isOtherFace(row: RowClaim, page: PageDocument): boolean {
  if (page.text_bytes < row.text_bytes * wallShare) return true
  return page.lang !== row.lang && page.lang !== 'und' && row.lang !== 'und' && page.lang_score >= langSure && row.lang_score >= langSure
}

/** Revisions, commits and snapshots of archives: another content has another address. */
const isImmutable = (uri: string): boolean =>
  /^https?:\/\/web\.archive\.org\/web\/\d{14}(?:id_)?\//.test(uri) || /[?&]oldid=\d+/.test(uri) || /\/(?:blob|raw|tree|commit)\/[0-9a-f]{40}(?:\/|$)/.test(uri)

/** The latest time that the page names for its last change; undefined where it names none, or one that is made for each visit. */
export function changeTimeOf(
  { last_modified, modified_at, published_at }: Pick<PageDocument, 'last_modified' | 'modified_at' | 'published_at'>,
  at: number,
): number | undefined {
  const header = last_modified === null ? undefined : parseDate(last_modified)?.getTime()
  const modified = modified_at?.getTime()
  if (header === undefined && modified === undefined) return undefined
  const latest = Math.max(header ?? 0, modified ?? 0, published_at?.getTime() ?? 0)
  return latest > at - slackMs ? undefined : latest
}

/** Whether it is no wonder that the page is another one: it says so itself, it is of a kind that is, or it was another one between two looks of ours. */
function isRestless({ row, at, earlier }: PageLook, page: PageDocument): boolean {
  const changedAt = changeTimeOf(page, at)
  const isTold = changedAt !== undefined && changedAt > row.fetched_at.getTime() - slackMs
  return isTold || !standingTypes.has(page.page_type) || earlier.some((look) => !agrees(look, page))
}
