import type { AccessClient } from '#infra/store/access/client.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { onDemandLimits as limits, type ExpiredWish, type OnDemandJob, type OnDemandPlatform, type PlatformStats } from '#schemas/on-demand.ts'
import * as wire from './wire.ts'

export type { Submission } from './wire.ts'

/** Jobs that expired, with what was submitted for them. */
export type ExpiredJob = { job: OnDemandJob; submissions: wire.Submission[] }

/** On-demand jobs as a miner and a validator have them of a store access service. Each call @throws OrreryError as the service refuses it, `store_unavailable` */
export interface OnDemandBoard {
  /** Jobs that run and were created since (ms since epoch), oldest first. */
  active(since: number, signal: AbortSignal): Promise<OnDemandJob[]>
  /** Promises rows for a job and delivers them; doing it again with the same bytes is no error. @throws `precondition_failed` when it is too late, `already_exists` */
  submit(jobId: string, rows: Uint8Array, signal: AbortSignal): Promise<void>
  /** Jobs that expired in [since, until), an hour at most, oldest first, ten of them; with `afterId` behind that one of the moment `since`. */
  expired(wish: Pick<ExpiredWish, 'since' | 'until' | 'afterId'>, signal: AbortSignal): Promise<ExpiredJob[]>
  /** Of jobs that expired in [since, until). */
  stats(since: number, until: number, signal: AbortSignal): Promise<PlatformStats[]>
  /** What was delivered; undefined: it is there no more. */
  read(submission: wire.Submission, signal: AbortSignal): Promise<Uint8Array | undefined>
}

const iso = (ms: number): string => new Date(ms).toISOString()

export function onDemandBoard(client: AccessClient): OnDemandBoard {
  return {
    async active(since, signal) {
      return (await client.ask('/on-demand/miner/jobs/active', { since: iso(since) }, wire.ActiveJobsResponse, signal)).jobs
    },
    async submit(jobId, rows, signal) {
      const answer = await client.ask('/on-demand/miner/jobs/submit', { submission: { job_id: jobId } }, wire.SubmitResponse, signal)
      await client.upload(answer.presigned_post_upload_data, new Blob([new Uint8Array(rows)]), sha256Hex(rows), signal)
    },
    async expired({ since, until, afterId }, signal) {
      const wish = { expired_since: iso(since), expired_until: iso(until), limit: limits.expiredMax, after_id: afterId ?? null }
      return (await client.ask('/on-demand/validator/jobs', wish, wire.ExpiredJobsResponse, signal)).jobs_with_submissions
    },
    async stats(since, until, signal) {
      const wish = { expired_since: iso(since), expired_until: iso(until) }
      const { platforms } = await client.ask('/on-demand/validator/jobs/stats', wish, wire.StatsResponse, signal)
      return Object.entries(platforms).flatMap(([platform, counts]) => (counts ? [{ platform: platform as OnDemandPlatform, ...counts }] : []))
    },
    async read({ s3_presigned_url: url }, signal) {
      return url === null ? undefined : client.download(url, { bytesMax: limits.submissionBytesMax, signal })
    },
  }
}
