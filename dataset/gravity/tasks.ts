import { randomBytes, randomUUID } from 'node:crypto'
import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { ownJobs } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isAtWork, type GravityBuild, type GravityTask } from '#schemas/gravity.ts'
import { lineage } from '#schemas/lineage.ts'
import { crawlerOf, type TopicWish } from './crawler.ts'
import { takersOf } from './takers.ts'
import { changeTasks, listJobs, taskBytes, tasksOf } from './task-line.ts'

export interface GravityParts {
  catalog: Catalog
  clock: Clock
  /** miner.contact is set. */
  hasContact: boolean
}

/** As long as tasks live in Data Universe. */
const lifeMs = 7 * 86_400_000
const atWorkMax = 100
/** Of them, those of one key. */
const ownAtWorkMax = 20
/** As JSON: a hundred of them fit among all tasks. */
const taskBytesMax = 32 * 2 ** 10
const buildsMax = 100

export interface NewTask {
  name?: string | undefined
  /** Who asks: id of their API key. */
  owner: string | null
  topics: readonly TopicWish[]
}

/** A task and what miners are to seek for it, durable when it resolves. @throws OrreryError `invalid_argument`, `rate_limited` (100 are at work, or 20 of this key) */
export async function createTask({ catalog, clock, hasContact }: GravityParts, { name, owner, topics }: NewTask): Promise<GravityTask> {
  const id = `multicrawler-${randomUUID()}`
  const now = clock.now()
  // What is over holds no place, and no page.
  await listJobs(catalog, now)
  const list = (await catalog.head(lineage.desirability))?.manifest
  const listed = list?.jobs ?? []
  // What only validators want takes no page before a task does.
  const takerOf = takersOf(list ? ownJobs(list) : [])
  const endsAt = new Date(now + lifeMs).toISOString()
  const task: GravityTask = {
    id,
    name: name ?? `task of ${new Date(now).toISOString().slice(0, 10)}`,
    owner,
    started_at: new Date(now).toISOString(),
    ends_at: endsAt,
    cancelled_at: null,
    crawlers: topics.map((topic, at) => crawlerOf(`crawler-${at}-${id}`, topic, { listed, takerOf, hasContact, endsAt })),
    builds: [],
  }
  if (taskBytes(task) > taskBytesMax)
    throw new OrreryError('invalid_argument', `A task has at most ${taskBytesMax} bytes, seeds above all; make several, or name fewer seeds.`, { taskBytesMax })
  await changeTasks(catalog, now, (tasks) => {
    const atWork = tasks.filter((each) => isAtWork(each, now))
    const own = atWork.filter((each) => owner !== null && each.owner === owner)
    const full = own.length >= ownAtWorkMax ? `${ownAtWorkMax} tasks of this key` : atWork.length >= atWorkMax ? `${atWorkMax} tasks` : undefined
    if (full !== undefined)
      throw new OrreryError('rate_limited', `${full} are at work already; cancel one, or come again when one has ended.`, { retry_after_seconds: 3600 })
    return [...tasks, task]
  })
  await listJobs(catalog, now)
  return task
}

/** Those that somebody may see, oldest first: their own; whoever needs no key sees all. */
export async function visibleTasks({ catalog }: Pick<GravityParts, 'catalog'>, owner: string | null): Promise<readonly GravityTask[]> {
  const tasks = await tasksOf(catalog)
  return owner === null ? tasks : tasks.filter((task) => task.owner === owner)
}

type Found<Part> = Part & { task: GravityTask }

/** @throws OrreryError `not_found` */
export async function requireTask(parts: Pick<GravityParts, 'catalog'>, owner: string | null, id: string): Promise<GravityTask> {
  const task = (await visibleTasks(parts, owner)).find((each) => each.id === id)
  if (task) return task
  throw new OrreryError('not_found', `There is no task "${id.slice(0, 100)}", or no longer; GetGravityTasks lists those there are.`)
}

/** @throws OrreryError `not_found` */
export async function requireCrawler(
  parts: Pick<GravityParts, 'catalog'>,
  owner: string | null,
  id: string,
): Promise<Found<{ crawler: GravityTask['crawlers'][number] }>> {
  for (const task of await visibleTasks(parts, owner)) {
    const crawler = task.crawlers.find((each) => each.id === id)
    if (crawler) return { task, crawler }
  }
  throw new OrreryError('not_found', `There is no crawler "${id.slice(0, 100)}", or no longer; GetGravityTasks lists those there are.`)
}

/** @throws OrreryError `not_found` */
export async function requireBuild(parts: Pick<GravityParts, 'catalog'>, owner: string | null, id: string): Promise<Found<{ build: GravityBuild }>> {
  for (const task of await visibleTasks(parts, owner)) {
    const build = task.builds.find((each) => each.id === id)
    if (build) return { task, build }
  }
  throw new OrreryError('not_found', `There is no dataset "${id.slice(0, 100)}" of a task, or no longer.`)
}

/** Ends a task, and what miners seek for it; doing it again is no error. @throws OrreryError `not_found` */
export async function cancelTask({ catalog, clock }: GravityParts, owner: string | null, id: string): Promise<void> {
  await requireTask({ catalog }, owner, id)
  const cancelledAt = new Date(clock.now()).toISOString()
  await changeTasks(catalog, clock.now(), (tasks) => tasks.map((task) => (task.id === id ? { ...task, cancelled_at: task.cancelled_at ?? cancelledAt } : task)))
  await listJobs(catalog, clock.now())
}

/** Asks for datasets of what crawlers brought until it is built. @throws OrreryError `not_found`, `rate_limited` (100 datasets of a task) */
export async function askBuilds(
  { catalog, clock }: GravityParts,
  owner: string | null,
  wishes: readonly { crawlerId: string; maxRows: number }[],
): Promise<GravityBuild[]> {
  const asked_at = new Date(clock.now()).toISOString()
  const builds: GravityBuild[] = []
  for (const { crawlerId, maxRows } of wishes) {
    const { crawler } = await requireCrawler({ catalog }, owner, crawlerId)
    builds.push({ id: `gravity-${randomBytes(8).toString('hex')}`, crawler_id: crawler.id, max_rows: maxRows, asked_at, status: 'Pending', message: '' })
  }
  await changeTasks(catalog, clock.now(), (tasks) =>
    tasks.map((task) => {
      const own = builds.filter(({ crawler_id }) => task.crawlers.some(({ id }) => id === crawler_id))
      if (task.builds.length + own.length > buildsMax)
        throw new OrreryError('rate_limited', `${buildsMax} datasets were built for this task already; make another task.`, { retry_after_seconds: 3600 })
      return own.length === 0 ? task : { ...task, builds: [...task.builds, ...own] }
    }),
  )
  return builds
}

/** Changes what is said of one build, where `may` allows it. */
export async function changeBuild(
  { catalog, clock }: Pick<GravityParts, 'catalog' | 'clock'>,
  id: string,
  change: Partial<Pick<GravityBuild, 'status' | 'message'>>,
  may: (build: GravityBuild) => boolean,
): Promise<void> {
  await changeTasks(catalog, clock.now(), (tasks) =>
    tasks.map((task) => ({ ...task, builds: task.builds.map((build) => (build.id === id && may(build) ? { ...build, ...change } : build)) })),
  )
}
