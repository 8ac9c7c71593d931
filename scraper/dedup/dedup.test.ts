import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prose, testDocument } from '#test/golden/documents.ts'
import { deduplicate } from './dedup.ts'

const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 1, hour))

describe('deduplicate', () => {
  test('keeps the newest version of a uri', () => {
    const old = testDocument(1)
    const young = testDocument(2, { uri: old.uri, version: 2 })
    const { kept, rejects } = deduplicate([young, old])
    expect(kept).toEqual([young])
    expect(rejects).toEqual([
      expect.objectContaining({ subject: old.uri, reason: 'duplicate_exact', details: expect.objectContaining({ id: old.id, kept_id: young.id }) }),
    ])
  })

  test('keeps the oldest of equal texts, then the smallest uri', () => {
    const text = prose(9)
    const first = testDocument(1, { text, published_at: at(1), uri: 'https://b.example/' })
    const copies = [
      testDocument(2, { text, published_at: at(2), uri: 'https://a.example/' }),
      testDocument(3, { text, published_at: null, uri: 'https://c.example/' }),
    ]
    expect(deduplicate([...copies, first]).kept).toEqual([first])
    expect(deduplicate([testDocument(4, { text, published_at: null, uri: 'https://z.example/' }), copies[1] as typeof first]).kept).toEqual([copies[1]])
  })

  test('keeps the best of near-duplicates over all jobs, and counts by job', () => {
    const base = prose(5, 300)
    const best = testDocument(1, { text: base, job_id: 'job-a' })
    const near = testDocument(2, { text: `${base} and a tail`, job_id: 'job-b' })
    const other = testDocument(3, { job_id: 'job-b' })
    const { kept, rejects, counts } = deduplicate([near, other, best])
    expect(new Set(kept)).toEqual(new Set([best, other]))
    expect(rejects).toEqual([
      expect.objectContaining({ subject: near.uri, reason: 'duplicate_near', stage: 'dedup', details: expect.objectContaining({ kept_id: best.id }) }),
    ])
    expect(Object.fromEntries(counts)).toEqual({ 'job-a': { exact: 0, near: 0, clusters: 1 }, 'job-b': { exact: 0, near: 1, clusters: 0 } })
  })

  test('takes the same document twice for one', () => {
    const document = testDocument(1)
    expect(deduplicate([document, { ...document }])).toEqual({ kept: [document], rejects: [], counts: new Map() })
  })

  test('comes out the same, sorted, whatever the order, and finds nothing the second time', () => {
    const base = prose(5, 200)
    const documents = Array.from({ length: 24 }, (_, n) =>
      testDocument(n, n % 3 === 0 ? { text: `${base} ${n}` } : n % 7 === 0 ? { uri: 'https://one.example/', version: n } : {}),
    )
    const expected = deduplicate(documents)
    expect(deduplicate(expected.kept)).toEqual({ kept: expected.kept, rejects: [], counts: new Map() })
    fc.assert(
      fc.property(fc.shuffledSubarray(documents, { minLength: documents.length }), (shuffled) => {
        expect(deduplicate(shuffled).kept).toEqual(expected.kept)
      }),
      { numRuns: 30 },
    )
  })
})
