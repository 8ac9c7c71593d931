import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { findEpoch, findNumbered, newestEpoch, type EpochSource, type OpenEpoch } from './open-epoch.ts'

/** The epochs of a job, as they are asked for. */
export interface Epochs {
  job: string
  /** The newest, open or not; undefined before the first, and while it cannot be read. */
  current(): OpenEpoch | undefined
  /** There is a newest one, but what it is made of cannot be read for now. */
  isUnread(): boolean
  /** Looks whether there is a newer one: another process may have planned it. */
  refresh(): Promise<OpenEpoch | undefined>
  /** It was planned here. */
  add(open: OpenEpoch): void
  /** @throws OrreryError `not_found` */
  find(planId: string, epoch: number): Promise<OpenEpoch>
  /** By its number. @throws OrreryError `not_found` */
  numbered(job: string, epoch: number): Promise<OpenEpoch>
  /** The open one, else the last. @throws OrreryError `not_found` for another job, and before the first */
  newestOf(job: string): OpenEpoch
}

/** Epochs before the newest that are ready to be read. Whoever goes on about old ones has the others wait for nothing. */
const olderMax = 4

export async function openEpochs(source: EpochSource & { catalog: Pick<Catalog, 'head' | 'get'> }): Promise<Epochs> {
  const { catalog, datasetName: job } = source
  let newest: OpenEpoch | undefined
  let isUnread = false
  const readNewest = async (): Promise<void> => {
    isUnread = true
    newest = await newestEpoch(source)
    isUnread = false
  }
  // A store that is away when the feed starts is one that comes back.
  await readNewest().catch((error: unknown) => {
    if (!(error instanceof OrreryError && error.retryable)) throw error
  })
  const older = new Map<number, Promise<OpenEpoch>>()

  function kept(epoch: number, open: () => Promise<OpenEpoch>): Promise<OpenEpoch> {
    const known = older.get(epoch)
    if (known) return known
    const opening = open()
    older.set(epoch, opening)
    opening.catch(() => {
      if (older.get(epoch) === opening) older.delete(epoch)
    })
    const [longest] = older.keys()
    if (older.size > olderMax && longest !== undefined) older.delete(longest)
    return opening
  }

  const requireJob = (asked: string): void => {
    if (asked !== job)
      throw new OrreryError('not_found', `There is no job "${asked.slice(0, 140)}"; GET /v1/jobs lists what there is.`, { job: asked.slice(0, 140) })
  }

  return {
    job,
    current: () => newest,
    isUnread: () => isUnread,
    async refresh() {
      const head = await catalog.head(lineage.plan(job))
      if (isUnread || head?.sha256 !== newest?.planId) await readNewest()
      return newest
    },
    add(open) {
      newest = open
      isUnread = false
    },
    async find(planId, epoch) {
      if (newest?.planId === planId && newest.epoch === epoch) return newest
      const found = await kept(epoch, () => findEpoch(source, planId, epoch))
      // An epoch is of one plan alone; whoever names another has it looked for again.
      return found.planId === planId ? found : findEpoch(source, planId, epoch)
    },
    async numbered(asked, epoch) {
      requireJob(asked)
      return newest?.epoch === epoch ? newest : kept(epoch, () => findNumbered(source, asked, epoch))
    },
    newestOf(asked) {
      requireJob(asked)
      if (newest) return newest
      throw new OrreryError('not_found', `No epoch of "${asked}" was planned yet; wait for tokens.`, { job: asked })
    },
  }
}
