import type { Document } from '#schemas/document.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { similarity } from '#schemas/identity/signature.ts'

/**
 * What a page is when we look ourselves. `gone`: there is no such page, or nothing on it that would be kept: the miner's claim is wrong.
 * `unknown`: we could not look (network, server trouble, robots forbids now): neither reward nor penalty.
 */
export type Refetched =
  | { state: 'found'; id: string; text: string; publishedAt: Date | null }
  | { state: 'gone'; reason: string }
  | { state: 'unknown'; reason: string }

/** Fetches a page as a miner would: same robots rules, same extraction. Rejects only when the signal is aborted. */
export type Refetch = (uri: string, signal: AbortSignal) => Promise<Refetched>

export type PageVerdict = { uri: string; textBytes: number } & (
  | { outcome: 'same' }
  | { outcome: 'unknown'; reason: string }
  | { outcome: 'different'; reason: string }
)

const similarityMin = 0.8
const dayMs = 86_400_000

/** Compares a miner's row with the page as it is now. */
export function judgePage(row: Document, found: Refetched): PageVerdict {
  const page = { uri: row.uri, textBytes: row.text_bytes }
  if (found.state === 'unknown') return { ...page, outcome: 'unknown', reason: found.reason }
  if (found.state === 'gone') return { ...page, outcome: 'different', reason: found.reason }
  const alike = found.id === row.id ? 1 : similarity(row.minhash, minhash(found.text))
  if (alike < similarityMin) return { ...page, outcome: 'different', reason: `text_${alike.toFixed(2)}` }
  if (claimsToBeFresher(row, found.publishedAt)) return { ...page, outcome: 'different', reason: 'date' }
  return { ...page, outcome: 'same' }
}

/** Younger by more than a day than the page itself says. */
function claimsToBeFresher({ datetime, published_at }: Document, publishedAt: Date | null): boolean {
  return publishedAt !== null && (published_at ?? datetime).getTime() > publishedAt.getTime() + dayMs
}
