import { nearDuplicates } from '#schemas/identity/clusters.ts'
import { plainMinhash } from '#schemas/identity/minhash-plain.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { pairWithJaccard } from '../golden/pairs.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'

/**
 * Signatures of documents of 3 KB, by the kernel and by a plain loop over the same rows; and what is found of generated pairs of known Jaccard
 * similarity, uniform over 0.8 to 1 and over 0.05 to 0.5, and all at 0.8.
 * Pairs are alone with each other: what they have in common with others is another question.
 */
const documentChars = 3000
const pairShingles = 500
let documents: string[] = []

const signing = (sign: (text: string) => Uint8Array): Contestant => ({
  async setUp(quick) {
    documents = Array.from({ length: quick ? 500 : 2000 }, (_, n) => text(n))
    for (const document of documents.slice(0, 200)) sign(document)
  },
  async run(quick) {
    let signed = 0
    for (let turn = 0; turn < (quick ? 4 : 10); turn++) for (const document of documents) signed += sign(document).length === 448 ? 1 : 0
    return { documents: signed }
  },
})

/** English-like: words of 2 to 9 letters, sentences of 12 words, about one word in 50 with an accent. */
function text(seed: number): string {
  let state = Math.imul(seed + 1, 2654435761) >>> 0
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8
  let words = ''
  for (let i = 0; words.length < documentChars; i++) {
    const word = next()
      .toString(36)
      .padStart(5, 'e')
      .slice(0, 2 + (next() % 5))
    words += `${i % 12 === 0 ? word.toUpperCase() : word}${next() % 50 === 0 ? 'é' : ''}${i % 12 === 11 ? '.\n' : ' '}`
  }
  return words.slice(0, documentChars)
}

const found = (jaccard: number, seed: number): boolean => {
  const { a, b } = pairWithJaccard(jaccard, seed, pairShingles)
  return nearDuplicates([a, b].map((page, n) => ({ key: `${n}`, signature: minhash(page), publishedAt: null, textBytes: page.length, uri: `${n}` }))).length > 0
}

const pairs: Contestant = {
  async run(quick) {
    const count = quick ? 500 : 3000
    const counts = { pairs: count, near: 0, at_limit: 0, far: 0 }
    for (let n = 0; n < count; n++) {
      const share = (n + 0.5) / count
      if (found(0.8 + 0.2 * share, n)) counts.near++
      if (found(0.8, count + n)) counts.at_limit++
      if (found(0.05 + 0.45 * share, 2 * count + n)) counts.far++
    }
    return counts
  },
}

export const bench: Bench = {
  contestants: { kernel: signing(minhash), plain: signing(plainMinhash), pairs },
  summarize({ kernel = [], plain = [], pairs: samples = [] }) {
    const share = (name: string): number | null => median(samples.map((s) => (s.counts[name] ?? 0) / (s.counts['pairs'] ?? 1)))
    return {
      figures: {
        minhash_vs_plain: medianRatio(plain, kernel, (s) => s.cpuSeconds),
        minhash_docs_per_cpu_s: docsPerCpuSecond(kernel),
        plain_docs_per_cpu_s: docsPerCpuSecond(plain),
        near_dup_recall: share('near'),
        near_dup_recall_at_0_8: share('at_limit'),
        false_merges: share('far'),
      },
    }
  },
}

const docsPerCpuSecond = (samples: readonly Sample[]) => median(samples.map((s) => (s.counts['documents'] ?? 0) / s.cpuSeconds))
