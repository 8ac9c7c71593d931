import { z } from 'zod'
import { isStorable } from './data-universe.ts'
import { Moment } from './moment.ts'

/**
 * On-demand jobs of Data Universe: a client asks for rows there and then, miners scrape and submit them before the job expires, validators judge what was
 * submitted. Names, shapes and limits are those of its API (macrocosm-os/data-universe-api, contracts and models); `platform: "web"` is ours.
 */
export const onDemandLimits = {
  lifeMsMin: 30_000,
  lifeMsUsual: 120_000,
  lifeMsMax: 86_400_000,
  /** Nothing is promised any more in the last seconds of a job. */
  promiseMsLast: 5_000,
  /** A miner looks back so far where it does not say, and no farther than that. */
  sinceMsUsual: 120_000,
  sinceMsMax: 600_000,
  /** Jobs of one answer. */
  activeMax: 1_000,
  expiredMax: 10,
  minerJobsMax: 1_000,
  /** Longest stretch that validators ask about. */
  windowMsMax: 3_600_000,
  minerWindowMsMax: 24 * 3_600_000,
  rowsMax: 1_000,
  /** Of what one miner submits for one job (FIFTEEN_MB_BYTES there). */
  submissionBytesMax: 15_000_000,
  /** Jobs that run at the same time, and that are kept, expired or not. */
  runningMax: 10_000,
  keptMax: 20_000,
  keptMs: 2 * 86_400_000,
} as const

const text = (charsMax: number) => z.string().min(1).max(charsMax).refine(isStorable, 'text without NUL or half a character')
const words = z
  .array(text(140).refine((word) => word.trim() !== '', 'a word, not spaces'))
  .max(10)
  .nullish()
  .transform((given) => given ?? [])
const moment = Moment.nullish().transform((given) => given ?? null)
const address = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .nullish()
  .transform((given) => given ?? null)

