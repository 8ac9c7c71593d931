import { BoundaryOrders } from 'hyparquet/src/constants.js'
import { compareBounds, type Bounds } from './bounds.ts'
import type { Chunk } from './chunk.ts'
import type { LeafKind } from './columns.ts'
import { thrift } from './thrift.ts'

/** Where something lies in the file, in bytes. */
interface Place {
  offset: number
  bytes: number
}

/** Takes what comes next in the file. */
export interface Tail {
  /** Where that comes to stand. */
  readonly offset: number
  append(part: Uint8Array): void
}

export interface ChunkIndexes {
  /** undefined where a page has values without bounds. */
  columnIndex: Place | undefined
  offsetIndex: Place
  bloom: Place | undefined
}

/**
 * Writes what a reader needs to skip pages (parquet-format PageIndex.md), for every chunk, also one of a single page; then the bloom filters. Each kind stands
 * together near the footer, so that one request gets it. A column index gives bounds for each page that has a value: a chunk that lacks some has none.
 */
export function writePageIndexes(tail: Tail, chunks: readonly Chunk[]): ChunkIndexes[] {
  const columnIndexes = chunks.map((chunk) => (hasBounds(chunk) ? place(tail, columnIndex(chunk)) : undefined))
  const offsetIndexes = chunks.map((chunk) => place(tail, offsetIndex(chunk)))
  const blooms = chunks.map(({ bloomFilter }) => bloomFilter && place(tail, bloomHeader(bloomFilter), bloomFilter))
  return chunks.map((_, n) => ({ columnIndex: columnIndexes[n], offsetIndex: offsetIndexes[n] as Place, bloom: blooms[n] }))
}

function place(tail: Tail, ...parts: Uint8Array[]): Place {
  const { offset } = tail
  for (const part of parts) tail.append(part)
  return { offset, bytes: tail.offset - offset }
}

const hasBounds = ({ pages }: Chunk): boolean => pages.every(({ bounds, values, nulls }) => bounds !== undefined || nulls === values)

const nothing = new Uint8Array()

function columnIndex({ column, pages }: Chunk): Uint8Array {
  return thrift({
    field_1: pages.map(({ bounds }) => bounds === undefined),
    field_2: pages.map(({ bounds }) => bounds?.min ?? nothing),
    field_3: pages.map(({ bounds }) => bounds?.max ?? nothing),
    field_4: BoundaryOrders.indexOf(
      boundaryOrder(
        column.kind,
        pages.flatMap(({ bounds }) => bounds ?? []),
      ),
    ),
    field_5: pages.map(({ nulls }) => BigInt(nulls)),
  })
}

/** Whether the bounds of the pages rise or fall together; pages of nulls do not count. */
function boundaryOrder(kind: LeafKind, bounds: readonly Bounds[]): (typeof BoundaryOrders)[number] {
  const steps = bounds.slice(1).flatMap((page, n) => {
    const before = bounds[n] as Bounds
    return [compareBounds(kind, before.min, page.min), compareBounds(kind, before.max, page.max)]
  })
  if (steps.every((step) => step <= 0)) return 'ASCENDING'
  return steps.every((step) => step >= 0) ? 'DESCENDING' : 'UNORDERED'
}

const offsetIndex = ({ pages }: Chunk): Uint8Array =>
  thrift({ field_1: pages.map(({ offset, bytes, firstRow }) => ({ field_1: BigInt(offset), field_2: bytes, field_3: BigInt(firstRow) })) })

/** A split block filter of XXH64 hashes, not compressed. */
const bloomHeader = (filter: Uint8Array): Uint8Array =>
  thrift({ field_1: filter.length, field_2: { field_1: {} }, field_3: { field_1: {} }, field_4: { field_1: {} } })
