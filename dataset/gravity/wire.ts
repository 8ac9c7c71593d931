import { z } from 'zod'
import { isStorable } from '#schemas/data-universe.ts'
import { gravity } from '#schemas/desirability-voices.ts'
import { Moment } from '#schemas/moment.ts'
import { moment, whole } from '#dataset/api/parameters.ts'

/**
 * The border of Data Universe's verbs (gravity.v1, sn13.v1): names and shapes are those of its protocol buffers as JSON. Requests may spell names with a `_` as
 * well, and what they say beside is ignored, as JSON of protocol buffers is read. What is empty is left out.
 */
const text = (charsMax: number) => z.string().min(1).max(charsMax).refine(isStorable, 'text without NUL or half a character')
const id = z.string().min(1).max(200)

/** Two levels are all there are. */
const request = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess((given) => camelled(given ?? {}, 3), z.object(shape))

function camelled(given: unknown, depth: number): unknown {
  if (depth === 0 || typeof given !== 'object' || given === null) return given
  if (Array.isArray(given)) return given.map((each) => camelled(each, depth - 1))
  const members = Object.entries(given).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(
    members.map(([name, value]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), camelled(value, depth - 1)]),
  )
}

const noNotifications = z
  .array(z.unknown())
  .max(0, 'nobody is written to from here: leave it out, and ask for the state')
  .optional()
  .describe('Must be empty: no mails are sent from here.')

const Topic = z.object({
  platform: z.string().max(20).default('web').describe('`web`'),
  topic: text(140).describe('A host or an address, whose pages are sought; a label that is sought already; or any label, with seeds.'),
  keyword: text(140).optional().describe('Title or text must hold it, whatever the case.'),
  postStartDatetime: Moment.optional(),
  postEndDatetime: Moment.optional(),
  maxRows: whole(1, 1_000_000_000).optional().describe('Ours: so many rows of one miner count.'),
  seeds: z.array(z.string().max(2048)).max(100).optional().describe('Ours: where the crawl begins; all pages of their hosts are taken.'),
})

export const CreateGravityTaskRequest = request({
  gravityTasks: z.array(Topic).min(1).max(10),
  name: text(200).optional(),
  notificationRequests: noNotifications,
})
export const GetGravityTasksRequest = request({ gravityTaskId: id.optional(), includeCrawlers: z.boolean().default(false) })
export const GravityTaskRequest = request({ gravityTaskId: id })
export const GetCrawlerRequest = request({ crawlerId: id })
export const DatasetRequest = request({ datasetId: id })

/** Protocol buffers spell 64 bits as a text. */
const rows = whole(1, 10_000_000).default(500)
export const BuildDatasetRequest = request({
  crawlerId: id,
  maxRows: rows,
  isPeriodic: z.literal(false, 'a dataset is built once: leave it out, and ask again').optional().describe('Must be false: ask again for what came since.'),
  notificationRequests: noNotifications,
})
export const BuildAllDatasetsRequest = request({
  gravityTaskId: id,
  buildCrawlersConfig: z
    .array(z.object({ crawlerId: id, maxRows: rows }))
    .max(10)
    .default([])
    .describe('Empty: all crawlers of the task, 500 rows of each.'),
})
export const ListTopicsRequest = request({ source: z.string().max(20).default('web') })
export const OnDemandDataRequest = request({
  source: z.string().max(20).default('WEB'),
  usernames: z.array(z.string()).max(10).default([]),
  keywords: z.array(text(100)).max(5).default([]),
  startDate: moment.optional(),
  endDate: moment.optional(),
  limit: whole(1, 1000).default(100),
  keywordMode: z.enum(['any', 'all']).default('any'),
  url: text(2048).optional(),
})

const time = z.iso.datetime()
const count = z.int().nonnegative()
const CrawlerState = z.strictObject({
  crawlerId: z.string(),
  criteria: z.strictObject({
    platform: z.literal('web'),
    topic: z.string(),
    keyword: z.string().nullable(),
    postStartDatetime: time.nullable(),
    postEndDatetime: time.nullable(),
  }),
  startTime: time,
  deregistrationTime: time.nullable(),
  state: z.strictObject({ status: z.string(), recordsCollected: count, bytesCollected: count }).describe('Of what the newest version of the dataset has.'),
  datasetWorkflows: z.array(z.string()),
})
const TaskState = z
  .strictObject({
    gravityTaskId: z.string(),
    name: z.string(),
    status: z.string().describe('Pending, Submitted, Running, Completed, Cancelled or Archived.'),
    startTime: time,
    crawlerIds: z.array(z.string()),
    crawlerWorkflows: z.array(CrawlerState).optional(),
  })
  .meta({ id: 'GravityTaskState' })
