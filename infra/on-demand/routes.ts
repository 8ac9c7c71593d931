import type { FastifyRequest } from 'fastify'
import type { Server } from '#infra/net/server.ts'
import { rateLimit } from '#infra/net/rate-limits.ts'
import { reachedStore } from '#infra/store/reached-store.ts'
import type { Callers } from '#infra/store/access/callers.ts'
import type { Members } from '#infra/store/access/members.ts'
import { originOf } from '#infra/store/access/miner-routes.ts'
import type { UploadPolicies } from '#infra/store/access/upload-policy.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { onDemandLimits as limits, submissionKey, type OnDemandJob, type OnDemandJobs, type OnDemandSubmission } from '#schemas/on-demand.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { foundSubmission, forgetSubmissions } from './submissions.ts'
import * as wire from './wire.ts'

export interface OnDemandRouteParts {
  jobs: OnDemandJobs
  store: ObjectStore
  callers: Pick<Callers, 'owner' | 'validator'>
  members: Pick<Members, 'find'>
  policies: UploadPolicies
  pace: Pick<Clock, 'now'>
  telemetry: Pick<Telemetry, 'event'>
}

/** A miner polls every 20 s there; and asks to submit no more than twice a minute what cannot be. */
const polls = { perSecond: 0.2, burst: 6 }
const failures = { perSecond: 2 / 60, burst: 10 }
const minuteMs = 60_000
const minSubmittersUsual = 5
/** Between two looks for submissions whose time is over. */
const forgetEveryMs = 6 * 3_600_000
const u16Max = 65_535

const described = (operationId: string, summary: string) => ({ operationId, summary, tags: ['On demand'] })
const open = { scope: 'open' as const }

/** `/on-demand/…` of the API of Data Universe, for clients, miners and validators. */
export function onDemandRoutes(app: Server, parts: OnDemandRouteParts): void {
  clientRoutes(app, parts)
  minerJobRoutes(app, parts)
  validatorJobRoutes(app, parts)
}

function clientRoutes(app: Server, parts: OnDemandRouteParts): void {
  const { jobs, pace, store, telemetry } = parts
  let forgottenAt = -Infinity
  const forget = (): void => {
    if (pace.now() - forgottenAt < forgetEveryMs) return
    forgottenAt = pace.now()
    forgetSubmissions(store, pace.now()).catch((error: unknown) => telemetry.event('on_demand.not_forgotten', { error: String(error) }))
  }

  const create = {
    ...described('createOnDemandJob', 'Ask miners for rows there and then'),
    body: wire.CreateJobRequest,
    response: { 201: wire.CreateJobResponse },
  }
  app.post('/on-demand/constellation/jobs', { schema: create, config: { scope: 'tasks' } }, async ({ body }, reply) => {
    forget()
    const { id } = await jobs.create(body.job)
    return reply.status(201).send({ job_id: id })
  })

  const read = { ...described('getOnDemandJob', 'A job, and what was submitted for it'), response: { 200: wire.JobResponse } }
  app.get('/on-demand/constellation/jobs/:id', { schema: read, config: { scope: 'tasks' } }, async (request) => {
    const { id } = request.params as { id: string }
    const found = await jobs.get(id)
    if (!found) throw new OrreryError('not_found', `There is no on-demand job "${id}" any more.`, { id })
    return { job: found.job, submissions: await onWire(parts, request, found.job, found.submissions) }
  })
}

function minerJobRoutes(app: Server, { jobs, callers, policies, pace }: OnDemandRouteParts): void {
  const polling = rateLimit({ ...polls, now: () => performance.now() })
  const failing = rateLimit({ ...failures, now: () => performance.now() })

  const active = { ...described('listActiveJobs', 'Jobs that run'), body: wire.ActiveJobsRequest, response: { 200: wire.ActiveJobsResponse } }
  app.post('/on-demand/miner/jobs/active', { schema: active, config: open }, async (request) => {
    const { hotkey } = await callers.owner(request)
    polling.take(hotkey)
    const since = request.body.since == null ? pace.now() - limits.sinceMsUsual : Date.parse(request.body.since)
    return { jobs: await jobs.active(Math.max(since, pace.now() - limits.sinceMsMax)) }
  })

  const submit = { ...described('submitJob', 'A form to submit the rows of a job by'), body: wire.SubmitRequest, response: { 200: wire.SubmitResponse } }
  app.post('/on-demand/miner/jobs/submit', { schema: submit, config: open }, async (request) => {
    const { hotkey } = await callers.owner(request)
    const { job_id: jobId } = request.body.submission
    request.audited.key = jobId
    const { job } = await jobs.promise(jobId, hotkey).catch((error: unknown) => {
      // Whoever asks in vain again and again is told to wait.
      failing.take(hotkey)
      throw error
    })
    const key = submissionKey(job, hotkey)
    const fields = await policies.sign({ hotkey, key, bytesMin: 1, bytesMax: limits.submissionBytesMax, expires: Date.parse(job.expire_at) })
    return { presigned_post_upload_data: { url: `${originOf(request)}/upload`, fields, method: 'POST' as const } }
  })
}

