import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { limits } from '../data-universe.ts'
import type { Document } from '../document.ts'
import { BooleanChunk } from './boolean-chunk.ts'
import { DictionaryChunk, PlainChunk, transpose, type Chunk, type ChunkBuilder } from './chunk.ts'
import { shardLayout, type Layout, type Leaf } from './columns.ts'
import { footer } from './footer.ts'
import { ListChunk } from './list-chunk.ts'
import { writePageIndexes, type Tail } from './page-index.ts'
import { PageWriter } from './page-writer.ts'
import { unpackedBytesMax } from './unpacked-bytes.ts'
import { copyTo, zstdCompressor, type Compress } from './zstd.ts'

/**
 * Compression of a shard. `snappy` is for readers like parquetjs-lite, which knows only PLAIN and trips over the statistics of timestamps:
 * such a shard has no dictionaries, and no statistics on times.
 */
export type ShardCodec = 'zstd' | 'snappy'

const snappy: Compress = (input, output, at) => copyTo(snappyCompress(input), output, at)
const magic = new TextEncoder().encode('PAR1')
/** So many documents, or characters of their texts, are written in one step: some 10 ms. */
const stepMax = { documents: 500, chars: 2 ** 18 }

/**
 * Writes documents, in the order given, as a Parquet file, piece by piece: the schema of its layout, row groups of 10,000 (of a shard only the last may be shorter),
 * zstd level 3 or Snappy, data pages of about 2 MiB and at most 5,000 rows, bloom filters on `id` and `uri`, statistics and both page indexes
 * for every column, but no bounds of the signature. The same documents give the same bytes, however they were portioned.
 *
 * In memory are the compressed pages of the row group that is written and the cells that wait for a dictionary, never its texts. The pieces that are given are
 * to be written one behind another; each is good until the next is asked for, and an empty one says that a step of work was done.
 */
export class DocumentEncoder implements Disposable {
  readonly #codec: ShardCodec
  readonly #layout: Layout
  readonly #zstd = zstdCompressor()
  readonly #chunks: ChunkBuilder[]
  readonly #groups: { rows: number; chunks: Chunk[] }[] = []
  /** Of the row group that is written. */
  #rows = 0
  #groupBytes = 0
  #offset = 0

  constructor({ codec, layout = shardLayout }: { codec: ShardCodec; layout?: Layout }) {
    this.#codec = codec
    this.#layout = layout
    const newWriter = () => new PageWriter(codec === 'zstd' ? this.#zstd : snappy)
    const shared = newWriter()
    const builderOf = (leaf: Leaf): ChunkBuilder => {
      if (leaf.isList) return new ListChunk(leaf, shared)
      if (leaf.kind === 'boolean') return new BooleanChunk(leaf, shared)
      return codec === 'zstd' && leaf.repeats ? new DictionaryChunk(leaf, shared) : new PlainChunk(leaf, newWriter())
    }
    this.#chunks = layout.leaves.map(builderOf)
  }

  *append(documents: readonly Document[]): Generator<Uint8Array> {
    for (let from = 0; from < documents.length;) {
      const to = this.#fitting(documents, from, stepEnd(documents, from, limits.rowsPerGroup - this.#rows))
      transpose(this.#layout.leaves, documents, from, to).forEach(({ cells }, n) => this.#chunks[n]?.append(cells))
      this.#rows += to - from
      const isFull = to === from
      from = to
      yield new Uint8Array()
      if (isFull || this.#rows === limits.rowsPerGroup) yield* this.#endGroup()
    }
  }

  /** What comes last. @returns bytes of each column, in their order */
  *finish(): Generator<Uint8Array, number[]> {
    if (this.#rows > 0) yield* this.#endGroup()
    if (this.#offset === 0) yield this.#placed(magic)
    yield this.#tail()
    return this.#layout.leaves.map((_, n) => this.#groups.reduce((sum, { chunks }) => sum + (chunks[n]?.bytes ?? 0), 0))
  }

  /** Those that were written: their rows and bytes. They stand one behind the other, the first behind the magic. */
  get groups(): { rows: number; bytes: number }[] {
    return this.#groups.map(({ rows, chunks }) => ({ rows, bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0) }))
  }

  [Symbol.dispose](): void {
    this.#zstd[Symbol.dispose]()
  }

  /** Where the row group would become too large, if that is before `to`; an empty group takes any document. */
  #fitting(documents: readonly Document[], from: number, to: number): number {
    const { groupBytesMax } = this.#layout
    if (groupBytesMax === Infinity) return to
    for (let at = from; at < to; at++) {
      const bytes = unpackedBytesMax(documents[at] as Document)
      if (this.#groupBytes > 0 && this.#groupBytes + bytes > groupBytesMax) return at
      this.#groupBytes += bytes
    }
    return to
  }

  *#endGroup(): Generator<Uint8Array> {
    if (this.#offset === 0) yield this.#placed(magic)
    const chunks: Chunk[] = []
    this.#groups.push({ rows: this.#rows, chunks })
    this.#rows = this.#groupBytes = 0
    for (const builder of this.#chunks) {
      const { chunk, bytes } = builder.finish()
      const offset = this.#offset
      chunks.push({ ...chunk, offset, pages: chunk.pages.map((page) => ({ ...page, offset: offset + page.offset })) })
      yield this.#placed(bytes)
    }
  }

  #placed(bytes: Uint8Array): Uint8Array {
    this.#offset += bytes.length
    return bytes
  }

  #tail(): Uint8Array {
    const parts: Uint8Array[] = []
    const start = this.#offset
    let length = 0
    const tail: Tail = {
      get offset() {
        return start + length
      },
      append(part) {
        parts.push(part)
        length += part.length
      },
    }
    const indexes = writePageIndexes(
      tail,
      this.#groups.flatMap(({ chunks }) => chunks),
    ).values()
    const ranged = (kind: string) => this.#codec === 'zstd' || kind !== 'timestamp'
    const described = this.#groups.map(({ rows, chunks }) => ({
      rows,
      chunks: chunks.map((chunk) => ({ ...chunk, ...indexes.next().value!, ranged: ranged(chunk.column.kind) })),
    }))
    const metadata = footer(this.#layout, described, this.#codec === 'zstd' ? 'ZSTD' : 'SNAPPY')
    const metadataBytes = new Uint8Array(4)
    new DataView(metadataBytes.buffer).setUint32(0, metadata.length, true)
    for (const part of [metadata, metadataBytes, magic]) tail.append(part)
    return this.#placed(Buffer.concat(parts, length))
  }
}

/** Where a step that begins at `from` ends, after at most `rowsMax` documents. */
function stepEnd(documents: readonly Document[], from: number, rowsMax: number): number {
  const last = Math.min(documents.length, from + rowsMax, from + stepMax.documents)
  let to = from
  for (let chars = 0; to < last && chars < stepMax.chars; to++) {
    const { text, markdown } = documents[to] as Document
    chars += text.length + (markdown?.length ?? 0)
  }
  return to
}

/** The whole file in memory. */
export function encodeDocuments(documents: readonly Document[], options: { codec: ShardCodec }): Uint8Array {
  using encoder = new DocumentEncoder(options)
  const pieces: Uint8Array[] = []
  for (const part of [encoder.append(documents), encoder.finish()]) for (const piece of part) pieces.push(Uint8Array.from(piece))
  return new Uint8Array(Buffer.concat(pieces))
}
