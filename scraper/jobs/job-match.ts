import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { compileJobs, labelOf } from './jobs.ts'

type Judged = Pick<Document, 'uri' | 'label' | 'title' | 'text' | 'datetime'>

/** Why a document does not belong to the job it stands in; undefined when it does. */
export type JobMatch = (document: Judged, jobId: string) => 'unlisted_job' | 'label' | 'place' | 'keyword' | 'dates' | undefined

/**
 * Compiles a desirability list. A document belongs to a job when its label is the job's, the job is the first of the list with an include pattern
 * that takes its uri, its title or text holds the keyword (any case), and its datetime lies in the job's dates (both ends included).
 */
export function jobMatcher(list: readonly DesirabilityJob[]): JobMatch {
  const jobs = compileJobs(list)
  const byId = new Map(list.map((job) => [job.id, job]))
  return (document, jobId) => {
    const job = byId.get(jobId)
    if (!job) return 'unlisted_job'
    if (labelOf(job) !== document.label) return 'label'
    if (jobs.of(document.uri)?.id !== jobId) return 'place'
    return termsRefusal(job.params, document)
  }
}

function termsRefusal(
  { keyword, post_start_datetime: start, post_end_datetime: end }: DesirabilityJob['params'],
  document: Judged,
): 'keyword' | 'dates' | undefined {
  if (keyword !== null && !`${document.title}\n${document.text}`.toLowerCase().includes(keyword.toLowerCase())) return 'keyword'
  const at = document.datetime.getTime()
  if (start !== null && at < Date.parse(start)) return 'dates'
  if (end !== null && at > Date.parse(end)) return 'dates'
  return undefined
}
