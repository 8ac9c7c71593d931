import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { datasetRoutes } from '#dataset/api/routes.ts'
import type { DatasetQuery, Filters, Question } from '#dataset/query/dataset-query.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { wordsOf, foldText } from '#dataset/query/words/words.ts'
import { systemClock } from '#infra/clock.ts'
import { createServer, listen } from '#infra/net/server.ts'
import { duckdbSql } from '#infra/sql/duckdb.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Document } from '#schemas/document.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { seededRandom } from '../seeded-random.ts'
import { median, type Bench, type Size } from './bench.ts'
import { queryCorpus } from './query-corpus.ts'
import { realDocuments } from './real-documents.ts'

/**
 * A dataset of 20,000 (`--quick`), 100,000 or 1,000,000 (`--full`) documents of about 4 KB is indexed, its first tenth, most of the rest, the last tenth, and 1,000 more; then it is asked,
 * first by itself, then while versions of 1,000 more documents each come in and are indexed: pages of 100 by label, language and time, three words that stand in one document, one document by
 * its id, and over HTTP by 8 and by 200 clients at once. At last it is opened again.
 */
const sizes = { quick: 20_000, usual: 100_000, full: 1_000_000 } as const
const fileRows = { quick: 2000, usual: 5000, full: 5000 } as const
const moreRows = 1000
const versionsMeanwhile = 8
const asked = { quick: 60, usual: 200, full: 400 } as const
const soak = { quick: 2000, usual: 20_000, full: 100_000 } as const
const textBytes = { quick: 3e6, usual: 15e6, full: 15e6 } as const
const clientsMs = { quick: 4000, usual: 10_000, full: 20_000 } as const

let folder = ''
let corpus: ReturnType<typeof queryCorpus>
const samples: Document[] = []

const cpuMs = (before?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN

async function timed(times: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const spent: number[] = []
  for (let n = 0; n < times; n++) {
    const before = performance.now()
    await work(n)
    spent.push(performance.now() - before)
  }
  return spent
}

const question = (filters: Filters, more: Partial<Question> = {}): Question => ({ filters, sort: 'id', limit: 100, ...more })

/** Three different words of a document, wherever they stand. */
function wordsFrom({ text }: Document, random: () => number): string {
  const words = [...new Set(wordsOf(foldText(text)))]
  return Array.from({ length: 3 }, () => words[Math.floor(random() * words.length)]).join(' ')
}

async function run(_quick: boolean, size: Size): Promise<Record<string, number>> {
  const random = seededRandom(7)
  await using sql = duckdbSql(join(folder, 'objects'), corpus.store)
  const open = () => openDatasetQuery({ ...corpus, sql, folder: join(folder, 'query'), clock: systemClock(), telemetry: createTelemetry() })
  await using query = open()
  const files = sizes[size] / fileRows[size]
  const follow = async (count: number): Promise<{ entry: DatasetEntry; spentMs: number }> => {
    const followed = await corpus.commit(count)
    const before = process.cpuUsage()
    await query.follow(followed, new AbortController().signal)
    return { entry: followed, spentMs: cpuMs(before) }
  }
  const { spentMs: firstCpuMs } = await follow(files / 10)
  const { spentMs: middleCpuMs } = await follow(files - files / 10)
  const { entry, spentMs: lastCpuMs } = await follow(files)
  const { spentMs: moreCpuMs } = await follow(files + 1)
  const pick = (): Document => samples[Math.floor(random() * samples.length)] as Document
  const page = async () => query.page(entry, question({ label: `label-${Math.floor(random() * 20)}`, lang: 'en', from: Date.UTC(2026, 0, 5) }))
  const search = async () => query.page(entry, question({ q: wordsFrom(pick(), random) }, { sort: 'relevance', limit: 20 }))
  const times = asked[size]

  await timed(20, async () => query.document(entry, pick().id))
  const beforePoints = process.cpuUsage()
  await timed(times, async () => query.document(entry, pick().id))
  const pointCpuMs = cpuMs(beforePoints) / times
  const beforeSearches = process.cpuUsage()
  await timed(times, search)
  const searchCpuMs = cpuMs(beforeSearches) / times

  const beforePages = process.cpuUsage()
  await timed(times, page)
  const pageCpuMs = cpuMs(beforePages) / times

  const growing = grow(query, files)
  const loop = monitorEventLoopDelay({ resolution: 5 })
  loop.enable()
  const pages = await timed(times, page)
  const searches = await timed(times, search)
  const points = await timed(times, async () => query.document(entry, pick().id))
  loop.disable()
  const grown = await growing.end()

  const clients = await askByClients(query, clientsMs[size])
  // What caches take is taken by then.
  await timed(soak[size] / 2, async (n) => (n % 2 === 0 ? page() : search()))
  const rssBefore = process.memoryUsage.rss()
  await timed(soak[size], async (n) => (n % 2 === 0 ? page() : search()))
  const rssSlopeMb = ((process.memoryUsage.rss() - rssBefore) / 1e6) * (100_000 / soak[size])
  await query[Symbol.asyncDispose]()
  await using again = open()
  const [beforeOpen, openedAt] = [process.cpuUsage(), performance.now()]
  await again.page(entry, question({}, { limit: 1 }))
  return {
    documents: sizes[size],
    openCpuMs: cpuMs(beforeOpen),
    openMs: performance.now() - openedAt,
    indexCpuMs: firstCpuMs + middleCpuMs + lastCpuMs,
    firstCpuMs,
    lastCpuMs,
    moreCpuMs,
    pointP95Ms: percentile(points, 0.95),
    pointCpuMs,
    searchCpuMs,
    pageCpuMs,
    pageP50Ms: percentile(pages, 0.5),
    pageP95Ms: percentile(pages, 0.95),
    searchP50Ms: percentile(searches, 0.5),
    searchP95Ms: percentile(searches, 0.95),
    loopDelayP99Ms: loop.percentile(99) / 1e6,
    grown,
    ...clients,
    rssSlopeMb,
  }
}

/** Versions that come in one after the other, until the end; what they have was made before. @returns of how many */
function grow(query: DatasetQuery, files: number) {
  const ending = new AbortController()
  const done = (async () => {
    for (let more = 2; ; more = Math.min(more + 1, versionsMeanwhile)) {
      await query.follow(await corpus.commit(files + more), new AbortController().signal)
      if (ending.signal.aborted) return more
    }
  })()
  return {
    end(): Promise<number> {
      ending.abort()
      return done
    },
  }
}

async function askByClients(query: DatasetQuery, durationMs: number): Promise<Record<string, number>> {
  const app = await createServer({ title: 'bench', version: '1', description: '' })
  await app.register(datasetRoutes, { parts: () => ({ ...corpus, query, telemetry: createTelemetry() }) })
  const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'dataset.port' })
  try {
    const few = await goodput(origin, 8, durationMs)
    const many = await goodput(origin, 200, durationMs)
    return { goodput8: few.good, goodput200: many.good, refused200: many.refused, failed200: many.failed + few.failed }
  } finally {
    await app.close()
  }
}

