import type { ListedFile } from '#schemas/data-file.ts'
import { limits } from '#schemas/data-universe.ts'
import { groupBytesMax } from '#schemas/parquet/pages.ts'
import { liveBytes, liveRows } from './snapshot-heads.ts'

export interface ShardLayout {
  /** `parts`: files of bounded size, merged by tiers. `whole`: one file a job, as long as it has no more rows and bytes than a file may have. */
  layout: 'parts' | 'whole'
  /** Most rows of a file. */
  rowsMax: number
}

/** A merged file that has reached this size is merged no more. */
const fileBytes = 64 * 2 ** 20
/** Of texts in a row group, on average: whoever reads shards unpacks no group that holds more than twice as much (schemas/parquet/pages.ts). */
const groupTextBytes = groupBytesMax / 2
/** Each tier is so many times smaller than the one above it. */
const fanIn = 24
/** What a file has beside its rows, about: its footer and its filters. */
const frameBytes = 8 * 2 ** 10

/**
 * The files of a job that should be merged next; undefined while nothing is worth it.
 *
 * By tiers (the size-tiered compaction of LSM trees): tier t holds files whose rows take at most 64 MiB / 24^t, and its oldest files are merged as soon as the rows
 * together are as large as those of the largest of the tier. So what is written moves up a tier, each row about once per tier: from 5 KB on three times, and four
 * with the flush. What files have beside their rows counts for nothing: a merged file has it once, and would stay in its tier, to be merged again and again.
 * A file half of whose rows are gone is written again even alone, which costs no more than what went from it.
 */
export function nextMerge(files: readonly ListedFile[], { layout, rowsMax }: ShardLayout): ListedFile[] | undefined {
  if (layout === 'whole') return nextWhole(files, rowsMax)
  // One whose texts are half of what they may be is as large as others of their kind get.
  const open = files.filter((file) => contentBytes(file) < fileBytes && groupText([file]) < groupTextBytes / 2)
  for (const [tier, members] of [...Map.groupBy(open, tierOf)].toSorted(([a], [b]) => b - a)) {
    const merge = takeUntil(members, fileBytes / fanIn ** tier, rowsMax)
    if (merge) return merge
  }
  const decayed = files.find((listed) => liveRows(listed) * 2 <= listed.file.rows)
  return decayed && [decayed]
}

/** 0 is that of the largest. */
const tierOf = (listed: ListedFile): number => Math.floor(Math.log(fileBytes / contentBytes(listed)) / Math.log(fanIn))

/** Of the rows that are left; a byte each at least. */
const contentBytes = (listed: ListedFile): number => Math.max(1, liveRows(listed), liveBytes(listed) - frameBytes)

/** Files in a row that together reach so many bytes within the rows of a file, none of them more than half of all; or as much text as a row group may have. */
function takeUntil(files: readonly ListedFile[], bytes: number, rowsMax: number): ListedFile[] | undefined {
  let taken: ListedFile[] = []
  for (const listed of files) {
    const wanted = [...taken, listed]
    const isTooMuch = groupText(wanted) > groupTextBytes
    if (isTooMuch && taken.length > 1) return taken
    if (isTooMuch || sum(wanted, liveRows) > rowsMax) taken = []
    taken.push(listed)
    const content = sum(taken, contentBytes)
    if (content >= Math.max(bytes, 2 * largest(taken))) return taken
  }
  return undefined
}

/** Files in a row that fit into one, unless they are one already and nothing is gone from it. */
function nextWhole(files: readonly ListedFile[], rowsMax: number): ListedFile[] | undefined {
  let group: ListedFile[] = []
  const isDue = (): boolean => group.length > 1 || group.some(({ deletes }) => deletes !== null)
  for (const listed of files) {
    const wanted = [...group, listed]
    if (sum(wanted, liveRows) > rowsMax || sum(wanted, ({ file }) => file.bytes) > limits.shardBytesMax || groupText(wanted) > groupTextBytes) {
      if (isDue()) return group
      group = []
    }
    group.push(listed)
  }
  return isDue() ? group : undefined
}

const largest = (files: readonly ListedFile[]): number => files.reduce((most, listed) => Math.max(most, contentBytes(listed)), 0)

/** Bytes of the texts in a row group of one file of them all. */
const groupText = (files: readonly ListedFile[]): number =>
  sum(files, ({ file }) => file.text_bytes) / Math.max(1, sum(files, ({ file }) => file.rows) / limits.rowsPerGroup)

const sum = (files: readonly ListedFile[], of: (listed: ListedFile) => number): number => files.reduce((total, listed) => total + of(listed), 0)
