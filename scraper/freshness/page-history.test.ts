import { describe, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { observe } from '../revisit/change-rate.ts'
import { decodeMemory, encodeMemory } from '../revisit/page-memory.ts'
import { datedByHistory } from './page-history.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)

/** Visits of one page, a day apart; each brings a text and the date that the page names. */
function visits(versions: readonly { text: string; publishedAt: number | null }[]): Document[] {
  let memory: string | undefined
  return versions.map(({ text, publishedAt }, n) => {
    const at = start + n * day
    const published_at = publishedAt === null ? null : new Date(publishedAt)
    const said = { published_at, published_by: 'meta', published_score: published_at ? 0.9 : 0, last_modified: null } as const
    const document = testDocument(1, { ...said, datetime: published_at ?? new Date(at), fetched_at: new Date(at), minhash: minhash(text) })
    const previous = memory === undefined ? undefined : { etag: undefined, lastModified: undefined, version: n, memory }
    const { page, kept } = datedByHistory(document, { modifiedAt: undefined, previous })
    const { life } = observe(decodeMemory(memory)?.life, { at, factsAt: at, content: n.toString(16).padStart(11, '0') })
    memory = encodeMemory({ ends: 0, life: { ...life, kept } })
    return page
  })
}

describe('from version to version', () => {
  const text = prose(1)

  test('a date that is moved each day while the text stays is the first one', () => {
    const days = [0, 1, 2, 9].map((n) => ({ text, publishedAt: start + n * day - 3_600_000 }))
    expect(visits(days).map((page) => page.datetime.getTime())).toEqual(Array<number>(4).fill(start - 3_600_000))
  })

  test('another text may bring a later date', () => {
    const later = start + day - 3_600_000
    const pages = visits([
      { text, publishedAt: start - 40 * day },
      { text: prose(2), publishedAt: later },
    ])
    expect(pages[1]).toMatchObject({ datetime: new Date(later), published_at: new Date(later) })
  })

  test('a page without a date is as old as its first visit', () => {
    const pages = visits([text, prose(2), prose(3)].map((version) => ({ text: version, publishedAt: null })))
    expect(pages.map(({ datetime, published_at }) => [datetime.getTime(), published_at])).toEqual(Array.from({ length: 3 }, () => [start, null]))
  })
})
