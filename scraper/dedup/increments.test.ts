import fc from 'fast-check'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { AddingCorpus } from '#test/dedup/adding-corpus.ts'
import { deduplicate, SeenDocuments } from '#test/dedup/whole-corpus.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import type { Withdrawal } from '../shard/arrival.ts'
import { compareDocuments } from './order.ts'

interface Step {
  documents: Document[]
  withdrawals: Withdrawal[]
}

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n))

/** A text of a family, of which others are near copies: some words of it are others. */
function familyText(family: number, variant: number): string {
  const words = prose(family, 160).split(' ')
  // Neighbours in a row of variants are alike, its ends are not: what links them decides.
  for (let n = 0; n < variant * 4; n++) words[(n * 7) % words.length] = `v${n}`
  return words.join(' ')
}

interface Fetch {
  page: number
  version: number
  family: number
  variant: number
  published: number | undefined
  job: number
}

const page = fc.record<Fetch>({
  page: fc.nat(9),
  version: fc.integer({ min: 1, max: 4 }),
  family: fc.nat(4),
  variant: fc.nat(6),
  published: fc.option(fc.nat(5), { nil: undefined }),
  job: fc.nat(1),
})

function documentOf({ page, version, family, variant, published, job }: Fetch): Document {
  const uri = `https://host${page % 3}.example/page/${page}`
  return testDocument(page, {
    uri,
    url: uri,
    version,
    text: familyText(family, variant),
    published_at: published === undefined ? null : day(published),
    html_sha256: `${page}${version}`.padEnd(64, '0'),
    fetched_at: new Date(Date.UTC(2026, 1, version, page)),
    job_id: `job-${job}`,
  })
}

/** The same fetch is the same document, whoever delivers it. */
const history = fc
  .array(
    fc.record({
      pages: fc.array(page, { maxLength: 6 }),
      again: fc.array(fc.nat(40), { maxLength: 3 }),
      withdrawn: fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 4 })), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((steps): Step[] => {
    const fetched = new Map<string, Document>()
    const all: Document[] = []
    return steps.map(({ pages, again, withdrawn }) => {
      const documents = pages.map((each) => {
        const name = `${each.page} ${each.version}`
        const document = fetched.get(name) ?? documentOf(each)
        fetched.set(name, document)
        return document
      })
      for (const at of again) if (all.length > 0) documents.push(all[at % all.length] as Document)
      all.push(...documents)
      const withdrawals = withdrawn.map(([n, version]) => ({ uri: `https://host${n % 3}.example/page/${n}`, version, reason: 'http_410', at: day(9) }))
      return { documents, withdrawals }
    })
  })

/** The former program, over all rows each time, and with what was withdrawn kept in mind. */
class WholeCorpus {
  rows: readonly Document[] = []
  readonly #seen = new SeenDocuments()
  readonly #withdrawn = new Map<string, number>()
  #boilerplate = new Set<string>()

  take({ documents, withdrawals }: Step): void {
    for (const { uri, version } of withdrawals) this.#withdrawn.set(uri, Math.max(version, this.#withdrawn.get(uri) ?? 0))
    const isOffered = ({ uri, version }: Document) => version > (this.#withdrawn.get(uri) ?? 0)
    const result = deduplicate({
      former: this.rows.filter(isOffered),
      arrivals: documents.filter(isOffered),
      index: this.#seen,
      boilerplate: this.#boilerplate,
    })
    this.rows = result.kept
    this.#boilerplate = new Set([...this.#boilerplate, ...result.boilerplate])
  }
}

const namesOf = (rows: Iterable<Document>) => [...rows].toSorted(compareDocuments).map(({ uri, version, id, job_id }) => ({ uri, version, id, job_id }))

async function openCorpus() {
  const index = folderCorpusIndex(join(await temporaryFolder(), 'index'))
  return { corpus: new AddingCorpus(index), index, [Symbol.asyncDispose]: () => index[Symbol.asyncDispose]() }
}

describe('decide', () => {
  test('keeps of a random history, flush by flush, what looking at the whole corpus each time keeps', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        await using opened = await openCorpus()
        const whole = new WholeCorpus()
        for (const step of steps) {
          whole.take(step)
          await opened.corpus.take(step.documents, step.withdrawals)
          expect(namesOf(opened.corpus.rows.values())).toEqual(namesOf(whole.rows))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('comes to what the whole corpus at once gives, where no better copy leaves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(page, { maxLength: 8 }), { minLength: 1, maxLength: 6 }), async (flushes) => {
        await using opened = await openCorpus()
        // One version of each page.
        const pages = new Map(flushes.flat().map((each) => [each.page, documentOf({ ...each, version: 1 })]))
        const documents = flushes.map((flush) => [...new Set(flush.map((each) => pages.get(each.page) as Document))])
        for (const flush of documents) await opened.corpus.take(flush)
        const whole = new WholeCorpus()
        whole.take({ documents: documents.flat(), withdrawals: [] })
        expect(namesOf(opened.corpus.rows.values())).toEqual(namesOf(whole.rows))
      }),
      { numRuns: 40 },
    )
  })

  test('comes, when all is compacted, to what the whole corpus at once gives, what pages of a host repeat cut but for one copy', async () => {
    const sitePage = fc.record({ published: fc.option(fc.nat(5), { nil: undefined }), blocks: fc.subarray([0, 1, 2]), host: fc.nat(1) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(sitePage, { maxLength: 12 }), { minLength: 2, maxLength: 5 }), async (flushes) => {
        await using opened = await openCorpus()
        let count = 0
        const documents = flushes.map((flush) =>
          flush.map(({ published, blocks, host }) => {
            const uri = `https://host${host}.example/${count++}`
            const text = [prose(count, 60), ...blocks.map((block) => prose(900 + block, 14))].join('\n\n')
            return testDocument(count, { uri, url: uri, text, published_at: published === undefined ? null : day(published) })
          }),
        )
        for (const flush of documents) await opened.corpus.take(flush)
        for (let before; before !== JSON.stringify([...opened.corpus.rows.keys()]);) {
          before = JSON.stringify([...opened.corpus.rows.keys()])
          await opened.corpus.compact()
        }
        const whole = new WholeCorpus()
        whole.take({ documents: documents.flat(), withdrawals: [] })
        expect(namesOf(opened.corpus.rows.values())).toEqual(namesOf(whole.rows))
      }),
      { numRuns: 40 },
    )
  })
})
