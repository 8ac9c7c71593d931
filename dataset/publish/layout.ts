import { createWriteStream, openAsBlob } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { fileDocuments } from '../documents.ts'
import { liveRows, versionFiles } from '../version-files.ts'
import type { AnyVersion } from '../versions.ts'

/** A Parquet file as it shall lie in the repository. */
export interface PublishedFile {
  /** Names what is in it: a file with that name is that file. */
  path: string
  /** As the store has it: about what the file takes. */
  bytes: number
  listed: VersionFile
}

/** Paths of ours, those of versions of before too. */
export const isOurs = (path: string): boolean => /^data\/train-(?:\d{5}-of-\d{5}|[0-9a-f]{16})\.parquet$/.test(path)

/** The files of a version that hold documents. */
export async function publishedFiles(store: ObjectStore, manifest: AnyVersion): Promise<PublishedFile[]> {
  const files: PublishedFile[] = []
  for await (const listed of versionFiles(store, manifest)) {
    if (liveRows(listed) === 0) continue
    const { file, deletes } = listed
    const name = deletes ? sha256Hex(`${file.sha256} ${deletes.sha256}`) : file.sha256
    files.push({ path: `data/train-${name.slice(0, 16)}.parquet`, bytes: file.bytes, listed })
  }
  return files
}

/** Its content as a file in a folder, without the rows that are deleted; a row group in memory at a time. */
export async function materialize(store: ObjectStore, { path, listed }: PublishedFile, folder: string, signal: AbortSignal): Promise<Blob> {
  const target = join(folder, path)
  await mkdir(dirname(target), { recursive: true })
  if (listed.deletes === null) await pipeline(Readable.from(pieces(store, listed)), createWriteStream(target), { signal })
  else
    await writeDataFile(
      { put: (_key, body) => pipeline(Readable.from(body instanceof Uint8Array ? [body] : body), createWriteStream(target), { signal }) },
      {
        documents: fileDocuments(store, listed, signal),
        codec: 'zstd',
        writtenAt: new Date(listed.file.written_at),
        keyOf: () => path,
        spool: join(folder, 'spool'),
      },
    )
  return openAsBlob(target)
}

const pieceBytes = 8 * 2 ** 20

async function* pieces(store: ObjectStore, { file: { key, bytes } }: VersionFile): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes; start += pieceBytes) yield await store.get(key, { start, end: Math.min(bytes, start + pieceBytes) })
}
