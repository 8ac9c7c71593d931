import { extractPage } from '#scraper/extract/extract-page.ts'
import { PageType } from '#schemas/document.ts'
import { median, type Bench, type Figures } from './bench.ts'
import { extractionSample, noDevelopmentSet, type ExtractionPage } from './development-set.ts'

/**
 * How well and at what cost the main text is found: word F1 against the known content of each page, as the Web Content eXtraction Benchmark scores
 * (multiset overlap of lower-case words), and CPU time of the whole extraction of a page. The weights were trained on these pages: what to expect on
 * others is what test/extraction/train.py prints.
 */
const quickPages = 90
let pages: ExtractionPage[] = []
const read = ({ html, url }: ExtractionPage): string => extractPage(html, url ?? '').text
const nameOf = (type: string) => `extraction_f1_${type}`

export const bench: Bench = {
  contestants: {
    extract: {
      async setUp(quick) {
        pages = await extractionSample(quick ? quickPages : undefined)
        for (const page of pages) read(page)
      },
      run: async () => {
        const before = process.cpuUsage()
        const texts = pages.map(read)
        const { user, system } = process.cpuUsage(before)
        return { pages: pages.length, ms_per_page: (user + system) / 1000 / Math.max(1, pages.length), ...meanScores(texts) }
      },
    },
  },
  summarize({ extract = [] }): Figures {
    const names = ['extraction_f1', ...PageType.options.map(nameOf)]
    const [sample] = extract
    if (!sample?.counts['pages'])
      return { figures: Object.fromEntries([...names, 'ms_per_page'].map((name) => [name, null])), notes: { pages: noDevelopmentSet } }
    return {
      figures: {
        ...Object.fromEntries(names.map((name) => [name, sample.counts[name] ?? null])),
        ms_per_page: median(extract.map(({ counts }) => counts['ms_per_page'] ?? 0)),
      },
      notes: { extraction_f1: 'on the pages the weights were trained on; for others see test/extraction/train.py' },
    }
  },
}

/** Mean word F1 over all pages and over those of each type. */
function meanScores(texts: readonly string[]): Record<string, number> {
  const sums: Record<string, { sum: number; count: number }> = {}
  for (const [i, text] of texts.entries()) {
    const { main_content, page_type } = pages[i]!
    const f1 = wordF1(text, main_content)
    for (const name of ['extraction_f1', nameOf(page_type)]) {
      const entry = (sums[name] ??= { sum: 0, count: 0 })
      entry.sum += f1
      entry.count++
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, { sum, count }]) => [name, sum / count]))
}

const wordsOf = (text: string | null): string[] => (text ?? '').toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []

function wordF1(text: string, truth: string | null): number {
  const [found, sought] = [wordsOf(text), wordsOf(truth)]
  if (sought.length === 0) return found.length === 0 ? 1 : 0
  const counts = new Map<string, number>()
  for (const word of sought) counts.set(word, (counts.get(word) ?? 0) + 1)
  let same = 0
  for (const word of found) {
    const left = counts.get(word) ?? 0
    if (left === 0) continue
    same++
    counts.set(word, left - 1)
  }
  return (2 * same) / (found.length + sought.length)
}
