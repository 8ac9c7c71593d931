import { z } from 'zod'
import { addressNumber } from '#schemas/address-number.ts'
import type { Server } from '#infra/net/server.ts'
import { lineage } from '#schemas/lineage.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { BatchAnswers, FeedPlanAnswer, JobName, ProgressAnswer } from '#schemas/feed.ts'
import { EpochAnswer, EpochsAnswer, JobAnswer, JobsAnswer, LossesAnswer, LossReport } from '#schemas/feed-jobs.ts'
import { NoBody } from '#schemas/feed-nodes.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { voiceOf } from '#schemas/nodes.ts'
import type { AnswerBatches } from './answer-batches.ts'
import type { BlockHealth } from './block-health.ts'
import type { Callers } from './callers.ts'
import type { Epochs } from './epochs.ts'
import { noneWhenNotOpen, planOf, type OpenEpoch } from './open-epoch.ts'
import { summarize } from './tally.ts'
import { settleUnleased } from './unleased.ts'

export interface JobRouteParts {
  epochs: Epochs
  catalog: Pick<Catalog, 'history'>
  ledger: Ledger
  answers: AnswerBatches
  callers: Callers
  health: Pick<BlockHealth, 'isAway'>
  leaseMs: number
  /** Looks at once whether there is an epoch to open, or one to end. */
  lookNow(): void
}

const JobPath = z.strictObject({ job: JobName })
const EpochPath = z.strictObject({ job: JobName, epoch: addressNumber() })
const pageMax = 1_000
const Page = z.strictObject({ limit: addressNumber(1, pageMax).default(100).describe('100 when left out.') })
const operator = { scope: 'tasks' as const }