function validatorJobRoutes(app: Server, parts: OnDemandRouteParts): void {
  const { jobs, callers, pace } = parts
  const windowOf = (body: { expired_since?: string | null | undefined; expired_until?: string | null | undefined }, usualMs: number, mostMs: number) => {
    const now = pace.now()
    const until = body.expired_until == null ? now : Date.parse(body.expired_until)
    const since = body.expired_since == null ? until - usualMs : Date.parse(body.expired_since)
    if (since > until || until - since > mostMs || since > now + minuteMs)
      throw new OrreryError('invalid_argument', `expired_since and expired_until name no stretch of at most ${mostMs / 1000} s that has begun.`)
    return { since, until }
  }

  const expired = {
    ...described('listExpiredJobs', 'Jobs that expired, with all submissions'),
    body: wire.ExpiredJobsRequest,
    response: { 200: wire.ExpiredJobsResponse },
  }
  app.post('/on-demand/validator/jobs', { schema: expired, config: open }, async (request) => {
    await callers.validator(request)
    const window = windowOf(request.body, minuteMs, limits.windowMsMax)
    const found = await jobs.expired({ ...window, limit: request.body.limit ?? limits.expiredMax, afterId: request.body.after_id ?? undefined })
    const answered = []
    for (const { job, submissions } of found) answered.push({ job, submissions: await onWire(parts, request, job, submissions) })
    return { jobs_with_submissions: answered }
  })

  const ofMiner = {
    ...described('listMinerJobs', 'What one miner submitted for jobs that expired'),
    body: wire.MinerJobsRequest,
    response: { 200: wire.MinerJobsResponse },
  }
  app.post('/on-demand/validator/miner-jobs', { schema: ofMiner, config: open }, async (request) => {
    await callers.validator(request)
    const { miner_hotkey: hotkey, created_since: createdSince, limit } = request.body
    request.audited.key = hotkey
    const window = windowOf(request.body, 2 * limits.windowMsMax, limits.minerWindowMsMax)
    const found = await jobs.expired({ ...window, limit: limit ?? limits.minerJobsMax / 2, hotkey })
    const answered = []
    for (const { job, submissions } of found) {
      if (createdSince != null && job.created_at < createdSince) continue
      for (const submission of await onWire(parts, request, job, submissions)) answered.push({ job, submission })
    }
    return { jobs: answered }
  })

  const stats = { ...described('onDemandStats', 'How many jobs could be done, by platform'), body: wire.StatsRequest, response: { 200: wire.StatsResponse } }
  app.post('/on-demand/validator/jobs/stats', { schema: stats, config: open }, async (request) => {
    await callers.validator(request)
    const window = windowOf(request.body, 3 * limits.windowMsMax, limits.minerWindowMsMax)
    const found = await jobs.stats({ ...window, minSubmitters: request.body.min_submitters ?? minSubmittersUsual })
    return { platforms: Object.fromEntries(found.map(({ platform, ...counts }) => [platform, counts])) }
  })
}

async function onWire(
  parts: OnDemandRouteParts,
  request: FastifyRequest,
  job: OnDemandJob,
  submissions: readonly OnDemandSubmission[],
): Promise<wire.Submission[]> {
  const store = reachedStore(parts.store, request)
  const answered: wire.Submission[] = []
  for (const each of submissions) {
    const { hotkey, promisedAt, delivered } = await foundSubmission(parts, job, each)
    const key = submissionKey(job, hotkey)
    answered.push({
      job_id: job.id,
      miner_hotkey: hotkey,
      miner_incentive: ((await parts.members.find(hotkey))?.incentive ?? 0) / u16Max,
      s3_path: key,
      s3_presigned_url: delivered ? await store.signGet(key, limits.windowMsMax).then(({ url }) => url, unlessMissing) : null,
      s3_etag: delivered?.sha256 ?? null,
      s3_content_length: delivered?.bytes ?? null,
      s3_last_modified: delivered ? new Date(delivered.at).toISOString() : null,
      submitted_at: new Date(delivered?.at ?? promisedAt).toISOString(),
    })
  }
  return answered
}

function unlessMissing(error: unknown): null {
  if (error instanceof OrreryError && error.code === 'not_found') return null
  throw error
}
