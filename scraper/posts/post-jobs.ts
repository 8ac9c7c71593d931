import { z } from 'zod'
import { DataLabel } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { parsedJson } from '#schemas/parsed-json.ts'
import type { PostJob } from './post.ts'

const moment = z.iso
  .datetime({ offset: true, local: true })
  .nullish()
  .transform((text) => (text === null || text === undefined ? null : Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`)))
const lower = DataLabel.or(z.string().min(1).max(140)).nullish()

/** A job of the list of Data Universe, as its `total.json` has it. */
const ListedJob = z.object({
  /** Becomes a part of keys. */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/),
  params: z.object({
    platform: z
      .string()
      .toLowerCase()
      .transform((name) => (name === 'twitter' ? 'x' : name))
      .pipe(z.enum(['reddit', 'x'])),
    label: lower,
    keyword: lower,
    post_start_datetime: moment,
    post_end_datetime: moment,
  }),
})

const jobsMax = 10_000

/**
 * Reads a list of jobs; one that is none, or asks for nothing, is passed over, and so is one of a platform that is not known here.
 * @throws OrreryError `invalid_argument` for what is no list
 */
export function readPostJobs(text: string, path: string): { jobs: PostJob[]; skipped: number } {
  const list = parsedJson(text)
  if (!Array.isArray(list))
    throw new OrreryError('invalid_argument', `${path} is no list of jobs; it is a JSON array of { "id", "params": { "platform", "label", "keyword" } }.`, {
      path,
    })
  const jobs = new Map<string, PostJob>()
  for (const each of list.slice(0, jobsMax)) {
    const job = ListedJob.safeParse(each).data
    if (!job) continue
    const { platform, label, keyword, post_start_datetime, post_end_datetime } = job.params
    const wanted = { platform, label: label?.toLowerCase() ?? null, keyword: keyword?.toLowerCase() ?? null }
    if (wanted.label === null && wanted.keyword === null) continue
    if (wanted.platform === 'reddit' && wanted.label !== null && !wanted.label.startsWith('r/')) wanted.label = `r/${wanted.label}`
    jobs.set(job.id, { id: job.id, ...wanted, startMs: post_start_datetime, endMs: post_end_datetime })
  }
  return { jobs: [...jobs.values()], skipped: list.length - jobs.size }
}
