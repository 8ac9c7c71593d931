import type { Bench, Contestant, Figures } from './bench.ts'
import { extractors, type Extractor } from './extractors.ts'
import { defuddlePages, readabilityPages, type FixturePage } from './fixture-pages.ts'
import { wordOverlap } from './word-overlap.ts'

/** The main text of pages that Readability and Defuddle are tested with, against what those projects expect: mean word F1, ours beside its peers. */
const quickPages = 20
const sets = { readability: readabilityPages, defuddle: defuddlePages }

function contestant(extract: Extractor): Contestant {
  const pages = new Map<string, readonly FixturePage[]>()
  return {
    async setUp(quick) {
      for (const [set, fetch] of Object.entries(sets)) pages.set(set, ((await fetch()) ?? []).slice(0, quick ? quickPages : undefined))
    },
    async run() {
      const counts: Record<string, number> = {}
      for (const [set, fixtures] of pages) {
        const texts = fixtures.length > 0 ? (await extract(fixtures))?.texts : undefined
        if (!texts) continue
        const scores = texts.map((text, i) => wordOverlap(text, fixtures[i]?.main_content ?? '').f1)
        counts[set] = scores.reduce((sum, f1) => sum + f1, 0) / scores.length
      }
      return counts
    },
  }
}

export const bench: Bench = {
  contestants: Object.fromEntries(Object.entries(extractors).map(([name, extract]) => [name, contestant(extract)])),
  summarize(samples): Figures {
    const figures: Figures['figures'] = {}
    for (const [name, taken] of Object.entries(samples))
      for (const set of Object.keys(sets)) figures[`${set}_fixtures_f1_${name}`] = taken[0]?.counts[set] ?? null
    if (!Object.values(figures).includes(null)) return { figures }
    return { figures, notes: { fixtures: 'a null is of pages or of a peer that could not be fetched; standard error says which' } }
  },
}
