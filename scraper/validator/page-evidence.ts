import type { Document } from '#schemas/document.ts'
import { startOf } from '#schemas/text-bytes.ts'
import type { Judgement } from './judge-page.ts'
import type { Refetched } from './refetch.ts'

/** What a row says of its page, and what was found, as far as a person needs it to see why. All of it is bounded. */
export interface PageEvidence {
  said: Sight & { fetched_at: string; row_version: number }
  found?: Sight
  reason?: string
  proof?: string
  /** How much of the row's text is there. */
  alike?: number
  /** Address of the list that was in force when the row was fetched. */
  list: string
  /** When the row was first seen in a claim, by the chain. */
  first_seen?: string
}

interface Sight {
  title: string
  lang: string
  text_bytes: number
  /** How the text begins. */
  text: string
  html_sha256: string
  published_at: string | null
  modified_at: string | null
  last_modified: string | null
  etag: string | null
  licence: string | null
}

const textBytes = 200
const wordBytes = 120

/** As JSON of at most some KB. */
export function evidenceOf(
  row: Document,
  found: Refetched,
  { reason, proof, alike }: Judgement,
  { list, firstSeenAt }: { list: string; firstSeenAt: number | undefined },
): string {
  const evidence: PageEvidence = {
    said: { ...sight(row), fetched_at: row.fetched_at.toISOString(), row_version: row.version },
    ...(found.state === 'found' && { found: sight(found.page) }),
    ...(reason !== undefined && { reason }),
    ...(proof !== undefined && { proof }),
    ...(alike !== undefined && { alike: Math.round(alike * 1000) / 1000 }),
    list,
    ...(firstSeenAt !== undefined && { first_seen: new Date(firstSeenAt).toISOString() }),
  }
  return JSON.stringify(evidence)
}

type Seen = Pick<Document, 'title' | 'lang' | 'text_bytes' | 'text' | 'html_sha256' | 'published_at' | 'modified_at' | 'last_modified' | 'etag' | 'rights'>

const cut = (text: string | null): string | null => (text === null ? null : startOf(text, wordBytes))

const sight = ({ title, lang, text_bytes, text, html_sha256, published_at, modified_at, last_modified, etag, rights }: Seen): Sight => ({
  title: startOf(title, wordBytes),
  lang: startOf(lang, wordBytes),
  text_bytes,
  text: startOf(text, textBytes),
  html_sha256,
  published_at: published_at?.toISOString() ?? null,
  modified_at: modified_at?.toISOString() ?? null,
  last_modified: cut(last_modified),
  etag: cut(etag),
  licence: cut(rights.licence),
})
