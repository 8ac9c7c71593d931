import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { ColumnName } from '#schemas/document-columns.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Layout } from '#schemas/parquet/columns.ts'
import { DocumentEncoder } from '#schemas/parquet/encode.ts'
import { nestedColumns, nestedLayout, type NestedColumn } from '#schemas/parquet/nested-layout.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { Spool } from '#infra/corpus/spool.ts'
import { liveRows, versionFiles } from '../version-files.ts'
import type { AnyVersion } from '../versions.ts'
import type { LargeFile } from './large-files.ts'

/** Which files a reader of the dataset takes, in the card. Only ours may lie there. */
export const dataGlob = 'data/train-*.parquet'
export const isData = (path: string): boolean => /^data\/train-[^/]*\.parquet$/.test(path)

/** Raised when equal documents become other bytes in the same schema. */
const writerRevision = 1

export interface PublishedLayout {
  columns: readonly NestedColumn[]
  layout: Layout
  /** Of files with equal columns by an equal writer. */
  id: string
}

export function publishedLayout(options: { withSignature: boolean }): PublishedLayout {
  const columns = nestedColumns(options)
  const layout = nestedLayout(columns)
  return { columns, layout, id: sha256Hex(JSON.stringify([writerRevision, layout.schema, layout.groupBytesMax])) }
}

/** Of each file that waits to be sent. */
const heldBytes = 2 ** 19

/** A file as it shall lie in the repository. */
export interface PublishedFile {
  listed: ListedFile
  /** Says what it is made of: file, deleted rows, layout. 16 hex digits. */
  source: string
}

/**
 * Path of a file: what it is made of, by which it is found again unmade, and what it is, by which the repository's own listing proves it.
 * @param sha256 of its content
 */
export const pathOf = ({ source }: Pick<PublishedFile, 'source'>, sha256: string): string => `data/train-${source}-${sha256.slice(0, 16)}.parquet`

/** What a path says, if it is one of `pathOf`. */
export function partsOf(path: string): { source: string; content: string } | undefined {
  const [, source, content] = /^data\/train-([0-9a-f]{16})-([0-9a-f]{16})\.parquet$/.exec(path) ?? []
  return source === undefined || content === undefined ? undefined : { source, content }
}

/** The files of a version that hold documents. */
export async function* publishedFiles(store: ObjectStore, manifest: AnyVersion, { id }: PublishedLayout): AsyncGenerator<PublishedFile> {
  for await (const listed of versionFiles(store, manifest)) {
    if (liveRows(listed) === 0) continue
    const { file, deletes } = listed
    // All of them are held: not what is told of each.
    yield { listed: { file: { ...file, labels: [], columns: [] }, deletes }, source: sha256Hex(`${id} ${file.sha256} ${deletes?.sha256 ?? '-'}`).slice(0, 16) }
  }
}

export interface MaterializeParts {
  store: ObjectStore
  layout: PublishedLayout
  /** A folder on disk. */
  spool: string
  signal: AbortSignal
}

/**
 * Makes the content of a file: its documents that are in the version, in the layout. It lies in memory, or on disk without a name; a row group is in memory at a
 * time. The same file is the same bytes.
 */
export async function materialize({ listed }: PublishedFile, { store, layout, spool, signal }: MaterializeParts): Promise<LargeFile & AsyncDisposable> {
  await using undo = new AsyncDisposableStack()
  const content = undo.use(new Spool(spool, heldBytes))
  using encoder = new DocumentEncoder({ codec: 'zstd', layout: layout.layout })
  const columns = layout.columns.map(({ name }): ColumnName => name)
  const write = async (pieces: Iterable<Uint8Array>) => {
    for (const piece of pieces) if (piece.length > 0) await content.write(piece)
  }
  for await (const rows of readDataFile(store, listed, { signal, columns })) await write(encoder.append(rows.map(({ document }) => document as Document)))
  await write(encoder.finish())
  const sha256 = content.end()
  undo.move()
  return { sha256, bytes: content.bytes, read: (start, end) => content.read(start, end), [Symbol.asyncDispose]: () => content[Symbol.asyncDispose]() }
}
