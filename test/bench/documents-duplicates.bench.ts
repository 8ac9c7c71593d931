import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileNearDuplicates } from '#infra/near-duplicates/near-duplicates.ts'
import { nearDuplicates, type Fingerprint } from '#schemas/identity/clusters.ts'
import { plainMinhash } from '#schemas/identity/minhash-plain.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { pairWithJaccard } from '../golden/pairs.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'

/**
 * Signatures of documents of 3 KB, by the kernel and by a plain loop over the same rows; what an index of near-duplicates costs that learns them in
 * batches; and what is found of generated pairs of known Jaccard similarity, uniform over 0.8 to 1 and over 0.05 to 0.5, and all at 0.8.
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

/** Signatures of which one in ten is like one before. */
let fingerprints: Fingerprint[] = []
let folder = ''
let open: ReturnType<typeof fileNearDuplicates>

const noise = (n: number): Buffer => createHash('shake256', { outputLength: 448 }).update(`${n}`).digest()

const index: Contestant = {
  async setUp(quick) {
    folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
    open = fileNearDuplicates(folder)
    fingerprints = Array.from({ length: quick ? 10_000 : 100_000 }, (_, n) => {
      const signature = noise(n % 10 === 9 ? n - 9 : n)
      if (n % 10 === 9) signature.fill(n, 0, 40)
      return { key: createHash('sha256').update(`${n}`).digest('hex'), signature, publishedAt: n, textBytes: documentChars, uri: `https://example.org/${n}` }
    })
  },
  async run() {
    for (let at = 0; at < fingerprints.length; at += 1000) await open.add(fingerprints.slice(at, at + 1000))
    const { documents: known, clusters, memoryBytes } = await open.stats()
    return { documents: known, clusters, memoryBytes }
  },
  async tearDown() {
    await open[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  },
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
  contestants: { kernel: signing(minhash), plain: signing(plainMinhash), index, pairs },
  summarize({ kernel = [], plain = [], index: indexed = [], pairs: samples = [] }) {
    const share = (name: string): number | null => median(samples.map((s) => (s.counts[name] ?? 0) / (s.counts['pairs'] ?? 1)))
    return {
      figures: {
        minhash_vs_plain: medianRatio(plain, kernel, (s) => s.cpuSeconds),
        minhash_docs_per_cpu_s: docsPerCpuSecond(kernel),
        plain_docs_per_cpu_s: docsPerCpuSecond(plain),
        index_docs_per_cpu_s: docsPerCpuSecond(indexed),
        index_bytes_per_doc: median(indexed.map((s) => (s.counts['memoryBytes'] ?? 0) / (s.counts['documents'] ?? 1))),
        near_dup_recall: share('near'),
        near_dup_recall_at_0_8: share('at_limit'),
        false_merges: share('far'),
      },
    }
  },
}

const docsPerCpuSecond = (samples: readonly Sample[]) => median(samples.map((s) => (s.counts['documents'] ?? 0) / s.cpuSeconds))
