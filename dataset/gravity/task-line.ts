import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { listInForce, noVotes, ownJobs, votesOf } from '#schemas/desirability-voices.ts'
import { isAtWork, withTasks, type GravityBuild, type GravityTask } from '#schemas/gravity.ts'
import { lineage } from '#schemas/lineage.ts'

/** Of all tasks together, as JSON; what ended is forgotten after a time, or where there is no more room. */
const tasksBytesMax = 4 * 2 ** 20
const archivedMs = 30 * 86_400_000

export const tasksOf = async (catalog: Catalog): Promise<readonly GravityTask[]> => (await catalog.head(lineage.gravity))?.manifest.tasks ?? []

/**
 * Changes the tasks, durably, whoever else does at the same time.
 * @param change the tasks as they shall be, made of those there are; it may be called again
 * @throws OrreryError `rate_limited` when those that are not over take too much
 */
export function changeTasks(catalog: Catalog, now: number, change: (tasks: readonly GravityTask[]) => readonly GravityTask[]): Promise<void> {
  return untilCommitted(async () => {
    const head = await catalog.head(lineage.gravity)
    const known = head?.manifest.tasks ?? []
    const tasks = fitting(change(known.filter(({ ends_at }) => Date.parse(ends_at) + archivedMs > now)), now)
    if (isDeepStrictEqual(tasks, known)) return
    await catalog.commit(lineage.gravity, head?.sha256, { kind: 'gravity', parent: head?.sha256 ?? null, tasks })
  })
}

/** Without the oldest that are over, as many as it takes. */
function fitting(tasks: readonly GravityTask[], now: number): GravityTask[] {
  let excess = tasks.reduce((bytes, task) => bytes + taskBytes(task), 0) - tasksBytesMax
  const kept = tasks.filter((task) => {
    if (excess <= 0 || isAtWork(task, now) || task.builds.some(isOpen)) return true
    excess -= taskBytes(task)
    return false
  })
  if (excess <= 0) return kept
  throw new OrreryError('rate_limited', 'There are too many tasks already; cancel some, or come again when some have ended.', { retry_after_seconds: 3600 })
}

export const taskBytes = (task: GravityTask): number => Buffer.byteLength(JSON.stringify(task))

/** Asked for, and not built yet. */
export const isOpen = ({ status }: Pick<GravityBuild, 'status'>): boolean => status === 'Pending' || status === 'Running'

/** The desirability list with the jobs of the tasks that are at work: done again after a crash, and when the time of a task is over. */
export function listJobs(catalog: Catalog, now: number): Promise<void> {
  return untilCommitted(async () => {
    const [head, tasks] = await Promise.all([catalog.head(lineage.desirability), tasksOf(catalog)])
    const known = head ? ownJobs(head.manifest) : []
    const jobs = withTasks(known, tasks, now)
    const list = listInForce(jobs, head ? votesOf(head.manifest) : noVotes)
    if (list.jobs.length === 0 || isDeepStrictEqual(jobs, known)) return
    await catalog.commit(lineage.desirability, head?.sha256, { kind: 'desirability', parent: head?.sha256 ?? null, ...list, evidence: [], caused_by: null })
  })
}

const triesMax = 20

/** Of several committers one wins; the others look again. */
async function untilCommitted(commit: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await commit()
    } catch (error) {
      if (tries >= triesMax || !(error instanceof OrreryError && error.code === 'conflict')) throw error
    }
  }
}
