import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { sqliteQueue } from '#infra/queue/sqlite.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Claim, Frontier } from '#schemas/frontier.ts'
import type { HostTurns } from '#schemas/host-turns.ts'
import type { Queue } from '#schemas/queue.ts'
import { createLastmods } from '#scraper/discovery/lastmods.ts'
import { targetsOf } from '#scraper/discovery/targets.ts'
import { openExperience } from '#scraper/discovery/experience.ts'
import { openPagePool } from '#scraper/document/page-pool.ts'
import { pageReader } from '#scraper/document/read-page.ts'
import { compileJobs } from '#scraper/jobs/jobs.ts'
import { hostMoods } from '#scraper/limits/host-rest.ts'
import { createUplink, type Uplink } from '#scraper/limits/uplink.ts'
import { claimJournal } from '#scraper/miner/claim-journal.ts'
import { documentKeeper, withdrawer } from '#scraper/miner/keep-document.ts'
import { openRejects } from '#scraper/rejects/rejects.ts'
import { claimVisitor } from '#scraper/miner/visit.ts'
import { revisitPlan } from '#scraper/revisit/revisit.ts'
import { createHostPolicies } from '#scraper/robots/host-policies.ts'
import { createRobots } from '#scraper/robots/robots.ts'
import { readArrival } from '#scraper/shard/arrival.ts'
import { steadyWeb, type Life, type SteadyWeb } from '../site/steady-web.ts'

export interface MonthOptions {
  hosts: number
  days: number
  folder: string
  /** The day on which nothing gets through for an hour, and the one on which the clock is a year ahead for an hour. */
  outageDay: number
  jumpDay: number
}

export interface MonthReport {
  pages: number
  /** Never stored, of all pages that a host serves. */
  lost: number
  /** Longest that a page of each life had another text than the version that was stored last, at the end, days. */
  staleDays: Record<Life, number>
  /** Mean number of visits of a page. */
  visits: Record<Life, number>
  versions: Record<Life, number>
  /** Requests in the first week for the twenty pages of a sitemap that lies. */
  liedAboutInAWeek: number
  requestsInOutage: number
  /** Bytes a day over the last two thirds, by least squares; with what there is at the end. */
  slopes: Record<string, { bytes: number; bytesPerDay: number }>
}

const [dayMs, hourMs] = [86_400_000, 3_600_000]
const concurrency = 64
const visitMs = 60_000
const bounds = { minMs: hourMs, maxMs: 10 * dayMs }
const startedAt = Date.UTC(2026, 0, 1)

/** The parts of a miner over a steady web, whose time jumps to whatever is due next. */
export async function liveMonth({ hosts, days, folder, outageDay, jumpDay }: MonthOptions): Promise<MonthReport> {
  const time = { true: startedAt, skew: 0 }
  const pace: Clock = { now: () => time.true + time.skew, sleep: async () => undefined }
  const web = steadyWeb({ hosts, now: () => time.true })
  await using stack = new AsyncDisposableStack()
  const frontier = stack.use(sqliteFrontier(join(folder, 'frontier.sqlite'), { clock: pace, revisitMaxMs: bounds.maxMs }))
  const documents = stack.use(sqliteQueue(join(folder, 'queue.sqlite'), 'documents', { clock: pace }))
  const { visit, uplink, journal } = await openCrawl({ web, frontier, documents, folder, pace, stack })

  const stored: Stored = new Map()
  const samples: Record<string, number>[] = []
  let [requestsInOutage, liedAboutInAWeek] = [0, 0]
  for (let hour = 0; hour < days * 24; hour++) {
    const [day, hourOfDay] = [Math.floor(hour / 24), hour % 24]
    const before = web.requests
    web.isOut = day === outageDay && hourOfDay === 10
    time.skew = day === jumpDay && hourOfDay === 10 ? 365 * dayMs : 0
    await liveHour({ frontier, visit, uplink, journal, time, pace, until: startedAt + (hour + 1) * hourMs })
    if (web.isOut) requestsInOutage = web.requests - before
    await drain(documents, stored, time)
    if (day < 7) liedAboutInAWeek = liedAbout(web)
    if (hourOfDay === 23) samples.push(await measure(folder))
  }
  return { ...reportOf(web, stored, time.true), liedAboutInAWeek, requestsInOutage, slopes: slopesOf(samples.slice(Math.floor(days / 3))) }
}

/** URL → versions that reached the queue, and when the last did. */
type Stored = Map<string, { versions: number; at: number }>

function reportOf(web: SteadyWeb, stored: Stored, now: number): Pick<MonthReport, 'pages' | 'lost' | 'staleDays' | 'visits' | 'versions'> {
  const pagesOf = (life: Life) => [...web.pages].filter(([, page]) => page.life === life && !page.isLiedAbout)
  const staleDays = (life: Life) =>
    pagesOf(life).reduce((most, [url, { changedAt }]) => Math.max(most, (stored.get(url)?.at ?? 0) < changedAt() ? (now - changedAt()) / dayMs : 0), 0)
  return {
    pages: web.pages.size,
    lost: [...web.pages.keys()].filter((url) => !stored.has(url)).length,
    staleDays: byLife((life) => rounded(staleDays(life))),
    visits: byLife((life) => mean(pagesOf(life).map(([, { visits }]) => visits))),
    versions: byLife((life) => mean(pagesOf(life).map(([url]) => stored.get(url)?.versions ?? 0))),
  }
}

const byLife = (of: (life: Life) => number): Record<Life, number> => ({ still: of('still'), weekly: of('weekly'), daily: of('daily'), nonce: of('nonce') })
const rounded = (value: number): number => Math.round(value * 10) / 10
const mean = (values: readonly number[]): number => rounded(values.reduce((a, b) => a + b, 0) / Math.max(1, values.length))

