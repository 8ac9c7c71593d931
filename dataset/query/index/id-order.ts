import { setImmediate as nextTurn } from 'node:timers/promises'

/** Ids are below it (row-columns.ts), and as even as hashes are. */
const idsEnd = 2 ** 52
const rowsOfBucket = 2
/** Rows that came since are gone through one by one: of so large a share of all, the order is made anew. */
const sinceShare = 1 / 8
const rowsAtOnce = 100_000

/** Rows by rising ids, but for those that came lately: in buckets of ids, whose rows stand in any order. It takes 6 bytes a row. */
export class IdOrder {
  /** Where each bucket begins, and the last ends. */
  #starts = new Uint32Array(2)
  #rows = new Uint32Array()
  /** Rows below it are in. */
  end = 1

  /** @param ids of rows, from 1 up to `end` */
  async take(ids: Float64Array, end: number): Promise<void> {
    if (end - this.end <= sinceShare * this.end) return
    const count = Math.ceil(end / rowsOfBucket)
    const [starts, rows] = [new Uint32Array(count + 1), new Uint32Array(end - 1)]
    for (let row = 1; row < end; row++) {
      const behind = bucketOf(ids[row] as number, count) + 1
      starts[behind] = (starts[behind] as number) + 1
      if (row % rowsAtOnce === 0) await nextTurn()
    }
    for (let n = 1; n <= count; n++) starts[n] = (starts[n] as number) + (starts[n - 1] as number)
    const places = starts.slice()
    for (let row = 1; row < end; row++) {
      const bucket = bucketOf(ids[row] as number, count)
      rows[places[bucket] as number] = row
      places[bucket] = (places[bucket] as number) + 1
      if (row % rowsAtOnce === 0) await nextTurn()
    }
    this.#starts = starts
    this.#rows = rows
    this.end = end
  }

  /** Visits rows bucket by bucket, from that of an id on, until one begins with an id that is enough. @param isEnough asked with the least id of what comes */
  walk(from: number, visit: (row: number) => void, isEnough: (id: number) => boolean): void {
    const count = this.#starts.length - 1
    for (let bucket = from < 0 ? 0 : bucketOf(from, count); bucket < count; bucket++) {
      // Less by one: the bounds of buckets are rounded.
      if (isEnough((bucket / count) * idsEnd - 1)) return
      const end = this.#starts[bucket + 1] as number
      for (let at = this.#starts[bucket] as number; at < end; at++) visit(this.#rows[at] as number)
    }
  }
}

const bucketOf = (id: number, count: number): number => Math.min(count - 1, Math.floor((id / idsEnd) * count))
