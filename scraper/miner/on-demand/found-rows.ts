import type { OnDemandJob } from '#schemas/on-demand.ts'
import type { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { rowFault, sameAddress } from '#schemas/on-demand-match.ts'

export type FoundRow = Omit<OnDemandRow, 'content_size_bytes'>

/** Of all rows of an answer: a submission may have 15 MB. */
const answerBytesMax = 12_000_000

/** Rows for one job: what it asks for, each address once, up to its limit and to what a submission may have. */
interface FoundRows {
  /** Keeps it, if it is such. @returns whether there is room for more */
  add(row: FoundRow): boolean
  readonly rows: FoundRow[]
}

export function foundRows(job: OnDemandJob): FoundRows {
  const found = new Map<string, FoundRow>()
  let bytes = 0
  return {
    add(row) {
      const address = sameAddress(row.uri)
      if (row.content === '' || found.has(address) || rowFault(job, row) !== undefined) return true
      // In JSON it is longer, but hardly twice as long.
      bytes += 2 * Buffer.byteLength(row.content)
      if (bytes > answerBytesMax) return false
      found.set(address, row)
      return found.size < job.limit
    },
    get rows() {
      return [...found.values()]
    },
  }
}
