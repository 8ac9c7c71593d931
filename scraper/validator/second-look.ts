import { z } from 'zod'
import type { Document } from '#schemas/document.ts'
import type { RowClaim } from './judge-page.ts'
import type { JobWishes } from './refetch.ts'

/** What is needed to look at the page of a row once more, when the row itself may be gone. */
export interface SecondLook {
  claim: Omit<RowClaim, 'rights'>
  /** As it is asked for. */
  url: string
  wishes: JobWishes | undefined
  /** How much of the row's text the page held the first time. */
  alike: number
  /** When the row was first seen in a claim, ms. */
  firstSeenAt: number | undefined
  /** Looks that told nothing so far. */
  vain: number
}

const time = z.string().transform((text) => new Date(text))
const bytes = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
const Packed = z.object({
  claim: z.object({
    id: z.string(),
    uri: z.string(),
    job_id: z.string(),
    text_bytes: z.number(),
    datetime: time,
    published_at: time.nullable(),
    published_by: z.string(),
    published_score: z.number(),
    fetched_at: time,
    etag: z.string().nullable(),
    html_sha256: z.string(),
    minhash: bytes,
    lang: z.string(),
    lang_score: z.number(),
  }),
  url: z.string(),
  wishes: z.unknown().optional(),
  alike: z.number(),
  firstSeenAt: z.number().optional(),
  vain: z.number(),
})

export function packSecondLook({ claim, ...look }: SecondLook): string {
  const { id, uri, job_id, text_bytes, datetime, published_at, published_by, published_score, fetched_at, etag, html_sha256, lang, lang_score } = claim
  const minhash = Buffer.from(claim.minhash).toString('base64')
  const kept = {
    id,
    uri,
    job_id,
    text_bytes,
    datetime,
    published_at,
    published_by,
    published_score,
    fetched_at,
    etag,
    html_sha256,
    lang,
    lang_score,
    minhash,
  }
  return JSON.stringify({ ...look, claim: kept })
}

/** What was written by ourselves. */
export const unpackSecondLook = (packed: string): SecondLook => {
  const { claim, wishes, firstSeenAt, ...look } = Packed.parse(JSON.parse(packed))
  return { ...look, claim: { ...claim, published_by: claim.published_by as Document['published_by'] }, wishes: wishes as JobWishes | undefined, firstSeenAt }
}
