import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { threadedFrontier } from '#infra/frontier/threaded.ts'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { createHttp } from '#infra/net/http.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { jobId } from '#schemas/desirability.ts'
import { openExperience } from '#scraper/discovery/experience.ts'
import { claimJournal } from '#scraper/miner/claim-journal.ts'
import { openGate } from '#scraper/limits/gate.ts'
import { hostMoods } from '#scraper/limits/host-rest.ts'
import { compileJobs } from '#scraper/jobs/jobs.ts'
import { openRejects } from '#scraper/rejects/rejects.ts'
import { createLastmods } from '#scraper/discovery/lastmods.ts'
import { createUplink } from '#scraper/limits/uplink.ts'
import { revisitPlan } from '#scraper/revisit/revisit.ts'
import { shareOf } from '#scraper/jobs/share.ts'
import { Tally } from '#scraper/miner/tally.ts'
import { targetsOf } from '#scraper/discovery/targets.ts'
import { runVisits } from '#scraper/miner/run-visits.ts'
import { claimVisitor } from '#scraper/miner/visit.ts'
import { cycleWork } from '#scraper/miner/work.ts'
import { createHostPolicies } from '#scraper/robots/host-policies.ts'
import { createRobots } from '#scraper/robots/robots.ts'

interface CrawlOptions {
  origins: readonly string[]
  /** For the frontier, the journal and the rejects. */
  folder: string
  concurrency: number
}

const visitMs = 42_000

/** The crawl of a miner as it is, on a durable frontier, but for the step that makes documents: a page is kept for its links. @returns pages stored */
export async function crawlWith({ origins, folder, concurrency }: CrawlOptions): Promise<number> {
  const pace = systemClock()
  const telemetry = createTelemetry()
  const { signal } = new AbortController()
  await using frontier = threadedFrontier(join(folder, 'frontier.sqlite'), { clock: pace })
  await using notes = sqliteHostNotes(join(folder, 'hosts.sqlite'), { clock: pace })
  const uplink = createUplink(pace)
  await using client = createHttp({ userAgent: 'Orrery/0', timeoutMs: 20_000, bytesMax: 1 << 22, allowPrivate: origins })
  const http = uplink.watch(client)
  using experience = openExperience({ path: join(folder, 'traps.sqlite'), pace })
  const lastmods = createLastmods({ notes, pace })
  await using rejects = await openRejects({ path: join(folder, 'rejects.jsonl'), telemetry, facts: pace })
  const settings = Config.shape.miner.parse({ host_delay_ms: 0, host_delay_factor: 0 })
  const params = { keyword: null, platform: 'web', label: 'bench', post_start_datetime: null, post_end_datetime: null } as const
  const web = { seeds: origins.map((origin) => `${origin}/`), include: origins.map((origin) => `${origin}/*`) }
  const jobs = compileJobs([{ id: jobId(params, web), weight: 1, params, web }])
  const tally = new Tally('bench', telemetry, pace)
  const targets = targetsOf({ jobs, isOurs: shareOf('1/1'), ...experience, lastmods, now: pace.now })
  await frontier.add(targets.seeds())
  const gate = openGate({ settings, pace, dataDir: folder, uplink, telemetry })
  const work = cycleWork({
    frontier,
    pace,
    signal,
    gate,
    targets: new Map([['bench', 1e9]]),
    limits: jobs.limits,
    concurrency,
    leaseMs: 2 * visitMs,
    inRounds: false,
    onClaims: claimJournal(join(folder, 'claims.json')).write,
    onStats: tally.noteStats,
    onWait: tally.noteWait,
  })
  const visit = claimVisitor({
    frontier,
    http,
    rejects,
    telemetry,
    targets,
    pace,
    signal,
    visitMs,
    moods: hostMoods({ notes, pace }),
    robots: createRobots(http, pace),
    policies: createHostPolicies(pace, notes),
    experience,
    lastmods,
    uplink,
    facts: pace,
    obeyRights: true,
    keep: async () => ({ outcome: 'stored', content: undefined }),
    withdraw: async () => undefined,
    revisits: revisitPlan({ pace, facts: pace, lastmods, bounds: { minMs: 3_600_000, maxMs: 2_592_000_000 } }),
    seeds: { note: () => undefined },
    hostDelayMs: settings.host_delay_ms,
    responseFactor: settings.host_delay_factor,
    interrupted: new Map(),
    onVisit: tally.add,
  })
  await runVisits({ work, visit, concurrency })
  return tally.report().visits.stored
}