/** What is trained, and how it stands; opening and closing is the operator's. */
export function jobRoutes(app: Server, parts: () => JobRouteParts): void {
  const standing = async (open: OpenEpoch | undefined) => open && (await parts().ledger.progress(open.planId, open.epoch).catch(noneWhenNotOpen))

  async function jobOf(job: string): Promise<JobAnswer> {
    const { epochs, health } = parts()
    const open = job === epochs.job ? epochs.current() : epochs.newestOf(job)
    const progress = await standing(open)
    const isOpen = progress?.closed === false
    return { job: epochs.job, state: !isOpen ? 'idle' : health.isAway() ? 'wait' : 'run', epoch: open?.epoch ?? null, plan_id: open?.planId ?? null }
  }

  async function plan(job = parts().epochs.job): Promise<FeedPlanAnswer> {
    const { epochs } = parts()
    const open = job === epochs.job ? epochs.current() : epochs.newestOf(job)
    const progress = await standing(open)
    return open && progress?.closed === false ? { state: 'run', plan: planOf(open) } : { state: 'idle', plan: null }
  }

  async function progress(job = parts().epochs.job): Promise<ProgressAnswer> {
    const { epochs, ledger } = parts()
    const open = job === epochs.job ? epochs.current() : epochs.newestOf(job)
    const found = await standing(open)
    if (!open || !found) return { state: 'idle', epoch: null }
    return { state: found.closed ? 'idle' : 'run', epoch: await summarize(ledger, open, found) }
  }

  async function epochOf(open: OpenEpoch): Promise<EpochAnswer> {
    const found = await standing(open)
    return { plan: planOf(open), closed: found?.closed ?? false, states: found?.states ?? null }
  }

  app.get('/v1/plan', { schema: { summary: 'The plan of the open epoch', response: { 200: FeedPlanAnswer } } }, () => plan())
  app.get('/v1/progress', { schema: { summary: 'States, loss of each label, nodes', response: { 200: ProgressAnswer } } }, () => progress())
  app.get('/v1/jobs', { schema: { summary: 'What is trained here', response: { 200: JobsAnswer } } }, async () => ({
    jobs: [await jobOf(parts().epochs.job)],
  }))

  const ofJob = <Answer extends z.ZodType>(summary: string, answer: Answer) => ({
    schema: { summary, params: JobPath, response: { 200: answer } },
  })
  app.get('/v1/jobs/:job', ofJob('How a job stands', JobAnswer), ({ params }) => jobOf(params.job))
  app.get('/v1/jobs/:job/plan', ofJob('The plan of its open epoch', FeedPlanAnswer), ({ params }) => plan(params.job))
  app.get('/v1/jobs/:job/progress', ofJob('States, loss of each label, nodes', ProgressAnswer), ({ params }) => progress(params.job))

  const list = {
    summary: 'Its epochs, the newest first',
    params: JobPath,
    querystring: Page.extend({ before: addressNumber().optional() }),
    response: { 200: EpochsAnswer },
  }
  app.get('/v1/jobs/:job/epochs', { schema: list }, async ({ params: { job }, query: { limit, before } }) => {
    const { epochs, catalog } = parts()
    if (job !== epochs.job) epochs.newestOf(job)
    const page = await catalog.history(lineage.plan(job), { limit, ...(before !== undefined && { before: before + 1 }) })
    const planned = page.map(({ sha256, version, manifest }) => ({ epoch: version - 1, plan_id: sha256, batches: manifest.batches }))
    return { epochs: planned, next: planned.length < limit ? null : (planned.at(-1)?.epoch ?? null) }
  })
  const one = { summary: 'An epoch, as it was planned and how it stands', params: EpochPath, response: { 200: EpochAnswer } }
  app.get('/v1/jobs/:job/epochs/:epoch', { schema: one }, async ({ params: { job, epoch } }) => epochOf(await parts().epochs.numbered(job, epoch)))

  const opens = {
    summary: 'Open the next epoch as soon as there is something to train (operators)',
    params: JobPath,
    body: NoBody,
    response: { 202: JobAnswer },
  }
  app.post('/v1/jobs/:job/epochs', { schema: opens, config: operator }, async (request, reply) => {
    parts().callers.requireOperator(request)
    const answer = await jobOf(request.params.job)
    parts().lookNow()
    return reply.status(202).send(answer)
  })
  const closes = {
    summary: 'Close an epoch: what is not settled is void, and the weights move by what is (operators)',
    params: EpochPath,
    body: NoBody,
    response: { 200: EpochAnswer },
  }
  app.post('/v1/jobs/:job/epochs/:epoch/close', { schema: closes, config: operator }, async (request) => {
    const { callers, epochs, ledger, lookNow } = parts()
    callers.requireOperator(request)
    const open = await epochs.numbered(request.params.job, request.params.epoch)
    await ledger.close(open.planId, open.epoch)
    lookNow()
    return epochOf(open)
  })

  const losses = {
    summary: 'What was settled, in its order (operators: nodes could copy from each other)',
    params: EpochPath,
    querystring: Page.extend({ after: addressNumber().default(0).describe('0 when left out.') }),
    response: { 200: LossesAnswer },
  }
  app.get('/v1/jobs/:job/epochs/:epoch/losses', { schema: losses, config: operator }, async (request) => {
    const { callers, epochs, ledger } = parts()
    callers.requireOperator(request)
    const { after, limit } = request.query
    const { planId, epoch, batches } = await epochs.numbered(request.params.job, request.params.epoch)
    const settled = await ledger.settlements(planId, epoch, { after, limit })
    const rows = settled.map(({ place, batch, node, loss, tokens }) => ({ place, batch, label: batches.label(batch), node, loss, tokens }))
    return { losses: rows, next: rows.length < limit ? null : (rows.at(-1)?.place ?? null) }
  })
  const reports = { summary: 'Settle batches that were trained without leases', params: JobPath, body: LossReport, response: { 200: BatchAnswers } }
  app.post('/v1/jobs/:job/losses', { schema: reports }, async (request) => {
    const { callers, epochs } = parts()
    const open = await epochs.numbered(request.params.job, request.body.epoch)
    const caller = await callers.callerOf(request, request.body.node)
    callers.requireVouched(caller)
    return { items: await settleUnleased(parts(), open, { ...request.body, node: caller.node, operator: voiceOf(caller) }) }
  })
}
