import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { onDemandFolder, onDemandLimits as limits, submissionKey, type OnDemandJob, type OnDemandJobs, type OnDemandSubmission } from '#schemas/on-demand.ts'

/** What was promised, and is in the store though nobody was told: who took it in died before it was written down. */
export async function foundSubmission(
  { store, jobs }: { store: Pick<ObjectStore, 'head' | 'get'>; jobs: Pick<OnDemandJobs, 'deliver'> },
  job: OnDemandJob,
  submission: OnDemandSubmission,
): Promise<OnDemandSubmission> {
  if (submission.delivered) return submission
  const key = submissionKey(job, submission.hotkey)
  const found = await store.head(key)
  if (!found) return submission
  const bytes = await store.get(key, { start: 0, end: limits.submissionBytesMax })
  return jobs.deliver(job.id, submission.hotkey, { bytes: bytes.length, sha256: sha256Hex(bytes) })
}

const dayMs = 86_400_000
const deletedAtOnce = 10_000

/** Deletes submissions of days whose jobs are kept no longer, oldest first, so many at once. */
export async function forgetSubmissions(store: Pick<ObjectStore, 'list' | 'delete'>, now: number): Promise<number> {
  const until = `${onDemandFolder}date=${new Date(now - limits.keptMs - dayMs).toISOString().slice(0, 10)}/`
  let deleted = 0
  for await (const { key } of store.list(onDemandFolder)) {
    if (key >= until || deleted === deletedAtOnce) break
    await store.delete(key)
    deleted++
  }
  return deleted
}
