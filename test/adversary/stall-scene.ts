import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { createHttp } from '#infra/net/http.ts'
import { sqliteQueue } from '#infra/queue/sqlite.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Visit } from '#schemas/frontier.ts'
import { openExperience } from '#scraper/discovery/experience.ts'
import { createLastmods } from '#scraper/discovery/lastmods.ts'
import { createUplink } from '#scraper/limits/uplink.ts'
import { targetsOf } from '#scraper/discovery/targets.ts'
import { openPagePool } from '#scraper/document/page-pool.ts'
import { pageReader } from '#scraper/document/read-page.ts'
import { compileJobs } from '#scraper/jobs/jobs.ts'
import { shareOf } from '#scraper/jobs/share.ts'
import { hostMoods } from '#scraper/limits/host-rest.ts'
import { documentKeeper, withdrawer } from '#scraper/miner/keep-document.ts'
import { claimVisitor } from '#scraper/miner/visit.ts'
import { revisitPlan } from '#scraper/revisit/revisit.ts'
import { createHostPolicies } from '#scraper/robots/host-policies.ts'
import { createRobots } from '#scraper/robots/robots.ts'
import { noHostNotes } from '#schemas/host-notes.ts'
import { archivingHttp } from '#scraper/warc/archiving-http.ts'
import { openWarcWriter } from '#scraper/warc/warc-writer.ts'
import { moreStallInputs, stallInputs } from './stall-inputs.ts'

/** What one visit did to this process. */
export interface Stall {
  outcome: Visit['outcome'] | 'none'
  reason: string
  /** CPU time of the main thread in its longest turn, ms: on a busy machine turns take longer, but no more of it. */
  longestTurnMs: number
  /** What that may be here and now, ms. */
  turnMsMax: number
  /** Largest resident set that was seen. */
  rssBytes: number
}

/** Nothing on the main thread takes longer, for any input; where memory is slow, or others are at it, no longer than copying the longest body so often. */
const turnMsMax = 100
const copiesMax = 6
export const rssBytesMax = 1e9
const visitMs = 240_000

/** Scenes, one after the other: where a visit stalled it is made anew, since a collection of garbage or a neighbour may fall into one, and hardly into three. */
export async function openStallScenes() {
  let scene = await openStallScene()
  return {
    async visit(name: string): Promise<Stall> {
      for (let left = 2; ; left--) {
        const stall = await scene.visit(name)
        if (stall.longestTurnMs < stall.turnMsMax || left === 0) return stall
        await scene[Symbol.asyncDispose]()
        scene = await openStallScene()
      }
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  }
}

/** The way of a claim through a miner, against a web of hostile answers. */
async function openStallScene() {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'orrery-stalls-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const web = spawn(process.execPath, [join(import.meta.dirname, 'stall-web.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  stack.defer(() => void web.kill())
  const [port] = (await once(web.stdout, 'data')) as [Buffer]
  const inputs = { ...stallInputs, ...moreStallInputs }
  const origins = Object.keys(inputs).map((_, i) => `http://127.0.1.${i + 1}:${Number(port)}`)
  const pace = systemClock()
  const telemetry = createTelemetry()
  const { signal } = new AbortController()
  const frontier = stack.use(sqliteFrontier(join(folder, 'frontier.sqlite'), { clock: pace }))
  const documents = stack.use(sqliteQueue(join(folder, 'queue.sqlite'), 'documents', { clock: pace }))
  const client = stack.use(createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 50 * 2 ** 20, allowPrivate: origins }))
  const pages = stack.use(openPagePool({ threads: 1 }))
  const archive = stack.use(
    await openWarcWriter({ folder: join(folder, 'warc'), name: 'w', fileBytesMax: 1e9, software: 'x', requestHeaders: {}, now: pace.now }),
  )
  const http = archivingHttp(client, archive)
  const params = { keyword: null, platform: 'web', label: 'stalls', post_start_datetime: null, post_end_datetime: null } as const
  const jobs = compileJobs([{ id: 'stalls', weight: 1, params, web: { seeds: [], include: origins.map((origin) => `${origin}/*`) } }])
  const readPage = pageReader({ pages, facts: pace, wishes: { obeyRights: true, keepsMarkdown: true } })
  const experience = stack.use(openExperience({ pace }))
  const lastmods = createLastmods({ notes: noHostNotes, pace })
  const revisits = revisitPlan({ pace, facts: pace, lastmods, bounds: { minMs: 3_600_000, maxMs: 2_592_000_000 } })
  const end: Pick<Stall, 'outcome' | 'reason'> = { outcome: 'none', reason: '' }
  const visit = claimVisitor({
    frontier,
    http,
    pages,
    telemetry,
    seeds: { note: () => undefined },
    pace,
    signal,
    visitMs,
    rejects: { add: async (reject) => void (end.reason = reject.reason) },
    targets: targetsOf({ jobs, isOurs: shareOf('1/1'), ...experience, lastmods, now: pace.now }),
    moods: hostMoods({ notes: noHostNotes, pace }),
    robots: createRobots(http, pace),
    policies: createHostPolicies(pace, noHostNotes),
    keep: documentKeeper({ contents: experience.contents, documents, jobs, telemetry, readPage, revisits, hotkey: 'x', full: new Set() }),
    withdraw: withdrawer({ documents, telemetry, facts: pace }),
    revisits,
    experience,
    lastmods,
    uplink: createUplink(pace),
    facts: pace,
    obeyRights: true,
    hostDelayMs: 0,
    responseFactor: 0,
    interrupted: new Map(),
    onVisit: (_, ended) => void (end.outcome = ended),
  })
  const opened = stack.move()
  return {
    /** Visits one input, and whatever its host must be asked before. */
    async visit(name: string): Promise<Stall> {
      const url = `${origins[Object.keys(inputs).indexOf(name)]}/it`
      await frontier.add([{ url, kind: inputs[name]?.kind ?? 'page', label: 'stalls', priority: 9_000_000 }])
      Object.assign(end, { outcome: 'none', reason: '' })
      const turns = watchTurns()
      while (end.outcome === 'none') {
        const claims = await frontier.claim({ limit: 50, leaseMs: 2 * visitMs })
        const claim = claims.find((each) => each.url === url)
        if (claim) await visit(claim)
      }
      return { ...end, ...turns.end(), turnMsMax: Math.max(turnMsMax, copiesMax * copyMs()) }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const tickMs = 2

function watchTurns(): { end(): Pick<Stall, 'longestTurnMs' | 'rssBytes'> } {
  let longestTurnMs = 0
  let rssBytes = 0
  let before = threadCpuMs()
  const look = (): void => {
    const now = threadCpuMs()
    longestTurnMs = Math.max(longestTurnMs, now - before)
    before = now
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
  }
  const ticker = setInterval(look, tickMs)
  return {
    end() {
      clearInterval(ticker)
      look()
      return { longestTurnMs, rssBytes }
    },
  }
}

/** CPU time that it takes to copy 50 MB. */
function copyMs(): number {
  const body = Buffer.alloc(50_000_000, 'x')
  const before = threadCpuMs()
  Buffer.concat([body])
  return threadCpuMs() - before
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
