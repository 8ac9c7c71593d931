import type { KeyObject } from 'node:crypto'
import type { Database } from '../sqlite/database.ts'
import { requireEpoch, saveEpoch, type EpochKey, type EpochRow } from './epochs.ts'
import type { Work } from './nodes.ts'
import { openTallies } from './tallies.ts'

/** The epochs that the calls of one commit are about: each is read once and written once, however many calls there are. */
export interface CommitWorks {
  /** @param now ms since epoch @throws OrreryError `not_found` */
  of(key: EpochKey, now: number): Work
  /** Writes what has changed. From then on the rows are what counts: to be called before they are read or changed otherwise, and before the commit. */
  write(): void
  /** Of a commit that has failed. */
  forget(): void
}

export function commitWorks(db: Database, secret: KeyObject): CommitWorks {
  const works = new Map<string, { work: Work; before: EpochRow }>()
  return {
    of(key, now) {
      const name = `${key.epoch} ${key.planId}`
      let known = works.get(name)
      if (!known) {
        const row = requireEpoch(db, key)
        works.set(name, (known = { before: { ...row }, work: { db, row, secret, now, expiredAt: undefined, tallies: openTallies(db, row.id) } }))
      }
      known.work.now = now
      return known.work
    },
    write() {
      for (const { work, before } of works.values()) {
        work.tallies.write()
        saveEpoch(db, work.row, before)
      }
      works.clear()
    },
    forget: () => works.clear(),
  }
}
