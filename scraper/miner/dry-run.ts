import type { Config } from '#infra/config/schema.ts'
import { textTable } from '#infra/telemetry/table.ts'
import { jobsOf, weighedAs } from '#infra/config/jobs.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { Frontier, LabelStats, Prospect } from '#schemas/frontier.ts'
import { lineage } from '#schemas/lineage.ts'
import { openBlockList } from '../filter/block-list/block-list.ts'
import { noveltyOf, perUnit } from '../discovery/priority.ts'
import { createTraps } from '../discovery/traps.ts'
import { compileJobs, type Jobs } from '../jobs/jobs.ts'
import { shareOf } from '../jobs/share.ts'
import { targetsOf } from '../discovery/targets.ts'

/** What a data folder holds; undefined: it is not there yet. */
export interface DryRunParts {
  pace: Clock
  catalog(): (Catalog & AsyncDisposable) | undefined
  frontier(name: string): (Frontier & AsyncDisposable) | undefined
}

const rowsMax = 40

/**
 * What a miner with these settings would fetch next, the best of each host, and why: a table for people. Asks nobody, lends nothing, makes nothing: what it says
 * of seeds that the frontier does not know yet is what it would add.
 */
export async function describeNext({ pace, ...kept }: DryRunParts, { miner, sources }: Pick<Config, 'miner' | 'sources'>): Promise<string> {
  await using catalog = kept.catalog()
  const head = await catalog?.head(lineage.desirability)
  const listed = head?.manifest.jobs ?? []
  const jobs = compileJobs(sources.length === 0 ? listed : weighedAs(listed, jobsOf(sources)))
  await using blockList = await openBlockList({ path: miner.block_list, pace, telemetry: { event: () => undefined } })
  await using own = kept.frontier(miner.name)
  const { known, labels } = (await own?.stats()) ?? { known: 0, labels: new Map<string, LabelStats>() }
  const prospects = own && known > 0 ? await own.peek(rowsMax) : seedsOf(jobs, miner, pace.now())
  const now = pace.now()
  const waiting = labels.values().reduce((sum, stats) => sum + stats.waiting, 0)
  const rows = prospects.map((prospect) => [
    prospect.readyAt <= now ? 'now' : `in ${((prospect.readyAt - now) / 1000).toFixed(1)} s`,
    prospect.url.slice(0, 120),
    prospect.kind === 'page' ? prospect.label : prospect.kind,
    prospect.priority,
    blockList.blocks(prospect.url) ? 'blocked: it will be passed over' : reasonOf(prospect, jobs),
    [prospect.attempts > 0 ? `tried ${prospect.attempts}×` : '', prospect.previous?.version ? `version ${prospect.previous.version}` : '']
      .filter(Boolean)
      .join(', '),
  ])
  const start = jobs.list.length === 0 ? 'No source is named: the first run crawls the embedded web. ' : ''
  const summary = `${start}${known} URLs known, ${waiting} pages waiting; nothing was asked, nothing was changed.`
  return `${textTable(['host is free', 'url', 'counts for', 'priority', 'because', 'before'], rows)}\n\n${summary}\n`
}

function seedsOf(jobs: Jobs, settings: Config['miner'], now: number): Prospect[] {
  const targets = targetsOf({ jobs, isOurs: shareOf(settings.share), traps: createTraps(), now: () => now })
  const sorted = targets.seeds().toSorted((a, b) => b.priority - a.priority || compareText(a.url, b.url))
  return sorted.slice(0, rowsMax).map((target) => ({ ...target, readyAt: now, attempts: 0, previous: undefined }))
}

/** The parts of the priority. When a page last changed is not kept with it, so its freshness is what is left of the product. */
function reasonOf({ url, kind, priority }: Prospect, jobs: Jobs): string {
  if (priority >= 10 * perUnit) return kind === 'page' ? 'a seed' : `a ${kind}`
  const weight = jobs.of(url)?.weight
  if (weight === undefined) return jobs.excludes(url) ? 'its source leaves it out: it will be passed over' : 'no job takes it any more'
  const novelty = noveltyOf(url)
  return `weight ${round(weight)} × freshness ${round(priority / (weight * novelty * perUnit))} × novelty ${round(novelty)}`
}

const round = (value: number): number => Math.round(value * 100) / 100
