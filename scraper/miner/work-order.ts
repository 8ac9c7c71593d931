import type { Catalog } from '#schemas/catalog.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import { pageVisits, type Frontier } from '#schemas/frontier.ts'
import { lineage } from '#schemas/lineage.ts'
import type { CycleManifest } from '#schemas/manifest.ts'
import { splitWithin } from '../jobs/budget.ts'
import { compileJobs, sumByLabel, type Jobs } from '../jobs/jobs.ts'
import { liveRows } from '../shard/snapshot-heads.ts'

/** What a cycle is to do. From its beginning on it stands in the catalog: a restart goes on with the same one. A cycle that finds nothing to do leaves no trace. */
export interface WorkOrder {
  readonly cycle: number
  readonly jobs: Jobs
  /** Jobs of which this miner has as many rows as count (`max_rows`): no page more is stored for them. */
  readonly full: ReadonlySet<string>
  /** Keeps it, before its first visit. */
  begin(): Promise<void>
  targets(): ReadonlyMap<string, number>
  finish(): Promise<void>
}

export interface WorkOrderOptions {
  catalog: Catalog
  frontier: Frontier
  hotkey: string
  /** Visits of a new cycle. */
  pages: number
}

/**
 * The unfinished cycle of this hotkey, or a new one: what each label has so far plus its part of the budget by weight, and of what it missed in the last one.
 * @throws OrreryError `not_found` when there is no desirability list, `conflict` when another process mines under the same hotkey
 */
export async function openWorkOrder(options: WorkOrderOptions): Promise<WorkOrder> {
  const { catalog, hotkey } = options
  const line = lineage.cycle(hotkey)
  const head = await catalog.head(line)
  const previous = head?.manifest
  const list = await desirability(catalog, previous?.finished === false ? previous.desirability : undefined)
  const jobs = compileJobs(list.jobs)
  const isOpen = previous?.finished === false && previous.desirability === list.sha256
  const rowsLeft = await rowsLeftOf(options, jobs)
  let manifest: CycleManifest = isOpen ? previous : await newCycle(options, previous, head?.sha256, list.sha256, { jobs, rowsLeft })
  let sha256 = head?.sha256
  let isKept = isOpen

  const keep = async (change: Partial<CycleManifest>): Promise<void> => {
    manifest = { ...manifest, ...change, parent: sha256 ?? null }
    sha256 = (await catalog.commit(line, sha256, manifest)).sha256
    isKept = true
  }
  return {
    cycle: manifest.cycle,
    jobs,
    full: new Set([...rowsLeft].flatMap(([job, rows]) => (rows <= 0 ? [job] : []))),
    targets: () => targetsOf(manifest),
    begin: async () => (isKept ? undefined : keep({})),
    finish: async () => (isKept ? keep({ finished: true }) : undefined),
  }
}

async function newCycle(
  { frontier, pages }: WorkOrderOptions,
  previous: CycleManifest | undefined,
  parent: string | undefined,
  desirabilitySha256: string,
  { jobs, rowsLeft }: { jobs: Jobs; rowsLeft: ReadonlyMap<string, number> },
): Promise<CycleManifest> {
  const { labels } = await frontier.stats()
  const pagesOf = (label: string): number => {
    const stats = labels.get(label)
    return stats ? pageVisits(stats) : 0
  }
  const finished = (label: string): number => pagesOf(label) + (labels.get(label)?.lists ?? 0)
  // A page is one row at most.
  const rows = sumByLabel(jobs.list, ({ id }) => Math.max(0, rowsLeft.get(id) ?? Infinity))
  const room = (label: string) => Math.max(0, Math.min((jobs.limits.get(label) ?? Infinity) - pagesOf(label), rows.get(label) ?? Infinity))
  const before = targetsOf(previous)
  const even = splitWithin(pages, jobs.weights, room)
  // What a label had too little of last time it has more of now, and the other way round, up to half its part: shares are kept over time, not within a cycle.
  const owed = [...even].map(([label, part]) => {
    const behind = (before.get(label) ?? finished(label)) - finished(label)
    return [label, part + Math.max(-part / 2, Math.min(part / 2, behind))] as const
  })
  const targets = [...splitWithin(pages, new Map(owed), room)].map(([label, more]): [string, number] => [label, finished(label) + more])
  return {
    kind: 'cycle',
    parent: parent ?? null,
    cycle: (previous?.cycle ?? 0) + 1,
    desirability: desirabilitySha256,
    targets: targets.toSorted(([a], [b]) => compareText(a, b)),
    finished: false,
  }
}

/** Of jobs with `max_rows`: how many rows more of this miner count. */
async function rowsLeftOf({ catalog, hotkey }: Pick<WorkOrderOptions, 'catalog' | 'hotkey'>, { list }: Jobs): Promise<Map<string, number>> {
  const left = new Map<string, number>()
  for (const { id, max_rows: most } of list) {
    if (most === undefined) continue
    const head = await catalog.head(lineage.snapshot(hotkey, id))
    left.set(
      id,
      (head?.manifest.files ?? []).reduce((rows, listed) => rows - liveRows(listed), most),
    )
  }
  return left
}

/** label → visits */
const targetsOf = (cycle: CycleManifest | undefined): Map<string, number> =>
  new Map(Array.isArray(cycle?.targets) ? cycle.targets : Object.entries(cycle?.targets ?? {}))

/** The list with that address, while the catalog still has it; else the one in force. */
async function desirability(catalog: Catalog, wanted: string | undefined): Promise<{ sha256: string; jobs: readonly DesirabilityJob[] }> {
  const entry = (wanted && (await catalog.get(lineage.desirability, { sha256: wanted }))) || (await catalog.head(lineage.desirability))
  if (!entry) {
    throw new OrreryError('not_found', 'There is no desirability list in the catalog, so nobody says what to crawl; start `orrery up` once, or name sources.')
  }
  return { sha256: entry.sha256, jobs: entry.manifest.jobs }
}
