import { z } from 'zod'
import { Moment } from '#schemas/moment.ts'
import { OnDemandJob, onDemandLimits as limits, OnDemandWish } from '#schemas/on-demand.ts'

/** Requests and answers under `/on-demand`, as the API of Data Universe has them (contracts/on_demand.py there); what a request says beside is ignored. */
export const CreateJobRequest = z.object({ job: OnDemandWish })
export const CreateJobResponse = z.object({ job_id: z.string() })
export const ActiveJobsRequest = z.object({ since: Moment.nullish() })
export const ActiveJobsResponse = z.object({ jobs: z.array(OnDemandJob) })
export const SubmitRequest = z.object({ submission: z.object({ job_id: z.uuid() }) })
export const SubmitResponse = z.object({
  presigned_post_upload_data: z.object({
    url: z.string(),
    fields: z.object({ key: z.string(), policy: z.string(), signature: z.string() }),
    method: z.literal('POST'),
  }),
})

/** `s3_content_length` is null until something was delivered. */
export const Submission = z.object({
  job_id: z.string(),
  miner_hotkey: z.string(),
  miner_incentive: z.number(),
  s3_path: z.string(),
  s3_presigned_url: z.string().nullable(),
  s3_etag: z.string().nullable(),
  s3_content_length: z.int().nullable(),
  s3_last_modified: z.iso.datetime().nullable(),
  submitted_at: z.iso.datetime().describe('When the whole of it was here; until then, when it was promised.'),
})
export type Submission = z.infer<typeof Submission>
export const JobResponse = z.object({ job: OnDemandJob, submissions: z.array(Submission) })

const window = { expired_since: Moment.nullish(), expired_until: Moment.nullish() }
export const ExpiredJobsRequest = z.object({
  ...window,
  limit: z.int().min(1).max(limits.expiredMax).nullish(),
  after_id: z.uuid().nullish().describe('Ours: of the jobs that expired at the very expired_since, those behind this one.'),
})
export const ExpiredJobsResponse = z.object({ jobs_with_submissions: z.array(JobResponse) })
export const MinerJobsRequest = z.object({
  ...window,
  miner_hotkey: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{40,60}$/, 'no SS58 address'),
  created_since: Moment.nullish(),
  limit: z.int().min(1).max(limits.minerJobsMax).nullish(),
})
export const MinerJobsResponse = z.object({ jobs: z.array(z.object({ job: OnDemandJob, submission: Submission })) })
export const StatsRequest = z.object({ ...window, min_submitters: z.int().min(1).max(1024).nullish() })
const Counts = z.object({ total_jobs: z.int(), doable_jobs: z.int() }).optional()
export const StatsResponse = z.object({ platforms: z.object({ web: Counts, x: Counts, reddit: Counts }) })
