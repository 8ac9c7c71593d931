import { sha256Hex } from '#schemas/canonical-json.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { DataFile, NamedCounts } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { documentColumns } from '#schemas/parquet/columns.ts'
import { encodeDocuments, type ShardCodec } from '#schemas/parquet/encode.ts'
import { readFooter } from '#schemas/parquet/inspect.ts'

export interface WriteParams {
  /** In the order in which they come to stand. */
  documents: Iterable<Document> | AsyncIterable<Document>
  codec: ShardCodec
  /** Whole seconds: the fact that a shard's name tells. */
  writtenAt: Date
  keyOf(file: { sha256: string; rows: number }): string
  /** A folder on disk for the file while its name is not known yet. */
  spool: string
}

/**
 * Writes documents as one Parquet file (encode.ts), named by its content. The same documents give the same bytes.
 * @throws OrreryError `already_exists`, `store_unavailable`; what `documents` throws: then nothing was written
 */
export async function writeDataFile(store: Pick<ObjectStore, 'put'>, { documents, codec, writtenAt, keyOf }: WriteParams): Promise<DataFile> {
  const all = await Array.fromAsync(documents)
  const bytes = encodeDocuments(all, { codec })
  const sha256 = sha256Hex(bytes)
  const key = keyOf({ sha256, rows: all.length })
  await store.put(key, bytes)
  const facts = new FileFacts()
  for (const document of all) facts.add(document)
  const columns = documentColumns.map(() => 0)
  for (const group of readFooter(bytes).row_groups)
    group.columns.forEach(({ meta_data: chunk }, n) => (columns[n] = (columns[n] ?? 0) + Number(chunk?.total_compressed_size)))
  return { key, sha256, bytes: bytes.length, ...facts.told(), written_at: writtenAt.toISOString(), columns }
}

/** What a reader is told of a file's rows. */
class FileFacts {
  #rows = 0
  #textBytes = 0
  #first = Infinity
  #last = -Infinity
  readonly #labels = new Map<string, number>()

  add({ text_bytes, datetime, label }: Document): void {
    this.#rows++
    this.#textBytes += text_bytes
    this.#first = Math.min(this.#first, datetime.getTime())
    this.#last = Math.max(this.#last, datetime.getTime())
    this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1)
  }

  told(): Pick<DataFile, 'rows' | 'text_bytes' | 'datetime_range' | 'labels'> {
    const labels: NamedCounts = [...this.#labels].toSorted(([a], [b]) => compareText(a, b))
    const range = { first: new Date(this.#first), last: new Date(this.#last) }
    return {
      rows: this.#rows,
      text_bytes: this.#textBytes,
      datetime_range: this.#rows === 0 ? null : { first: range.first.toISOString(), last: range.last.toISOString() },
      labels,
    }
  }
}