/** Answers with 200 in a second, of clients that ask again as soon as they are answered, or when they are told to. */
async function goodput(origin: string, clients: number, durationMs: number): Promise<{ good: number; refused: number; failed: number }> {
  const end = performance.now() + durationMs
  let [good, refused, failed] = [0, 0, 0]
  const client = async (n: number): Promise<void> => {
    while (performance.now() < end) {
      const answer = await fetch(`${origin}/v1/datasets/web/documents?limit=20&label=label-${n % 20}`)
      await answer.arrayBuffer()
      const after = Number(answer.headers.get('retry-after') ?? Number.NaN)
      if (answer.status === 200) good++
      else if ((answer.status === 429 || answer.status === 503) && after > 0) refused++
      else failed++
      if (answer.status !== 200) await delay(Math.min(Math.max(0, end - performance.now()), 1000 * (after || 1)))
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, n) => client(n)))
  return { good: good / (durationMs / 1000), refused, failed }
}

export const bench: Bench = {
  rounds: 1,
  contestants: {
    query: {
      async setUp() {
        folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
        const size = (process.argv[4] ?? 'usual') as Size
        corpus = queryCorpus(folder, await realDocuments(textBytes[size]))
        for (let rows = 0; rows < sizes[size]; rows += fileRows[size]) samples.push(...(await corpus.addFile(fileRows[size])))
        for (let n = 0; n < versionsMeanwhile; n++) await corpus.addFile(moreRows)
      },
      run,
      async tearDown() {
        await corpus[Symbol.asyncDispose]()
        await rm(folder, { recursive: true, force: true })
      },
    },
  },
  summarize({ query = [] }) {
    const of = (name: string): number | null => median(query.map(({ counts }) => counts[name] ?? Number.NaN))
    const ratio = (a: string, b: string): number | null => median(query.map(({ counts }) => (counts[a] ?? Number.NaN) / (counts[b] ?? Number.NaN)))
    const perSecond = (spentMs: string, share = 1): number | null =>
      median(query.map(({ counts }) => (1000 * share * (counts['documents'] ?? Number.NaN)) / (counts[spentMs] ?? Number.NaN)))
    return {
      figures: {
        documents: of('documents'),
        index_docs_per_cpu_s: perSecond('indexCpuMs'),
        index_docs_per_cpu_s_first_tenth: perSecond('firstCpuMs', 0.1),
        index_docs_per_cpu_s_last_tenth: perSecond('lastCpuMs', 0.1),
        index_last_vs_first: ratio('firstCpuMs', 'lastCpuMs'),
        follow_1000_cpu_ms: of('moreCpuMs'),
        open_cpu_us_per_doc: median(query.map(({ counts }) => (1000 * (counts['openCpuMs'] ?? Number.NaN)) / (counts['documents'] ?? Number.NaN))),
        open_ms: of('openMs'),
        point_cpu_ms: of('pointCpuMs'),
        point_p95_ms: of('pointP95Ms'),
        page_cpu_ms: of('pageCpuMs'),
        search_cpu_ms: of('searchCpuMs'),
        page_p50_ms: of('pageP50Ms'),
        page_p95_ms: of('pageP95Ms'),
        search_p50_ms: of('searchP50Ms'),
        search_p95_ms: of('searchP95Ms'),
        loop_delay_p99_ms: of('loopDelayP99Ms'),
        versions_meanwhile: of('grown'),
        goodput_200_vs_8: ratio('goodput200', 'goodput8'),
        goodput_8_per_s: of('goodput8'),
        refused_200: of('refused200'),
        failed_200: of('failed200'),
        rss_slope_mb_per_100000: of('rssSlopeMb'),
      },
    }
  },
}
