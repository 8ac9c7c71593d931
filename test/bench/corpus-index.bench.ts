import { createHash, hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import type { AddedRow } from '#schemas/corpus-index.ts'
import { median, type Bench, type Contestant, type Sample } from './bench.ts'

/**
 * What is known of a corpus, filled in changes of 1,000 documents, each looked up before: uri and text, near-duplicates, and ten paragraphs, one of which every
 * page of its host has. One document in ten is nearly the same as one before. Figures are those of the last 20,000 documents, and of the opening after them.
 */
const batch = 1000
const measured = 20_000
const sizes = { small: { full: 20_000, quick: 20_000 }, middle: { full: 200_000, quick: 50_000 }, large: { full: 1_000_000, quick: 100_000 } } as const

const noise = (n: number): Buffer => createHash('shake256', { outputLength: 448 }).update(`${n}`).digest()

function document(n: number): AddedRow {
  const copied = n % 10 === 9 ? Math.floor(n / 3) : n
  const signature = noise(copied - (copied % 10 === 9 ? 1 : 0))
  if (n % 10 === 9) signature.fill(n, 0, 40)
  const name = hash('sha256', `${n}`, 'hex')
  const paragraphs = Array.from({ length: 9 }, (_, part) => ({ name: hash('sha256', `${n} ${part}`, 'hex').slice(0, 16), isKept: true }))
  return {
    facts: {
      id: name,
      uri: `https://www.host-${n % 2000}.example/articles/a-title-of-some-words-${n}.html`,
      hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
      jobId: `job-${n % 3}`,
      label: `label-${n % 20}`,
      version: 1,
      fetchedAt: n,
      seen: 0,
      publishedAt: n % 3 === 0 ? null : n,
      textBytes: 4000,
      htmlSha256: name,
    },
    signature,
    state: 'live',
    place: { file: hash('sha256', `${Math.floor(n / batch)}`, 'hex'), row: n % batch },
    paragraphs: [...paragraphs, { name: hash('sha256', `host ${n % 2000}`, 'hex').slice(0, 16), isKept: false }],
  }
}

async function turn(index: ReturnType<typeof folderCorpusIndex>, documents: readonly AddedRow[]): Promise<void> {
  await index.exact(documents.map(({ facts }) => facts))
  await index.near(documents.map(({ signature }) => signature))
  await index.paragraphs(documents.flatMap(({ paragraphs = [] }) => paragraphs.map(({ name }) => name)))
  await index.commit({ add: documents })
}

const cpuSeconds = (before?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function live(folder: string, size: number): Promise<Record<string, number>> {
  let [cpu, wall] = [0, 0]
  const counts: Record<string, number> = { documents: size }
  {
    await using index = folderCorpusIndex(folder)
    for (let n = 0; n < size; n += batch) {
      const documents = Array.from({ length: batch }, (_, at) => document(n + at))
      const before = process.cpuUsage()
      await turn(index, documents)
      if (n >= size - measured) cpu += cpuSeconds(before)
    }
    const { memoryBytes, diskBytes } = await index.stats()
    Object.assign(counts, { cpu, memoryBytes, diskBytes })
  }
  wall = performance.now()
  await using again = folderCorpusIndex(folder)
  await turn(again, [document(size)])
  return { ...counts, openSeconds: (performance.now() - wall) / 1000 }
}

let folder = ''

/** Filled to the size of that name. */
export const filled = (size: keyof typeof sizes): Contestant => ({
  async setUp() {
    folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  },
  run: (quick) => live(folder, sizes[size][quick ? 'quick' : 'full']),
  tearDown: () => rm(folder, { recursive: true }),
})

export const docsPerCpuSecond = ({ counts }: Sample): number => measured / (counts['cpu'] ?? NaN)

export const bench: Bench = {
  contestants: { small: filled('small'), middle: filled('middle'), large: filled('large') },
  summarize(samples) {
    const of = (size: keyof typeof sizes, value: (sample: Sample) => number) => median((samples[size] ?? []).map(value))
    const figures = (size: keyof typeof sizes) => ({
      [`${size}_documents`]: of(size, ({ counts }) => counts['documents'] ?? 0),
      [`${size}_docs_per_cpu_s`]: of(size, docsPerCpuSecond),
      [`${size}_memory_bytes_per_doc`]: of(size, ({ counts }) => (counts['memoryBytes'] ?? NaN) / (counts['documents'] ?? NaN)),
      [`${size}_disk_bytes_per_doc`]: of(size, ({ counts }) => (counts['diskBytes'] ?? NaN) / (counts['documents'] ?? NaN)),
      [`${size}_rss_mb`]: of(size, ({ rssBytes }) => rssBytes / 1e6),
      [`${size}_open_s`]: of(size, ({ counts }) => counts['openSeconds'] ?? NaN),
    })
    return { figures: { ...figures('small'), ...figures('middle'), ...figures('large') } }
  },
}
