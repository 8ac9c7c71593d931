import { createHash, hash } from 'node:crypto'
import { compareText } from '#schemas/compare-text.ts'
import type { DataFile, NamedCounts, RowGroup, StoredObject } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { rowIdentity } from '#schemas/row-identity.ts'
import { blockBytes, digestBytes, emptyColumns, encodeRowList, otherLabel, type RowColumns } from '#schemas/row-list.ts'

/** The columns that an identity is made of. */
export const identityColumns = ['uri', 'minhash', 'datetime', 'text_bytes', 'label'] as const
export type ListedRow = Pick<Document, (typeof identityColumns)[number]>

const identityNames = ['uri', 'text', 'sketch0', 'sketch1', 'hour', 'textBytes'] as const

/** Identities of the rows of a file, as they come: 26 bytes each, in memory. */
export class RowCollector {
  #columns = emptyColumns(1024)
  #rows = 0
  /** Labels in the order in which they came, and how many rows have each. */
  readonly #labels = new Map<string, { place: number; rows: number }>()

  add(row: ListedRow): void {
    const at = this.#rows++
    if (at === this.#columns.uri.length) this.#columns = resized(this.#columns, 2 * at)
    const identity = rowIdentity(row)
    const label = this.#labels.get(row.label) ?? { place: this.#labels.size, rows: 0 }
    this.#labels.set(row.label, label)
    label.rows++
    for (const name of identityNames) this.#columns[name][at] = identity[name]
    this.#columns.label[at] = Math.min(label.place, otherLabel)
  }

  /** @returns the labels as a data file has them, and the rows, each with the place of its label among them */
  collected(): { labels: NamedCounts; rows: number; columns: RowColumns } {
    const sorted = [...this.#labels].toSorted(([a], [b]) => compareText(a, b))
    const places = new Uint16Array(Math.min(sorted.length, otherLabel) + 1).fill(otherLabel)
    for (const [place, [, label]] of sorted.entries()) if (label.place < otherLabel) places[label.place] = Math.min(place, otherLabel)
    const columns = resized(this.#columns, this.#rows)
    for (let row = 0; row < this.#rows; row++) columns.label[row] = places[columns.label[row] as number] ?? otherLabel
    return { labels: sorted.map(([name, { rows }]) => [name, rows]), rows: this.#rows, columns }
  }
}

function resized(columns: RowColumns, rows: number): RowColumns {
  const next = emptyColumns(rows)
  for (const name of Object.keys(next) as (keyof RowColumns)[]) next[name].set(columns[name].subarray(0, rows))
  return next
}

/** A row group as its writer knows it. */
export interface WrittenGroup {
  rows: number
  bytes: number
}

/** The magic of a Parquet file stands before its first row group. */
export const firstGroupAt = 4

/** Hashes the bytes of a data file, which come in their order: each of its row groups, and each of its blocks. */
export async function hashParts(
  bytes: AsyncIterable<Uint8Array>,
  { groups, fileBytes }: { groups: readonly WrittenGroup[]; fileBytes: number },
): Promise<{ row_groups: RowGroup[]; digests: Uint8Array }> {
  const ends = groups.map(({ bytes: size }) => size)
  for (let at = 0, end = firstGroupAt; at < ends.length; at++) ends[at] = end += ends[at] as number
  const hashes = groups.map(() => createHash('sha256'))
  const digests = new Uint8Array(Math.ceil(fileBytes / blockBytes) * digestBytes)
  const block = new Uint8Array(blockBytes)
  let [at, group] = [0, -1]
  const endBlock = (size: number): void => digests.set(digestOf(block.subarray(0, size)), Math.floor((at - 1) / blockBytes) * digestBytes)
  for await (const piece of bytes) {
    for (let from = 0; from < piece.length;) {
      const groupEnd = group < 0 ? firstGroupAt : (ends[group] ?? Infinity)
      const to = Math.min(piece.length, from + blockBytes - (at % blockBytes), from + groupEnd - at)
      const part = piece.subarray(from, to)
      hashes[group]?.update(part)
      block.set(part, at % blockBytes)
      at += part.length
      from = to
      if (at % blockBytes === 0) endBlock(blockBytes)
      while (at === (group < 0 ? firstGroupAt : ends[group])) group++
    }
  }
  if (at % blockBytes > 0) endBlock(at % blockBytes)
  return {
    row_groups: groups.map(({ rows, bytes: size }, n) => ({ rows, bytes: size, sha256: (hashes[n] as ReturnType<typeof createHash>).digest('hex') })),
    digests,
  }
}

/** What a list has of a block. */
export const digestOf = (block: Uint8Array): Uint8Array => hash('sha256', block, 'buffer').subarray(0, digestBytes)

/** Where the list of a data file lies: beside it, by its own content. */
export const rowListKey = (fileKey: string, sha256: string): string => `${fileKey.slice(0, fileKey.lastIndexOf('/') + 1)}${sha256}.rows`

/** Writes the list of a data file beside it. */
export async function writeRowList(
  store: Pick<ObjectStore, 'put'>,
  { key: fileKey }: Pick<DataFile, 'key'>,
  { rows, columns, digests }: { rows: number; columns: RowColumns; digests: Uint8Array },
): Promise<StoredObject> {
  const bytes = encodeRowList({ rows, ...columns, digests })
  const sha256 = hash('sha256', bytes)
  const key = rowListKey(fileKey, sha256)
  await store.put(key, bytes)
  return { key, sha256, bytes: bytes.length }
}
