import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import { duplicateShares } from './duplicates.ts'
import { judge, type Reported } from './judge.ts'
import { moveJobs } from './weights.ts'

export interface SteerRequest {
  catalog: Catalog
  planId: string
  epoch: number
  /** Of the closed epoch, in the order of settling. */
  settlements: readonly Reported[]
  vocabulary: number
}

/** The list an epoch was steered from and the one it led to. */
export interface Steering {
  before: DesirabilityManifest
  after: DesirabilityManifest
}

/** A desirability list may have moved on by so many others since the epoch was steered, and the epoch is still found. */
const historyMax = 256
const attemptsMax = 16

/**
 * Turns the losses of a closed epoch into the next desirability list, exactly once: an epoch that already caused a list is not steered again, whoever did it.
 * The list is committed also when no weight moves, with its evidence. When another commit comes first it is read and followed.
 * @returns undefined when there is no list to steer @throws OrreryError `conflict` when others commit without a pause
 */
export async function steer(request: SteerRequest): Promise<Steering | undefined> {
  for (let attempt = 1; ; attempt++) {
    const done = await findSteering(request.catalog, request)
    if (done) return done
    const head = await request.catalog.head(lineage.desirability)
    if (!head) return undefined
    const before = head.manifest
    const after = await nextList(request, before, head.sha256)
    try {
      await request.catalog.commit(lineage.desirability, head.sha256, after)
      return { before, after }
    } catch (error) {
      const lost = error instanceof OrreryError && error.code === 'conflict'
      if (!lost || attempt === attemptsMax) throw error
    }
  }
}

/** What this epoch has already led to. Lists may be long: they are read two at a time, and mostly the newest is the one. */
export async function findSteering(catalog: Pick<Catalog, 'history'>, { planId, epoch }: { planId: string; epoch: number }): Promise<Steering | undefined> {
  let page = await catalog.history(lineage.desirability, { limit: 2 })
  for (let looks = 1; page[0]; looks++) {
    const [{ version, manifest: after }, before] = page as [CatalogEntry<'desirability'>, CatalogEntry<'desirability'> | undefined]
    // The list before may have been forgotten.
    if (after.caused_by?.plan_id === planId && after.caused_by.epoch === epoch) return { before: before?.manifest ?? after, after }
    if (looks === historyMax) return undefined
    page = await catalog.history(lineage.desirability, { before: version, limit: 2 })
  }
  return undefined
}

async function nextList(
  { catalog, planId, epoch, settlements, vocabulary }: SteerRequest,
  before: DesirabilityManifest,
  parent: string,
): Promise<DesirabilityManifest> {
  const labels = before.jobs.flatMap((job) => job.params.label ?? [])
  const judgements = judge(settlements, labels, { vocabulary, duplicates: await duplicateShares(catalog, before.jobs) })
  const factors = new Map(judgements.map(({ evidence, factor }) => [evidence.label, factor]))
  return {
    kind: 'desirability',
    parent,
    jobs: moveJobs(before.jobs, factors),
    evidence: judgements.map(({ evidence }) => evidence),
    caused_by: { plan_id: planId, epoch },
  }
}
