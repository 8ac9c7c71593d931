import { identityColumns, hashParts, RowCollector, writeRowList } from '#infra/corpus/list-rows.ts'
import { storedFile } from '#infra/corpus/stored-file.ts'
import { writtenGroups } from '#schemas/parquet/inspect.ts'
import type { DataFile } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { readListed } from './read-in.ts'
import { lostPart, relistSnapshot, type HeadParts, type SnapshotHead, type SnapshotHeads } from './snapshot-heads.ts'

/** Read at once. */
const pieceBytes = 2 ** 20

/**
 * Writes the lists that files of a version before have not (schemas/row-list.ts), and the snapshots that name them: a validator takes no file without. Each such
 * file is read once. Nobody knows of the snapshots yet.
 * @returns those that changed
 */
export async function listShards(parts: HeadParts, heads: SnapshotHeads, signal: AbortSignal): Promise<Map<string, SnapshotHead>> {
  const changed = new Map<string, SnapshotHead>()
  for (const [jobId, head] of heads) {
    if (head.manifest.files.every(({ file }) => file.row_list)) continue
    const files = []
    for (const listed of head.manifest.files)
      files.push({ ...listed, file: listed.file.row_list ? listed.file : await withList(parts.store, listed.file, signal) })
    changed.set(jobId, await relistSnapshot(parts, head, files))
  }
  return changed
}

async function withList(store: ObjectStore, file: DataFile, signal: AbortSignal): Promise<DataFile> {
  const rows = new RowCollector()
  for await (const batch of readListed(store, { file, deletes: null }, { columns: identityColumns, signal }))
    for (const { document } of batch) rows.add(document)
  const bytes = storedFile(store, file, signal)
  const groups = await writtenGroups(bytes).catch(lostPart(file))
  const { labels, columns } = rows.collected()
  const { row_groups, digests } = await hashParts(piecesOf(bytes, file.bytes), { groups, fileBytes: file.bytes })
  return { ...file, labels, row_groups, row_list: await writeRowList(store, file, { rows: file.rows, columns, digests }) }
}

async function* piecesOf(bytes: ReturnType<typeof storedFile>, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += pieceBytes) yield await bytes.slice(at, Math.min(length, at + pieceBytes))
}