interface CrawlParts {
  web: SteadyWeb
  frontier: Frontier & HostTurns
  documents: Queue
  folder: string
  pace: Clock
  stack: AsyncDisposableStack
}

/** As a miner puts them together. */
async function openCrawl({ web, frontier, documents, folder, pace, stack }: CrawlParts) {
  const telemetry = createTelemetry()
  const notes = stack.use(sqliteHostNotes(join(folder, 'hosts.sqlite'), { clock: pace }))
  const rejects = stack.use(await openRejects({ path: join(folder, 'rejects', 'miner.jsonl'), telemetry, facts: pace }))
  const experience = stack.use(openExperience({ path: join(folder, 'traps.sqlite'), pace }))
  const pages = stack.use(openPagePool({ threads: 1 }))
  const params = { keyword: null, platform: 'web', label: 'month', post_start_datetime: null, post_end_datetime: null } as const
  const jobs = compileJobs([{ id: 'month', weight: 1, params, web: { seeds: web.seeds, include: ['http://*.example/*'] } }])
  const uplink = createUplink(pace)
  const http = uplink.watch(web.http)
  const lastmods = createLastmods({ notes, pace })
  const targets = targetsOf({ jobs, isOurs: () => true, ...experience, lastmods, now: pace.now })
  await frontier.add(targets.seeds())
  const revisits = revisitPlan({ pace, facts: pace, lastmods, bounds })
  const readPage = pageReader({ pages, facts: pace, wishes: { obeyRights: true, keepsMarkdown: false } })
  const visit = claimVisitor({
    http,
    frontier,
    rejects,
    telemetry,
    targets,
    experience,
    lastmods,
    uplink,
    revisits,
    pace,
    visitMs,
    facts: pace,
    robots: createRobots(http, pace),
    policies: createHostPolicies(pace, notes),
    moods: hostMoods({ notes, pace }),
    keep: documentKeeper({ contents: experience.contents, documents, jobs, telemetry, readPage, revisits, hotkey: 'miner', full: new Set() }),
    withdraw: withdrawer({ documents, telemetry, facts: pace }),
    obeyRights: true,
    seeds: { note: () => undefined },
    hostDelayMs: 1000,
    responseFactor: 0,
    interrupted: new Map(),
    onVisit: () => undefined,
    signal: new AbortController().signal,
  })
  return { visit, uplink, journal: claimJournal(join(folder, 'claims.json')) }
}

interface HourParts {
  frontier: Frontier
  visit(claim: Claim): Promise<void>
  uplink: Uplink
  journal: ReturnType<typeof claimJournal>
  time: { true: number; skew: number }
  pace: Clock
  until: number
}

/** All that is due until then, each at its time; a probe where the uplink is down. */
async function liveHour({ frontier, visit, uplink, journal, time, pace, until }: HourParts): Promise<void> {
  while (time.true < until) {
    const probeMs = uplink.untilProbeMs()
    if (probeMs !== undefined && probeMs > 0) {
      time.true += probeMs
      continue
    }
    const claims = await frontier.claim({ limit: probeMs === undefined ? concurrency : 1, leaseMs: 2 * visitMs })
    if (claims.length > 0) {
      if (probeMs !== undefined) uplink.probed()
      await journal.write(claims)
      await Promise.all(claims.map(visit))
    } else time.true = Math.min(until, time.true + Math.max(1, ((await frontier.nextReadyAt()) ?? Infinity) - pace.now()))
  }
}

/** As a shard would take them. */
async function drain(documents: Queue, stored: Stored, time: { true: number }): Promise<void> {
  for (;;) {
    const leases = await documents.claim({ limit: 500, leaseMs: visitMs })
    if (leases.length === 0) return
    for (const { body } of leases) {
      const arrival = readArrival(body)
      // One text in some thousands is too repetitive for the rules of quality: what it took the place of leaves.
      if (!('document' in arrival)) continue
      const { uri } = arrival.document
      stored.set(uri, { versions: (stored.get(uri)?.versions ?? 0) + 1, at: time.true })
    }
    await documents.done(leases)
  }
}

/** Visits so far of the twenty pages of one such sitemap. */
function liedAbout(web: SteadyWeb): number {
  const pages = [...web.pages.values()].filter(({ isLiedAbout }) => isLiedAbout)
  return Math.round((20 * pages.reduce((sum, { visits }) => sum + visits, 0)) / Math.max(1, pages.length))
}

/** The heap after a collection, and every file, with its write-ahead log. */
async function measure(folder: string): Promise<Record<string, number>> {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const sizes: Record<string, number> = { heap: process.memoryUsage().heapUsed }
  for (const name of await readdir(folder, { recursive: true })) {
    const file = await stat(join(folder, name))
    // A log is written from its beginning again and again; it is as large as its largest transaction.
    if (file.isFile() && !/-(?:wal|shm)$/.test(name)) sizes[name] = file.size
  }
  return sizes
}

function slopesOf(samples: readonly Record<string, number>[]): MonthReport['slopes'] {
  const names = Object.keys(samples.at(-1) ?? {})
  return Object.fromEntries(
    names.map((name) => {
      const values = samples.map((sample) => sample[name] ?? 0)
      const [meanX, meanY] = [(values.length - 1) / 2, values.reduce((a, b) => a + b, 0) / values.length]
      const [over, under] = values.reduce(([xy, xx], y, x) => [xy + (x - meanX) * (y - meanY), xx + (x - meanX) ** 2], [0, 0])
      return [name, { bytes: values.at(-1) ?? 0, bytesPerDay: Math.round(over / Math.max(1, under)) }]
    }),
  )
}
