import type { Sort } from '../dataset-query.ts'
import type { ChosenRows } from './chosen-rows.ts'
import type { RowColumns, RowField } from './row-columns.ts'

/** What a page is sorted by; rising, ties by id. */
export type Order = [key: number, id: number]

const sorts: Record<Exclude<Sort, 'relevance' | 'id'>, { field: RowField; sign: 1 | -1 }> = {
  datetime: { field: 'datetime', sign: 1 },
  '-datetime': { field: 'datetime', sign: -1 },
  text_bytes: { field: 'text_bytes', sign: 1 },
  '-text_bytes': { field: 'text_bytes', sign: -1 },
  '-quality': { field: 'quality', sign: -1 },
}

export interface FirstRow {
  row: number
  score: number | null
  order: Order
}

/** The first of the rows behind `after`, in their order: a heap of as many as are wanted, whatever there is to choose from. */
export function firstRows(
  chosen: ChosenRows,
  columns: RowColumns,
  { sort, limit, after }: { sort: Sort; limit: number; after: Order | undefined },
): FirstRow[] {
  const ids = columns.get('id')
  const heap = new Heap(limit, after)
  const scores = chosen.words?.scores()
  if (sort === 'relevance') {
    scores?.eachBest(chosen.bits, (row, score) => {
      heap.offer(row, -score, ids[row] as number)
      return heap.least
    })
    return heap.sorted().map(({ row, key, id }) => ({ row, score: -key, order: [key, id] }))
  }
  if (sort === 'id') offerById(chosen, columns, { limit, heap, after })
  else {
    const { field, sign } = sorts[sort]
    const keys = columns.get(field)
    chosen.each((row) => heap.offer(row, sign * (keys[row] as number), ids[row] as number))
  }
  const first = heap.sorted()
  const scored = new Map(
    scores &&
      first
        .map(({ row }) => row)
        .toSorted((a, b) => a - b)
        .map((row) => [row, scores.of(row)]),
  )
  return first.map(({ row, key, id }) => ({ row, score: scored.get(row) ?? null, order: [key, id] }))
}

/** Of many rows those come first that are met first in the order of ids; of few each is looked at. */
function offerById(chosen: ChosenRows, columns: RowColumns, { limit, heap, after }: { limit: number; heap: Heap; after: Order | undefined }): void {
  const { end, byId } = columns
  const ids = columns.get('id')
  const offer = (row: number): void => heap.offer(row, ids[row] as number, ids[row] as number)
  if (chosen.count * chosen.count < limit * end) {
    chosen.each(offer)
    return
  }
  const offerChosen = (row: number): void => {
    if (chosen.has(row)) offer(row)
  }
  for (let row = byId.end; row < end; row++) offerChosen(row)
  byId.walk(after?.[0] ?? 0, offerChosen, (id) => id > -heap.least)
}

interface Kept {
  row: number
  key: number
  id: number
}

/** The last of those kept stands first. */
class Heap {
  readonly #limit: number
  readonly #after: Order
  readonly #kept: Kept[] = []

  constructor(limit: number, after: Order = [-Infinity, -Infinity]) {
    this.#limit = limit
    this.#after = after
  }

  /** Rows whose key is beyond its negative are not kept. */
  get least(): number {
    return this.#kept.length < this.#limit ? -Infinity : -(this.#kept[0] as Kept).key
  }

  offer(row: number, key: number, id: number): void {
    const [afterKey, afterId] = this.#after
    if (key < afterKey || (key === afterKey && id <= afterId)) return
    const [last] = this.#kept
    if (this.#kept.length < this.#limit) {
      this.#kept.push({ row, key, id })
      this.#rise(this.#kept.length - 1)
    } else if (last && (key < last.key || (key === last.key && (id < last.id || (id === last.id && row < last.row))))) {
      this.#kept[0] = { row, key, id }
      this.#sink()
    }
  }

  sorted(): Kept[] {
    return this.#kept.toSorted((a, b) => (isBehind(a, b) ? 1 : -1))
  }

  #rise(from: number): void {
    for (let n = from; n > 0;) {
      const parent = (n - 1) >> 1
      if (!this.#swapIfBehind(n, parent)) return
      n = parent
    }
  }

  #sink(): void {
    for (let n = 0; ;) {
      const [left, right] = [2 * n + 1, 2 * n + 2]
      const child = right < this.#kept.length && isBehind(this.#kept[right] as Kept, this.#kept[left] as Kept) ? right : left
      if (child >= this.#kept.length || !this.#swapIfBehind(child, n)) return
      n = child
    }
  }

  #swapIfBehind(child: number, parent: number): boolean {
    const [below, above] = [this.#kept[child] as Kept, this.#kept[parent] as Kept]
    if (!isBehind(below, above)) return false
    this.#kept[child] = above
    this.#kept[parent] = below
    return true
  }
}

const isBehind = (a: Kept, b: Kept): boolean => a.key > b.key || (a.key === b.key && (a.id > b.id || (a.id === b.id && a.row > b.row)))
