import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareText } from '#schemas/compare-text.ts'
import type { DataFile, NamedCounts } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { DocumentEncoder, type ShardCodec } from '#schemas/parquet/encode.ts'
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
 * Writes documents as one Parquet file (encode.ts), named by its content, in memory bounded by a row group. The same documents give the same bytes.
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
  const told = facts.told()
  const key = keyOf({ sha256: content.sha256, rows: told.rows })
  await store.put(key, file.read(), content)
  return { key, ...content, ...told, written_at: writtenAt.toISOString(), columns }
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
