import { z } from 'zod'
import { contentAddress } from './canonical-json.ts'
import { DataLabel, isStorable } from './data-universe.ts'
import { QualityChoice } from './quality.ts'
import { RequestHeaders } from './request-headers.ts'

const JobParams = z.strictObject({
  keyword: z.string().min(1).max(140).refine(isStorable, 'a keyword is text without NUL or half a character').nullable(),
  platform: z.literal('web'),
  label: DataLabel.nullable(),
  post_start_datetime: z.iso.datetime().nullable(),
  post_end_datetime: z.iso.datetime().nullable(),
})

const Patterns = z.array(z.string().min(1).max(2048)).max(1000)

/** Where a web job is found. Ours, beside the Data Universe fields: a web label is not a place by itself. */
const WebScope = z.strictObject({
  seeds: z.array(z.url()).max(100_000),
  /** URLPattern strings; a page belongs to the job when one matches. A URL belongs to the first job of the list that takes it. */
  include: Patterns.min(1),
  /** URLPattern strings of what it does not take all the same. */
  exclude: Patterns.optional(),
  /** Links followed away from a seed, or from what a sitemap or feed lists. */
  depth_max: z.int().nonnegative().optional(),
  /** Most visits of its pages by one miner, over all cycles. */
  pages_max: z.int().positive().optional(),
  /** Part of the job, so that a validator is answered as a miner was. Names in lower case. */
  headers: RequestHeaders.optional(),
  /** What is asked of the texts. Part of the job, so that a validator makes of a page what a miner does. */
  quality: QualityChoice.optional(),
})

/** `{id, weight, params}` as Data Universe has it, plus `web`. Weight 1.0 is the floor of a listed job there, 5.0 its cap. */
export const DesirabilityJob = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,79}$/),
  weight: z.number().positive().max(5),
  params: JobParams,
  web: WebScope,
  /** Rows of one miner that count, as Data Universe's API has it; absent: all. */
  max_rows: z.int().positive().optional(),
  /** When it leaves the list by itself; absent: never. */
  expires_at: z.iso.datetime().optional(),
})
export type DesirabilityJob = z.infer<typeof DesirabilityJob>

type JobScope = Pick<DesirabilityJob['web'], 'include' | 'exclude' | 'quality'>

/**
 * What makes two jobs one: (keyword, platform, label, start, end) as in Data Universe, and for the web which pages are taken and what is asked of their texts;
 * not its weight, nor where the crawl begins.
 */
export const jobIdentity = ({ params, web: { include, exclude, quality } }: { params: DesirabilityJob['params']; web: JobScope }): string =>
  contentAddress({ params, include, exclude, quality })

/** Follows from the identity. A job that is listed already keeps the id it has: formerly ids followed from `params` alone. */
export function jobId(params: DesirabilityJob['params'], web: JobScope): string {
  const slug =
    (params.label ?? params.keyword ?? 'web')
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 60) || 'web'
  return `${slug}-${jobIdentity({ params, web }).slice(0, 12)}`
}

/** Why a weight moved: what the loss said of one label in one epoch. Losses in nats per token. */
export const LossEvidence = z.strictObject({
  label: DataLabel,
  batches: z.int().nonnegative(),
  /** Operators whose nodes were heard. */
  nodes: z.int().nonnegative(),
  /** Medians of its first and last window of the epoch. */
  loss_before: z.number().nonnegative().nullable(),
  loss_after: z.number().nonnegative().nullable(),
  /** Learning progress: nats by which the loss falls with a million more tokens of the label; formerly loss_before − loss_after. */
  progress: z.number().nullable(),
  /** Between these with a confidence of 90 %. */
  progress_low: z.number().optional(),
  progress_high: z.number().optional(),
  /** A stable code: what was done with the weight and why (trainer-bridge/steer/judge.ts). */
  verdict: z.string(),
})
export type LossEvidence = z.infer<typeof LossEvidence>
