import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { similarity } from '#schemas/identity/signature.ts'
import { joinParagraphs, paragraphName, paragraphsOf, placeOf } from '../dedup/paragraphs.ts'
import { dateFault, type SupportedDate } from './date-fault.ts'

/**
 * What a page is when we look ourselves. `gone`: there is no such page, or nothing on it that would be kept: the miner's claim is wrong.
 * `unknown`: we could not look (network, server trouble, robots forbids now): neither reward nor penalty.
 */
export type Refetched =
  | ({ state: 'found'; id: string; text: string } & SupportedDate)
  | { state: 'gone'; reason: string }
  | { state: 'unknown'; reason: string }

/** What a job says of how its pages are asked for, and of their texts. */
export type JobWishes = Pick<DesirabilityJob['web'], 'headers' | 'quality'>

/**
 * Fetches a page as a miner would: same robots rules, same extraction, as its job asks. What it rejects with, unless the signal is aborted, makes the page
 * `unknown`. @param url as the miner asked for it
 */
export type Refetch = (url: string, signal: AbortSignal, wishes?: JobWishes) => Promise<Refetched>

export type PageVerdict = { uri: string; textBytes: number } & (
  | { outcome: 'same' }
  | { outcome: 'unknown'; reason: string }
  | { outcome: 'different'; reason: string }
)

const similarityMin = 0.8

/**
 * Compares a miner's row with the page as it is now. What the row lacks of the page counts for nothing where it stands in another row of the same host and
 * shard: a miner cuts what pages repeat, but for one (scraper/dedup/boilerplate.ts). Text that is in no row of the claim was not read, or was thrown away.
 * @param isElsewhere whether another row has the paragraph, by its name
 */
export function judgePage(row: Document, found: Refetched, isElsewhere: (name: string) => boolean = () => false): PageVerdict {
  const page = { uri: row.uri, textBytes: row.text_bytes }
  if (found.state === 'unknown') return { ...page, outcome: 'unknown', reason: found.reason }
  if (found.state === 'gone') return { ...page, outcome: 'different', reason: found.reason }
  const alike = found.id === row.id ? 1 : Math.max(likeness(row, found.text), likeness(row, withoutCut(row, found.text, isElsewhere)))
  if (alike < similarityMin) return { ...page, outcome: 'different', reason: `text_${alike.toFixed(2)}` }
  const fault = dateFault(row, found)
  return fault ? { ...page, outcome: 'different', reason: fault } : { ...page, outcome: 'same' }
}

const likeness = ({ minhash: signature }: Document, text: string): number => similarity(signature, minhash(text))

/** Names of the paragraphs of a page that its row has not. */
export function lackedParagraphs(row: Document, text: string): Set<string> {
  const had = new Set(paragraphsOf(row.text))
  const lacked = paragraphsOf(text).filter((paragraph) => !had.has(paragraph))
  return new Set(lacked.map((paragraph) => paragraphName(placeOf(row), paragraph)).filter((name) => name !== undefined))
}

function withoutCut(row: Document, text: string, isElsewhere: (name: string) => boolean): string {
  const lacked = lackedParagraphs(row, text)
  const isCut = (name: string | undefined): boolean => name !== undefined && lacked.has(name) && isElsewhere(name)
  return joinParagraphs(paragraphsOf(text).filter((paragraph) => !isCut(paragraphName(placeOf(row), paragraph))))
}
