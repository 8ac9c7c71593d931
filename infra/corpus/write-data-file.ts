import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DataFile } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { DocumentEncoder, type ShardCodec } from '#schemas/parquet/encode.ts'
import { hashParts, RowCollector, writeRowList } from './list-rows.ts'
import { Spool } from './spool.ts'

const portionMax = { documents: 250, chars: 2 ** 18 }

export interface WriteParams {
  /** In the order in which they come to stand. */
  documents: Iterable<Document> | AsyncIterable<Document>
  codec: ShardCodec
  /** Whole seconds: the fact that a shard's name tells. */
  writtenAt: Date
  keyOf(file: { sha256: string; rows: number }): string
  /** A folder on disk for a long file while its name is not known yet. */
  spool: string
}

/**
 * Writes documents as one Parquet file (encode.ts), named by its content, and the list of its rows beside it (row-list.ts), in memory bounded by a row group and by
 * what the list has of each row. The same documents give the same bytes.
 * @throws OrreryError `already_exists`, `store_unavailable`; what `documents` throws: then nothing was written
 */
export async function writeDataFile(store: Pick<ObjectStore, 'put'>, { documents, codec, writtenAt, keyOf, spool }: WriteParams): Promise<DataFile> {
  await using file = new Spool(spool)
  using encoder = new DocumentEncoder({ codec })
  const facts = new FileFacts()
  for await (const portion of portions(documents)) {
    for (const document of portion) facts.add(document)
    await writeOut(encoder.append(portion), file)
  }
  const columns = await writeOut(encoder.finish(), file)
  const content = { sha256: file.end(), bytes: file.bytes }
  const { labels, rows, columns: identities } = facts.rows.collected()
  const key = keyOf({ sha256: content.sha256, rows })
  await store.put(key, file.read(), content)
  const { row_groups, digests } = await hashParts(file.read(), { groups: encoder.groups, fileBytes: content.bytes })
  const row_list = await writeRowList(store, { key }, { rows, columns: identities, digests })
  return { key, ...content, rows, ...facts.told(), labels, written_at: writtenAt.toISOString(), columns, row_groups, row_list }
}

/** Whoever else wants the thread has a turn after each step. @returns what the pieces return in the end */
async function writeOut<Result>(pieces: Generator<Uint8Array, Result>, file: Spool): Promise<Result> {
  for (;;) {
    const { done, value } = pieces.next()
    if (done) return value
    if (value.length > 0) await file.write(value)
    await nextTurn()
  }
}

/** What a step of the encoder takes; of documents that come one by one, a turn for each would cost more than the document. */
async function* portions(documents: WriteParams['documents']): AsyncGenerator<Document[]> {
  let portion: Document[] = []
  let chars = 0
  for await (const document of documents) {
    portion.push(document)
    chars += document.text.length
    if (portion.length < portionMax.documents && chars < portionMax.chars) continue
    yield portion
    portion = []
    chars = 0
  }
  if (portion.length > 0) yield portion
}

/** What a reader is told of a file's rows. */
class FileFacts {
  readonly rows = new RowCollector()
  #textBytes = 0
  #first = Infinity
  #last = -Infinity

  add(document: Document): void {
    this.rows.add(document)
    this.#textBytes += document.text_bytes
    this.#first = Math.min(this.#first, document.datetime.getTime())
    this.#last = Math.max(this.#last, document.datetime.getTime())
  }

  told(): Pick<DataFile, 'text_bytes' | 'datetime_range'> {
    const isEmpty = this.#first === Infinity
    const range = () => ({ first: new Date(this.#first).toISOString(), last: new Date(this.#last).toISOString() })
    return { text_bytes: this.#textBytes, datetime_range: isEmpty ? null : range() }
  }
}
