import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { VersionFile, VersionGroup } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'

/** Files of versions by the job that has them and what they are: two jobs may have the same file, each with its own rows. */
export type FilesByName = ReadonlyMap<string, VersionFile>

export const fileName = ({ hotkey, job_id }: Pick<VersionGroup, 'hotkey' | 'job_id'>, { file: { sha256 } }: Pick<VersionFile, 'file'>): string =>
  JSON.stringify([hotkey, job_id, sha256])

/** The ids of documents that one version has and the next has not. Of a file that both have alike nothing is read. @throws OrreryError `data_unreadable` */
export async function goneDocuments(store: Pick<ObjectStore, 'get'>, former: FilesByName, next: FilesByName, signal: AbortSignal): Promise<Set<string>> {
  const gone = new Set<string>()
  for (const [name, listed] of former) for await (const id of idsBeyond(store, listed, next.get(name), signal)) gone.add(id)
  if (gone.size > 0) for (const [name, listed] of next) for await (const id of idsBeyond(store, listed, former.get(name), signal)) gone.delete(id)
  return gone
}

/** Ids of the rows of a file that one version has and the other has not. */
async function* idsBeyond(store: Pick<ObjectStore, 'get'>, listed: VersionFile, other: VersionFile | undefined, signal: AbortSignal): AsyncGenerator<string> {
  if (other && other.deletes?.sha256 === listed.deletes?.sha256) return
  const own = await readDeletionVector(store, listed)
  const theirs = other ? await readDeletionVector(store, other) : DeletedRows.none
  const rows = other && [...theirs].filter((row) => !own.has(row))
  if (rows?.length === 0) return
  for await (const batch of readDataFile(store, listed, { signal, columns: ['id'], ...(rows && { rows }) })) for (const { document } of batch) yield document.id
}
