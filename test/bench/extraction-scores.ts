import type { ExtractionPage } from './development-set.ts'
import { addLoss, noLoss } from './element-loss.ts'
import type { Extraction } from './extractors.ts'
import { elementKinds, pageElements } from './page-elements.ts'
import { wordOverlap } from './word-overlap.ts'

/**
 * How good the texts of pages are and what they cost, by name: `cpu_ms`, `cpu_ms_p95`; `f1 G`, `precision G`, `recall G`, `pages G` for each group G of pages
 * (`all`, `type T`, `set S`, `lang L`); `cut K`, `stand K` for each kind of element; `torn_tables`, `tables`, `misplaced_rows`, `rows`.
 */
export function extractionScores(pages: readonly ExtractionPage[], { texts, cpuMs }: Extraction): Record<string, number> {
  const sums: Record<string, number> = {}
  const add = (name: string, value: number): void => void (sums[name] = (sums[name] ?? 0) + value)
  const loss = noLoss()
  for (const [i, { page_type, set, lang, html, main_content }] of pages.entries()) {
    const text = texts[i] ?? ''
    const { f1, precision, recall } = wordOverlap(text, main_content)
    for (const group of ['all', `type ${page_type}`, `set ${set}`, `lang ${lang ?? 'unknown'}`])
      for (const [name, value] of Object.entries({ f1, precision, recall, pages: 1 })) add(`${name} ${group}`, value)
    addLoss(loss, pageElements(html), text, main_content)
  }
  for (const name of Object.keys(sums)) {
    const [measure = '', group] = name.split(/ (.*)/)
    if (measure !== 'pages') sums[name]! /= sums[`pages ${group}`]!
  }
  for (const kind of elementKinds) {
    sums[`stand ${kind}`] = loss.cut[kind].of
    sums[`cut ${kind}`] = loss.cut[kind].cut
  }
  const sorted = cpuMs.toSorted((a, b) => a - b)
  return {
    ...sums,
    torn_tables: loss.tables.torn,
    tables: loss.tables.of,
    misplaced_rows: loss.rows.misplaced,
    rows: loss.rows.of,
    cpu_ms: cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length,
    cpu_ms_p95: sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 0,
  }
}
