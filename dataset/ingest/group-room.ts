import { lineage } from '#schemas/lineage.ts'
import type { Draft } from './draft.ts'
import type { SourceName } from './sources.ts'
import { Tally } from './tally.ts'
import type { Trust } from './trust.ts'

/** Of each job of each hotkey a version says some 400 bytes, which who makes the next one has in memory: strangers leave room for others. */
export interface GroupLimits {
  /** Jobs of a hotkey that is not the dataset's own. */
  jobsOfHotkey: number
  /** Of all hotkeys, before no more are taken from strangers. */
  groups: number
}
export const groupLimits: GroupLimits = { jobsOfHotkey: 500, groups: 20_000 }

/** Whether the next version may have a group for a job; one that is there has it. */
export function groupRoom(draft: Draft, { hotkeys }: Trust, { jobsOfHotkey, groups }: GroupLimits): (name: SourceName) => boolean {
  const lines = new Set(draft.lines().map(({ hotkey, job_id }) => lineage.snapshot(hotkey, job_id).name))
  const jobs = new Tally()
  for (const { hotkey } of draft.lines()) jobs.add(hotkey)
  return ({ hotkey, line }) => {
    if (lines.has(line)) return true
    if (!hotkeys.has(hotkey) && (jobs.get(hotkey) >= jobsOfHotkey || lines.size >= groups)) return false
    lines.add(line)
    jobs.add(hotkey)
    return true
  }
}