const Dataset = z
  .strictObject({
    crawlerWorkflowId: z.string(),
    createDate: time,
    expireDate: time.nullable(),
    files: z.array(
      z.strictObject({
        fileName: z.string(),
        fileSizeBytes: count,
        lastModified: time,
        numRows: count,
        s3Key: z.string(),
        url: z.string().nullable(),
        deletesUrl: z.string().nullable().describe('Ours: which rows of the file are not of the dataset, a deletion-vector-v1; null: all are.'),
      }),
    ),
    status: z.string().describe('Pending, Running, Completed, Cancelled or Failed.'),
    statusMessage: z.string(),
    steps: z.array(z.strictObject({ progress: z.number(), step: z.int(), stepName: z.string() })),
    totalSteps: z.int(),
  })
  .meta({ id: 'GravityDataset' })

export const CreateGravityTaskResponse = z
  .strictObject({ gravityTaskId: z.string() })
  .meta({ examples: [{ gravityTaskId: 'multicrawler-9f1c1f0e-8f6e-4c9b-9c1d-0f5f3a1b2c3d' }] })
export const GetGravityTasksResponse = z.strictObject({ gravityTaskStates: z.array(TaskState) })
export const GetCrawlerResponse = z.strictObject({ crawler: CrawlerState })
export const BuildDatasetResponse = z.strictObject({ datasetId: z.string(), dataset: Dataset })
export const BuildAllDatasetsResponse = z.strictObject({ gravityTaskId: z.string(), datasets: z.array(Dataset.extend({ datasetId: z.string() })) })
export const GetDatasetResponse = z.strictObject({ dataset: Dataset })
export const CancelResponse = z.strictObject({ message: z.literal('success') })
const Entry = z.strictObject({
  id: z.string(),
  platform: z.literal('web'),
  weight: z.number(),
  label: z.string().nullable(),
  keyword: z.string().nullable(),
  post_start_datetime: time.nullable(),
  post_end_datetime: time.nullable(),
  max_rows: z.int().nullable(),
  expires_at: time.nullable(),
  web: z
    .strictObject({ seeds: z.array(z.string()).max(100), include: z.array(z.string()), exclude: z.array(z.string()) })
    .describe('Ours: where it is found; of many seeds the first hundred.'),
})
export const LatestListQuery = z.strictObject({ at: moment.optional().describe('Ours: the list that was in force then; absent: now.') })
export const LatestListResponse = z
  .strictObject({ version: z.string(), generated_at: time.describe('In force since then.'), entries: z.array(Entry) })
  .meta({ id: 'DynamicDesirabilityList' })
/** Each job is held against its rules where the list is taken: in turns, and with its place. */
export const SetListRequest = z
  .array(z.unknown())
  .min(1)
  .max(gravity.votesMax)
  .describe('`[{id, weight, params, web?, max_rows?, expires_at?}]`: weights in (0, 1], together at most 1; without `web` a job that others list.')
export const SetListResponse = z
  .strictObject({
    hotkey: z.string().describe('Of the validator of this service.'),
    list: z.string().describe('Content address of the signed list, as it is committed.'),
    block: count.describe('It is committed in.'),
    jobs: count,
    counts: z.boolean().describe('Whether the hotkey has a permit: only then it has a vote.'),
  })
  .meta({ id: 'CommittedDesirabilityList' })

export const ListTopicsResponse = z.strictObject({
  details: z.array(z.strictObject({ labelValue: z.string(), contentSizeBytes: count, adjContentSizeBytes: count })),
})
export const OnDemandDataResponse = z.strictObject({
  status: z.literal('success'),
  data: z.array(
    z.strictObject({
      uri: z.string(),
      datetime: time,
      source: z.string(),
      label: z.string(),
      title: z.string(),
      host: z.string(),
      lang: z.string(),
      author: z.string().nullable(),
      content: z.string(),
      content_size_bytes: count,
    }),
  ),
  meta: z.strictObject({
    dataset: z.string(),
    version: z.int(),
    items_returned: count,
    items_found: count,
    is_partial: z.boolean(),
    on_demand: z
      .strictObject({ job_id: z.string().nullable(), submissions: count, reason: z.string().nullable() })
      .describe(
        'Ours: the on-demand job that miners were asked with, as the corpus had nothing, whose answer no validator has judged yet; `reason`: why there is none, or no answer.',
      ),
  }),
})
