import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentId } from '#schemas/identity/content-id.ts'
import { nearDuplicates } from '#schemas/identity/clusters.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { fileNearDuplicates } from '#infra/near-duplicates/near-duplicates.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import type { Document } from '#schemas/document.ts'
import { deduplicate as deduplicateWith, type Deduplicated } from './dedup.ts'

/** As if nothing had been seen before. */
async function deduplicate(arrivals: readonly Document[]): Promise<Deduplicated> {
  await using index = fileNearDuplicates(await temporaryFolder())
  return await deduplicateWith({ former: [], arrivals, index, boilerplate: new Set() })
}

const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 1, hour))

describe('deduplicate', () => {
  test('keeps the newest version of a uri', async () => {
    const old = testDocument(1)
    const young = testDocument(2, { uri: old.uri, version: 2 })
    const { kept, rejects } = await deduplicate([young, old])
    expect(kept).toEqual([young])
    expect(rejects).toEqual([
      expect.objectContaining({ subject: old.uri, reason: 'duplicate_exact', details: expect.objectContaining({ id: old.id, kept_id: young.id }) }),
    ])
  })

  test('keeps the oldest of equal texts, then the smallest uri', async () => {
    const text = prose(9)
    const first = testDocument(1, { text, published_at: at(1), uri: 'https://b.example/' })
    const copies = [
      testDocument(2, { text, published_at: at(2), uri: 'https://a.example/' }),
      testDocument(3, { text, published_at: null, uri: 'https://c.example/' }),
    ]
    expect((await deduplicate([...copies, first])).kept).toEqual([first])
    const later = testDocument(4, { text, published_at: null, uri: 'https://z.example/' })
    expect((await deduplicate([later, copies[1] as typeof first])).kept).toEqual([copies[1]])
  })

  test('keeps the best of near-duplicates over all jobs, and counts by job', async () => {
    const base = prose(5, 300)
    const best = testDocument(1, { text: base, job_id: 'job-a' })
    const near = testDocument(2, { text: `${base} and a tail`, job_id: 'job-b' })
    const other = testDocument(3, { job_id: 'job-b' })
    const { kept, rejects, counts } = await deduplicate([near, other, best])
    expect(new Set(kept)).toEqual(new Set([best, other]))
    expect(rejects).toEqual([
      expect.objectContaining({ subject: near.uri, reason: 'duplicate_near', stage: 'dedup', details: expect.objectContaining({ kept_id: best.id }) }),
    ])
    expect(Object.fromEntries(counts)).toEqual({ 'job-a': { exact: 0, near: 0, clusters: 1 }, 'job-b': { exact: 0, near: 1, clusters: 0 } })
  })

  test('keeps of copies of one date the one whose address names the language of the text, and not another', async () => {
    const text = prose(5, 300)
    const copy = (n: number, folder: string, more = '') =>
      testDocument(n, { text: `${text}${more}`, lang: 'en', published_at: at(1), uri: `https://docs.example/${folder}` })
    const [greek, plain, english] = [copy(1, 'el-GR/a', ' and a long tail'), copy(2, 'a'), copy(3, 'en-US/a')]
    expect((await deduplicate([greek, plain])).kept).toEqual([plain])
    expect((await deduplicate([greek, english])).kept).toEqual([english])
    expect((await deduplicate([copy(4, 'aa/a'), english])).kept).toEqual([english])
  })

  test('takes the same document twice for one', async () => {
    const document = testDocument(1)
    expect(await deduplicate([document, { ...document }])).toEqual({ kept: [document], rejects: [], counts: new Map(), boilerplate: [] })
  })

  test('comes out the same, sorted, whatever the order, and finds nothing the second time', async () => {
    const base = prose(5, 200)
    const documents = Array.from({ length: 24 }, (_, n) =>
      testDocument(n, n % 3 === 0 ? { text: `${base} ${n}` } : n % 7 === 0 ? { uri: 'https://one.example/', version: n } : {}),
    )
    const expected = await deduplicate(documents)
    expect(await deduplicate(expected.kept)).toEqual({ kept: expected.kept, rejects: [], counts: new Map(), boilerplate: [] })
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(documents, { minLength: documents.length }), async (shuffled) => {
        expect((await deduplicate(shuffled)).kept).toEqual(expected.kept)
      }),
      { numRuns: 20 },
    )
  })

  test('remembers what it dropped: a page that is like it alone is a copy of the one that was kept', async () => {
    await using index = fileNearDuplicates(await temporaryFolder())
    const words = prose(6, 260).split(' ')
    const [first, middle, last] = [words.slice(0, 210), words.slice(25, 235), words.slice(50)].map((part, n) =>
      testDocument(n + 1, { text: part.join(' '), published_at: at(n + 1), html_sha256: String(n).repeat(64) }),
    ) as [Document, Document, Document]
    const boilerplate = new Set<string>()
    const before = await deduplicateWith({ former: [], arrivals: [first, middle], index, boilerplate })
    expect(before.kept).toEqual([first])
    const after = await deduplicateWith({ former: before.kept, arrivals: [last], index, boilerplate })
    expect(after.kept).toEqual([first])
    expect((await deduplicate([first, last])).kept).toHaveLength(2)
  })

  test('cuts what the pages of a host repeat, once the eighth has it, but for one; then rows and ids are those of what is left', async () => {
    await using index = fileNearDuplicates(await temporaryFolder())
    const pages = Array.from({ length: 12 }, (_, n) => sitePage(n))
    let boilerplate = new Set<string>()
    const add = async (former: readonly Document[], arrivals: readonly Document[]): Promise<Deduplicated> => {
      const result = await deduplicateWith({ former, arrivals, index, boilerplate })
      boilerplate = new Set([...boilerplate, ...result.boilerplate])
      return result
    }
    const seven = await add([], pages.slice(0, 7))
    expect(seven).toMatchObject({ boilerplate: [], rejects: [] })
    expect(new Set(seven.kept)).toEqual(new Set(pages.slice(0, 7)))
    const eight = await add(seven.kept, pages.slice(7, 8))
    expect(eight.boilerplate).toHaveLength(2)
    const twelve = await add(eight.kept, pages.slice(8))
    expect(twelve.boilerplate).toEqual([])
    expect(twelve.kept).toHaveLength(12)
    for (const document of twelve.kept) {
      expect(document.text).toContain(ownText(document))
      expect(document).toMatchObject({ id: contentId(document.text), text_bytes: Buffer.byteLength(document.text), minhash: minhash(document.text) })
    }
    const whole = twelve.kept.filter(({ text }) => text.includes(footer))
    expect(whole.map(({ uri }) => uri)).toEqual([pages[1]?.uri])
    expect(
      nearDuplicates(twelve.kept.map((document) => ({ ...document, key: document.id, signature: document.minhash, publishedAt: null, textBytes: 0 }))),
    ).toEqual([])

    const atOnce = await deduplicate(pages.toReversed())
    expect(atOnce.kept).toEqual(twelve.kept)
    expect(atOnce.boilerplate).toEqual([...boilerplate].toSorted())
    // What a crash delivers again changes nothing.
    expect((await add(twelve.kept, pages.slice(3))).kept).toEqual(twelve.kept)
  })

  test('drops a page of which nothing is left, leaves other hosts, short lines and code alone', async () => {
    const code = `\`\`\`js\n${'const everywhere = true\n'.repeat(4)}\nmore()\n\`\`\``
    const pages = Array.from({ length: 9 }, (_, n) => sitePage(n, `${ownTextOf(n)}\n\n${code}\n\nRead more\n\n${footer}`))
    const empty = sitePage(20, `Log in\n\n${footer}`)
    const elsewhere = sitePage(21, `${ownTextOf(21)}\n\n${footer}`, 'https://other.example/')
    const { kept, rejects } = await deduplicate([...pages, empty, elsewhere])
    expect(rejects).toEqual([expect.objectContaining({ subject: empty.uri, reason: 'boilerplate' })])
    expect(kept).toHaveLength(10)
    expect(kept.every(({ text }) => text.includes(code) || text.includes(footer))).toBe(true)
    expect(kept).toContain(elsewhere)
    expect(kept.filter(({ text }) => text.includes('Read more'))).toHaveLength(9)
  })
})

const footer = 'We use cookies to make this site work as well as it can; by staying here you agree to all of them.'
const ownTextOf = (n: number): string => prose(100 + n, 90)
const ownText = ({ uri }: Document): string => ownTextOf(Number(uri.split('/').at(-1)))

/** A page between the header and the footer that all pages of its host have. */
function sitePage(
  n: number,
  text = `Welcome to the one site that has everything about everything.\n\n${ownTextOf(n)}\n\n${footer}`,
  site = 'https://site.example/',
): Document {
  return testDocument(n, { text, uri: `${site}${n}` })
}