const usernames = words.transform((names) => names.map((name) => name.replace(/^@+/, '')))
const Payload = z
  .discriminatedUnion('platform', [
    z.object({ platform: z.literal('web'), usernames: words, keywords: words, url: address }),
    z.object({ platform: z.literal('x'), usernames, keywords: words, url: address }),
    z.object({
      platform: z.literal('reddit'),
      usernames,
      keywords: words,
      subreddit: text(140)
        .regex(/^r\//, 'a subreddit begins with "r/"')
        .nullish()
        .transform((given) => given ?? null),
      url: address,
    }),
  ])
  .refine((payload) => asksFor(payload), 'it asks for nothing: say keywords, usernames, a subreddit or a url')
  .refine(({ platform, usernames: names }) => platform !== 'web' || names.length === 0, 'nothing is found by usernames on the web; leave them out')

const asksFor = (payload: { usernames: string[]; keywords: string[]; url: string | null; subreddit?: string | null }): boolean =>
  payload.usernames.length + payload.keywords.length > 0 || payload.url !== null || (payload.subreddit ?? null) !== null

/** What a client sends; an id and `created_at` are given to it, whatever it says. What else it says is ignored. */
export const OnDemandWish = z
  .object({
    expire_at: moment,
    job: Payload,
    start_date: moment,
    end_date: moment,
    limit: z
      .int()
      .min(1)
      .max(onDemandLimits.rowsMax)
      .nullish()
      .transform((given) => given ?? 100),
    keyword_mode: z
      .enum(['any', 'all'])
      .nullish()
      .transform((given) => given ?? ('any' as const)),
  })
  .refine(({ start_date: from, end_date: to }) => from === null || to === null || from <= to, 'end_date is before start_date')
export type OnDemandWish = z.infer<typeof OnDemandWish>

const names = z.array(z.string())
const Asked = z.discriminatedUnion('platform', [
  z.object({ platform: z.literal('web'), usernames: names, keywords: names, url: z.string().nullable() }),
  z.object({ platform: z.literal('x'), usernames: names, keywords: names, url: z.string().nullable() }),
  z.object({ platform: z.literal('reddit'), usernames: names, keywords: names, subreddit: z.string().nullable(), url: z.string().nullable() }),
])

export const OnDemandJob = z
  .object({
    id: z.uuid(),
    created_at: z.iso.datetime(),
    expire_at: z.iso.datetime(),
    job: Asked,
    start_date: z.iso.datetime().nullable(),
    end_date: z.iso.datetime().nullable(),
    limit: z.int().min(1).max(onDemandLimits.rowsMax),
    keyword_mode: z.enum(['any', 'all']),
  })
  .meta({ id: 'OnDemandJob' })
/** Times are ISO 8601 in UTC. */
export type OnDemandJob = z.infer<typeof OnDemandJob>
export type OnDemandPlatform = OnDemandJob['job']['platform']

/** What a miner promised for a job, and what of it came. Times are ms since epoch. */
export interface OnDemandSubmission {
  jobId: string
  /** SS58. */
  hotkey: string
  promisedAt: number
  /** What came, and when the whole of it was here; null: nothing yet. */
  delivered: { bytes: number; sha256: string; at: number } | null
}

export interface JobWithSubmissions {
  job: OnDemandJob
  submissions: OnDemandSubmission[]
}

/** Times are ms since epoch. */
export interface ExpiredWish {
  since: number
  until: number
  limit: number
  afterId?: string | undefined
  hotkey?: string | undefined
}

/** Of the jobs of one platform that expired in a stretch of time: all, and those that enough miners delivered something for. */
export interface PlatformStats {
  platform: OnDemandPlatform
  total_jobs: number
  doable_jobs: number
}

/**
 * Jobs and what was submitted for them, shared by processes. Acknowledged means durable (kill -9). At most `keptMax` jobs are kept, none for longer than
 * `keptMs`, each with one submission of each hotkey.
 */
export interface OnDemandJobs {
  /** Expires after two minutes where the wish does not say, and no sooner than after 30 s. @throws OrreryError `rate_limited` while `runningMax` run */
  create(wish: OnDemandWish): Promise<OnDemandJob>
  get(id: string): Promise<JobWithSubmissions | undefined>
  /** Those that were created since (ms since epoch) and have not expired, oldest first, `activeMax` of them. */
  active(since: number): Promise<OnDemandJob[]>
  /**
   * A hotkey says that it will deliver; it may say so again until it has. @throws OrreryError `not_found`, `already_exists` when it has delivered,
   * `precondition_failed` when the job ends, or ended
   */
  promise(jobId: string, hotkey: string): Promise<{ submission: OnDemandSubmission; job: OnDemandJob }>
  /**
   * The whole of it is in the store. What was delivered stays as it is. What was found in the store later counts as come at the end of the job.
   * @throws OrreryError `not_found` for what was never promised
   */
  deliver(jobId: string, hotkey: string, content: { bytes: number; sha256: string }): Promise<OnDemandSubmission>
  /**
   * Jobs that expired in [since, until), oldest first, of the same moment by id; with `afterId` those of the moment `since` that come behind it. With `hotkey` those that
   * it promised something for, and its submissions alone.
   */
  expired(wish: ExpiredWish): Promise<JobWithSubmissions[]>
  /** By platform. @param minSubmitters that delivered something for a job that counts as doable */
  stats(wish: { since: number; until: number; minSubmitters: number }): Promise<PlatformStats[]>
}

/** Where a submission lies: `on-demand-jobs/date={YYYY-MM-DD}/hour={HH}/job_id={id}/{ss58}.json`, by the creation of its job. */
export const submissionKey = ({ id, created_at }: Pick<OnDemandJob, 'id' | 'created_at'>, hotkey: string): string =>
  `${onDemandFolder}date=${created_at.slice(0, 10)}/hour=${created_at.slice(11, 13)}/job_id=${id}/${hotkey}.json`
export const onDemandFolder = 'on-demand-jobs/'
