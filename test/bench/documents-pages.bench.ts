import { Readability } from '@mozilla/readability'
import { parseHTML } from 'linkedom'
import { openTaskReader } from '#scraper/document/page-document.ts'
import { median, medianRatio, type Bench, type Figures, type Sample } from './bench.ts'
import { extractionSample, noDevelopmentSet, type ExtractionPage } from './development-set.ts'

/**
 * From the bytes of a page to a document: decoding, extraction, dates, language, quality rules, personal data, identity, signature. Beside linkedom with
 * @mozilla/readability, which find the main text and nothing else, on the same pages.
 */
const [samplePages, quickPages, warmPages] = [240, 60, 60]
const readTask = await openTaskReader()
let pages: (ExtractionPage & { body: Uint8Array })[] = []

const contestant = (read: (page: (typeof pages)[number]) => boolean) => ({
  async setUp(quick: boolean) {
    const sample = await extractionSample(quick ? quickPages : samplePages)
    pages = sample.map((page) => ({ ...page, body: Buffer.from(page.html) }))
    // Before it counts: a miner reads on for days.
    for (const page of pages.slice(0, warmPages)) read(page)
  },
  run: async () => {
    let kept = 0
    for (const page of pages) if (read(page)) kept++
    return { pages: pages.length, kept }
  },
})

export const bench: Bench = {
  contestants: {
    documents: contestant(({ url, body }) => {
      const fetched = { url: url || 'http://unknown.example/', status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
      const { document } = readTask({
        fetched,
        rendered: undefined,
        robotsTxt: 'found',
        host: undefined,
        nowMs: Date.UTC(2026, 0, 15),
        obeyRights: false,
        keepsMarkdown: false,
      })
      return typeof document !== 'string'
    }),
    readability_linkedom: contestant(({ html }) => {
      try {
        return (new Readability(parseHTML(html).document).parse()?.textContent ?? '') !== ''
      } catch {
        // It throws for a few pages.
        return false
      }
    }),
  },
  summarize({ documents = [], readability_linkedom = [] }): Figures {
    if (documents[0]?.counts['pages'] === 0) return { figures: { vs_readability_linkedom: null, document_ms: null }, notes: { pages: noDevelopmentSet } }
    return {
      figures: {
        vs_readability_linkedom: medianRatio(readability_linkedom, documents, msPerPage),
        document_ms: median(documents.map(msPerPage)),
      },
      notes: { kept: `${documents[0]?.counts['kept']} of ${documents[0]?.counts['pages']} pages became documents` },
    }
  },
}

const msPerPage = ({ cpuSeconds, counts }: Sample): number => (cpuSeconds * 1000) / (counts['pages'] ?? 1)
