import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import type { Frontier, Target } from '#schemas/frontier.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'

/** The embedded frontier at millions of URLs: durable adds of new ones, known ones, claims, memory and the start. */
const clock = systemClock()
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
let folder = ''

/** Known URLs before the measurement, new ones in it. */
const sizes = { five: { full: [5_000_000, 300_000], quick: [200_000, 100_000] }, ten: { full: [10_000_000, 300_000], quick: [400_000, 100_000] } } as const
type Size = keyof typeof sizes

/** What one page brings: as on the loopback web of the tests, 85 of 100 links stay on the host and 15 lead to any other. */
const linksPerPage = 100
const farLinks = 15
const hostsCount = 20_000
const hostOfPage = (page: number) => (Math.imul(page, 2_654_435_761) >>> 0) % hostsCount

function linksOf(page: number): Target[] {
  return Array.from({ length: linksPerPage }, (_, i) => {
    const host = hostOfPage(i < farLinks ? page * linksPerPage + i : page)
    const url = `https://www.host-${host}.example/articles/2026/section-${i % 7}/a-title-of-some-words-${page * linksPerPage + i}.html`
    return { url, kind: 'page', label: `label-${host % 20}`, priority: 20_000 * (1 + (host % 5)), depth: 3 }
  })
}

/** Seconds of user and system, and of the wall, that the work took. */
async function timed<T>(work: () => Promise<T>): Promise<{ cpu: number; wall: number; value: T }> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()]
  const value = await work()
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1000, value }
}

async function addAll(frontier: Frontier, calls: readonly (readonly Target[])[]): Promise<number> {
  let added = 0
  for (const call of calls) added += (await frontier.add(call)).added
  return added
}

/** As a crawl of 16 hosts does it: claims of what is free, visits that end together. */
async function visit(frontier: Frontier, pages: number): Promise<number> {
  let done = 0
  while (done < pages) {
    const claims = await frontier.claim({ limit: 16, leaseMs: 60_000 })
    const ended = { outcome: 'stored', etag: '"8f14e45f"', memory: '{"changes":1}', hostDelayMs: 1000 } as const
    await Promise.all(claims.map((claim) => frontier.done(claim, ended)))
    done += claims.length
  }
  return done
}

/** Heap and typed arrays in use, without what only waits to be collected. */
function memoryBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/**
 * One life of a frontier: filled in large calls, closed, opened again (the first add reads all fingerprints), told what it knows, given new URLs in calls of one
 * page each, which are a commit each, and visited.
 */
async function live(size: Size, quick: boolean): Promise<Record<string, number>> {
  const [known, fresh] = sizes[size][quick ? 'quick' : 'full']
  const pages = known / linksPerPage
  const path = join(folder, 'frontier.sqlite')
  {
    await using frontier = sqliteFrontier(path, { clock })
    for (let page = 0; page < pages; page += 100) await frontier.add(Array.from({ length: 100 }, (_, i) => linksOf(page + i)).flat())
    // What waits is sorted in, so that it is not counted as the cost of what comes now.
    await frontier.nextReadyAt()
  }
  const before = memoryBytes()
  await using frontier = sqliteFrontier(path, { clock })
  const rebuild = await timed(() => frontier.add(linksOf(pages)))
  const memory = memoryBytes() - before
  const again = Array.from({ length: 2000 }, (_, i) => linksOf((i * 7919) % pages))
  const knowing = await timed(() => addAll(frontier, again))
  const news = Array.from({ length: fresh / linksPerPage }, (_, i) => linksOf(pages + 1 + i))
  const adding = await timed(() => addAll(frontier, news))
  // The first claim sorts in what was added: that belongs to the adds.
  const sorting = await timed(() => frontier.nextReadyAt())
  const visiting = await timed(() => visit(frontier, quick ? 2000 : 5000))
  if (knowing.value !== 0 || adding.value !== fresh)
    throw new Error(`The frontier took ${knowing.value} known and ${adding.value} of ${fresh} new URLs for new.`)
  return {
    known_us: (knowing.cpu / (again.length * linksPerPage)) * 1e6,
    adds_per_cpu_s: fresh / (adding.cpu + sorting.cpu),
    ram_bytes_per_url: memory / known,
    rebuild_urls_per_s: known / rebuild.wall,
    visit_us: (visiting.cpu / visiting.value) * 1e6,
  }
}

const contestant = (size: Size): Contestant => ({
  async setUp() {
    folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  },
  run: (quick) => live(size, quick),
  tearDown: () => rm(folder, { recursive: true }),
})

const figure = (samples: readonly Sample[], name: string) => median(samples.map(({ counts }) => counts[name] ?? Number.NaN))

export const bench: Bench = {
  contestants: { five_million: contestant('five'), ten_million: contestant('ten') },
  summarize({ five_million: small = [], ten_million: large = [] }) {
    return {
      figures: {
        frontier_adds_per_cpu_s: figure(small, 'adds_per_cpu_s'),
        frontier_known_us: figure(small, 'known_us'),
        frontier_growth: medianRatio(large, small, ({ counts }) => counts['known_us'] ?? Number.NaN),
        frontier_growth_adds: medianRatio(small, large, ({ counts }) => counts['adds_per_cpu_s'] ?? Number.NaN),
        frontier_ram_bytes_per_url: figure(large, 'ram_bytes_per_url'),
        frontier_rebuild_urls_per_s: figure(small, 'rebuild_urls_per_s'),
        frontier_visit_us: figure(small, 'visit_us'),
      },
    }
  },
}
