import { PageType } from '#schemas/document.ts'
import { median, medianRatio, type Bench, type Contestant, type Figures, type Sample } from './bench.ts'
import { extractionSample, noDevelopmentSet, type ExtractionPage } from './development-set.ts'
import { extractionScores } from './extraction-scores.ts'
import { extractors, type Extractor } from './extractors.ts'
import { elementKinds } from './page-elements.ts'

/**
 * How well and at what cost the main text is found, beside those who do the same: word F1, precision and recall against the known content of each page
 * (multiset overlap of lower-case words), by kind of page, collection and language; what is cut of the elements that stand in it; CPU time of each page, mean
 * and 95th percentile.
 */
const [samplePages, quickPages, warmPages] = [360, 90, 60]

function contestant(extract: Extractor): Contestant {
  let pages: ExtractionPage[] = []
  const read = (some: readonly ExtractionPage[]) => extract(some.map(({ html, url }) => ({ html, url: url ?? '' })))
  return {
    async setUp(quick) {
      pages = await extractionSample(quick ? quickPages : samplePages)
      // A miner reads on for days.
      if (extract === extractors.extract || extract === extractors.readability_linkedom) await read(pages.slice(0, warmPages))
    },
    async run() {
      const found = pages.length > 0 ? await read(pages) : undefined
      return found ? extractionScores(pages, found) : {}
    },
  }
}

type Names = keyof typeof extractors
const cpu =
  (name: 'cpu_ms' | 'cpu_ms_p95') =>
  (sample: Sample): number =>
    sample.counts[name] ?? 0
const peers = (Object.keys(extractors) as Names[]).filter((name) => name !== 'extract')

export const bench: Bench = {
  contestants: Object.fromEntries(Object.entries(extractors).map(([name, extract]) => [name, contestant(extract)])),
  summarize(samples): Figures {
    const all = Object.fromEntries(Object.entries(samples).map(([name, taken]) => [name, taken.filter(({ counts }) => counts['pages all'] !== undefined)]))
    const { extract: ours = [] } = all
    const counts = ours[0]?.counts ?? {}
    const value = (name: string) => counts[name] ?? null
    const share = (part: string, whole: string) => (counts[whole] ? (counts[part] ?? 0) / counts[whole] : null)
    const notes: Record<string, string> = {}
    if (ours.length === 0) notes['pages'] = noDevelopmentSet
    else notes['extraction_f1'] = 'of pages that the weights were trained on; what others get is printed by test/extraction/train.py'
    for (const name of peers)
      if (ours.length > 0 && all[name]?.length === 0) notes[name] = 'could not be installed here, and is left out; standard error says why'
    return {
      figures: {
        extraction_f1: value('f1 all'),
        ...Object.fromEntries(PageType.options.map((type) => [`extraction_f1_${type}`, value(`f1 type ${type}`)])),
        ...Object.fromEntries(peers.map((name) => [`extraction_f1_of_${name}`, all[name]?.[0]?.counts['f1 all'] ?? null])),
        ...Object.fromEntries(elementKinds.map((kind) => [`cut_${kind.replace(' ', '_')}`, share(`cut ${kind}`, `stand ${kind}`)])),
        torn_tables: value('torn_tables'),
        misplaced_rows: value('misplaced_rows'),
        ms_per_page: median(ours.map(cpu('cpu_ms'))),
        ms_per_page_p95: median(ours.map(cpu('cpu_ms_p95'))),
        ms_vs_trafilatura: medianRatio(ours, all['trafilatura'] ?? [], cpu('cpu_ms')),
        ms_p95_vs_trafilatura: medianRatio(ours, all['trafilatura'] ?? [], cpu('cpu_ms_p95')),
      },
      notes,
      tables: ours.length > 0 ? [scoreTable(all), lossTable(all), cpuTable(all)] : [],
    }
  },
}

type Samples = Readonly<Record<string, readonly Sample[]>>
type Counts = Sample['counts'] | undefined

const firstOf = (samples: Samples): Counts[] => Object.values(samples).map((taken) => taken[0]?.counts)
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ...rows].map(([name = '', ...cells]) => name.padEnd(22) + cells.map((cell) => cell.padStart(24)).join('')).join('\n')

/** F1, precision and recall by group. */
function scoreTable(samples: Samples): string {
  const first = firstOf(samples)
  const groups = Object.keys(first[0] ?? {}).flatMap((name) => (name.startsWith('pages ') ? [name.slice('pages '.length)] : []))
  return table(
    ['F1 precision recall', 'pages', ...Object.keys(samples)],
    groups.toSorted().map((group) => [group, String(first[0]?.[`pages ${group}`]), ...first.map((counts) => scoresOf(counts, group))]),
  )
}

const scoresOf = (counts: Counts, group: string): string =>
  counts ? ['f1', 'precision', 'recall'].map((name) => (counts[`${name} ${group}`] ?? 0).toFixed(3)).join(' ') : '–'

/** What is cut of what stands in the truth. */
function lossTable(samples: Samples): string {
  const row = (name: string, part: string, whole: string) => [name, '', ...firstOf(samples).map((counts) => partOf(counts, part, whole))]
  return table(
    ['cut', '', ...Object.keys(samples)],
    [
      ...elementKinds.map((kind) => row(kind, `cut ${kind}`, `stand ${kind}`)),
      row('torn tables', 'torn_tables', 'tables'),
      row('misplaced rows', 'misplaced_rows', 'rows'),
    ],
  )
}

const partOf = (counts: Counts, part: string, whole: string): string =>
  counts?.[whole] ? `${counts[part]} of ${counts[whole]}, ${((100 * (counts[part] ?? 0)) / counts[whole]).toFixed(1)} %` : '–'

function cpuTable(samples: Samples): string {
  const row = (title: string, name: string) => [title, '', ...Object.values(samples).map((taken) => medianOf(taken, name))]
  return table(['CPU, ms a page', '', ...Object.keys(samples)], [row('mean', 'cpu_ms'), row('95th percentile', 'cpu_ms_p95')])
}

const medianOf = (taken: readonly Sample[], name: string): string => median(taken.map(({ counts }) => counts[name] ?? 0))?.toFixed(1) ?? '–'
