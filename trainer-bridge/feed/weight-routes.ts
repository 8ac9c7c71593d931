import { z } from 'zod'
import { addressNumber } from '#schemas/address-number.ts'
import type { Server } from '#infra/net/server.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { listInForce, ownJobs, votesOf } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { JobName } from '#schemas/feed.ts'
import { FeedbackAnswer, WeightsAnswer, WeightsWish } from '#schemas/feed-jobs.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import { findSteering } from '../steer/steer.ts'
import { weightsByLabel } from '../steer/weights.ts'
import type { Callers } from './callers.ts'
import type { Epochs } from './epochs.ts'
import { planOf } from './open-epoch.ts'

export interface WeightRouteParts {
  epochs: Pick<Epochs, 'job' | 'current' | 'newestOf'>
  catalog: Pick<Catalog, 'head' | 'get' | 'commit'>
  callers: Pick<Callers, 'requireOperator'>
}

const JobPath = z.strictObject({ job: JobName })
const EpochPath = z.strictObject({ job: JobName, epoch: addressNumber() })

/** What the sources of a job weigh, and what the losses did to it. */
export function weightRoutes(app: Server, parts: () => WeightRouteParts): void {
  async function weightsOf(job: string): Promise<WeightsAnswer> {
    const { epochs, catalog } = parts()
    const open = job === epochs.job ? epochs.current() : epochs.newestOf(job)
    const list = await catalog.head(lineage.desirability)
    return { planned: open ? planOf(open).weights : {}, next: Object.fromEntries(weightsByLabel(list?.manifest.jobs ?? [])) }
  }

  const gets = { summary: 'What its sources weigh, in the open epoch and in the next', params: JobPath, response: { 200: WeightsAnswer } }
  app.get('/v1/jobs/:job/weights', { schema: gets }, ({ params }) => weightsOf(params.job))

  const posts = { summary: 'Weigh sources anew, from the next epoch on (operators)', params: JobPath, body: WeightsWish, response: { 200: WeightsAnswer } }
  app.post('/v1/jobs/:job/weights', { schema: posts, config: { scope: 'tasks' } }, async (request) => {
    const { callers, catalog } = parts()
    callers.requireOperator(request)
    const answer = await weightsOf(request.params.job)
    await weigh(catalog, new Map(request.body.weights.map(({ label, weight }) => [label, weight])))
    return { ...answer, next: (await weightsOf(request.params.job)).next }
  })

  const feedback = { summary: 'What the losses of an epoch were taken for', params: EpochPath, response: { 200: FeedbackAnswer } }
  app.get('/v1/jobs/:job/epochs/:epoch/feedback', { schema: feedback }, async ({ params: { job, epoch } }) => {
    const { epochs, catalog } = parts()
    if (job !== epochs.job) epochs.newestOf(job)
    const found = await findSteering(catalog, job, epoch)
    if (!found) throw new OrreryError('not_found', `Epoch ${epoch} of "${job}" was not steered by its losses, or not yet.`, { job, epoch })
    return { epoch, plan_id: found.plan_id, labels: found.labels.map((label) => ({ evidence: label.evidence, factor: label.factor, weights: label.weights })) }
  })
}

/** What the jobs of a label weigh together by default becomes its weight; each keeps its part of it, and what validators voted stands beside. @throws OrreryError `not_found` for a label that no job has */
async function weigh(catalog: WeightRouteParts['catalog'], weights: ReadonlyMap<string, number>): Promise<void> {
  const head = await catalog.head(lineage.desirability)
  const own = head ? ownJobs(head.manifest) : []
  const known = weightsByLabel(own)
  const unknown = [...weights.keys()].find((label) => !known.has(label))
  if (!head || unknown !== undefined)
    throw new OrreryError('not_found', `No job has the label "${unknown ?? ''}"; GET /v1/jobs/{job}/weights lists them.`, { label: unknown })
  const jobs = own.map((job) => {
    const [label, wanted] = [job.params.label ?? '', weights.get(job.params.label ?? '')]
    return wanted === undefined ? job : { ...job, weight: (job.weight * wanted) / (known.get(label) ?? wanted) }
  })
  const manifest: DesirabilityManifest = {
    kind: 'desirability',
    parent: head.sha256,
    ...listInForce(jobs, votesOf(head.manifest)),
    evidence: [],
    caused_by: null,
  }
  await catalog.commit(lineage.desirability, head.sha256, manifest)
}
