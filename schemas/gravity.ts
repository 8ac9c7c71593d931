import { z } from 'zod'
import { DesirabilityJob } from './desirability.ts'

/** Names and states are Data Universe's (Gravity): a task seeks topics, one crawler each; datasets are built of what its crawlers bring. */
const Timestamp = z.iso.datetime()

const GravityCrawler = z.strictObject({
  id: z.string(),
  /** As it was asked for. */
  topic: z.string(),
  keyword: z.string().nullable(),
  /** Whose pages it counts. */
  job_id: z.string(),
  /** What the task adds to the desirability list while it runs; null: it counts those of a job that is listed anyway. */
  job: DesirabilityJob.nullable(),
})

const GravityBuild = z.strictObject({
  /** Name of the dataset. */
  id: z.string(),
  crawler_id: z.string(),
  max_rows: z.int().positive(),
  asked_at: Timestamp,
  status: z.enum(['Pending', 'Running', 'Completed', 'Cancelled', 'Failed']),
  /** Why it failed. */
  message: z.string(),
})
export type GravityBuild = z.infer<typeof GravityBuild>

export const GravityTask = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Id of the API key that made it; null: who needs none. */
  owner: z.string().nullable(),
  started_at: Timestamp,
  ends_at: Timestamp,
  cancelled_at: Timestamp.nullable(),
  crawlers: z.array(GravityCrawler).min(1),
  builds: z.array(GravityBuild),
})
export type GravityTask = z.infer<typeof GravityTask>

export const GravityManifest = z.strictObject({
  kind: z.literal('gravity'),
  parent: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Oldest first. */
  tasks: z.array(GravityTask),
})
export type GravityManifest = z.infer<typeof GravityManifest>

/** Whether its crawlers are at work. @param now ms since epoch */
export const isAtWork = ({ cancelled_at, ends_at }: GravityTask, now: number): boolean => cancelled_at === null && now < Date.parse(ends_at)

/** What tasks add to the desirability list now, in the order they were made. */
export const jobsAtWork = (tasks: readonly GravityTask[], now: number): DesirabilityJob[] =>
  tasks.filter((task) => isAtWork(task, now)).flatMap(({ crawlers }) => crawlers.flatMap(({ job }) => job ?? []))

/** The list with the jobs of tasks as they are now: those of the past go, those at work stand behind all others and keep the weight the loss gave them. */
export function withTasks(list: readonly DesirabilityJob[], tasks: readonly GravityTask[], now: number): DesirabilityJob[] {
  const own = new Set(tasks.flatMap(({ crawlers }) => crawlers.flatMap(({ job }) => job?.id ?? [])))
  const known = new Map(list.map((job) => [job.id, job]))
  return [...list.filter(({ id }) => !own.has(id)), ...jobsAtWork(tasks, now).map((job) => known.get(job.id) ?? job)]
}
