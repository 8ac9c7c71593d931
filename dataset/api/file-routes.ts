import { basename } from 'node:path/posix'
import { z } from 'zod'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import type { Server } from '#infra/net/server.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, readGroup, versionFiles } from '#dataset/version-files.ts'
import type { AnyVersion } from '#dataset/versions.ts'
import { answerRows, rowsResponse } from './answer.ts'
import { fileColumns } from './columns.ts'
import { decodeCursor, encodeCursor, requireSameVersion } from './cursor.ts'
import { requireDataset, signedUrl } from './lookup.ts'
import { reachedStore } from '#infra/store/reached-store.ts'
import type { RoutesOptions } from './routes.ts'
import { rowsOf } from './rows.ts'
import * as wire from './wire.ts'

const Position = z.tuple([z.int().positive(), z.int().nonnegative()])

/** The Parquet files of a version. */
export async function fileRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'listFiles',
    summary: 'Parquet files of a version',
    params: wire.DatasetParams,
    querystring: wire.FilesQuery,
    response: rowsResponse(wire.Files, 'Files'),
  }
  app.get('/v1/datasets/:name/files', { schema }, async (request, reply) => {
    const { catalog, store: own } = parts()
    const store = reachedStore(own, request)
    const { name } = request.params
    const { limit, cursor, version } = request.query
    const question = { of: 'files', name }
    const [pinned, offset] = cursor === undefined ? [version, 0] : decodeCursor(cursor, question, Position)
    requireSameVersion(version, pinned)
    const entry = await requireDataset(catalog, name, pinned)
    const files: wire.File[] = []
    let end = offset
    let next: string | null = null
    for await (const { listed, at } of filesFrom(store, entry.manifest, offset)) {
      if (files.length === limit) {
        next = encodeCursor(question, [entry.version, end])
        break
      }
      files.push(await describe(store, listed))
      end = at + 1
    }
    return answerRows(request, reply, {
      rows: rowsOf(fileColumns, files),
      rowsName: 'files',
      members: { dataset: name, version: entry.version, next_cursor: next },
      next,
      // Signed URLs end.
      isFixed: false,
    })
  })
}

/** Files with documents, numbered over all files of the version; the lists of groups before `offset` are not read. */
async function* filesFrom(store: ObjectStore, manifest: AnyVersion, offset: number): AsyncGenerator<{ listed: VersionFile; at: number }> {
  let at = 0
  if (manifest.kind === 'dataset') {
    for await (const listed of versionFiles(store, manifest)) if (at++ >= offset && liveRows(listed) > 0) yield { listed, at: at - 1 }
    return
  }
  for (const group of (await readVersionGroups(store, manifest)).items) {
    if (at + group.files <= offset) {
      at += group.files
      continue
    }
    for (const listed of await readGroup(store, group)) if (at++ >= offset && liveRows(listed) > 0) yield { listed, at: at - 1 }
  }
}

async function describe(store: ObjectStore, listed: VersionFile): Promise<wire.File> {
  const { file, deletes } = listed
  const object = async ({ key, sha256, bytes }: StoredObject) => ({ key, sha256, bytes, url: await signedUrl(store, key) })
  return { name: basename(file.key), ...(await object(file)), rows: file.rows, live_rows: liveRows(listed), deletes: deletes && (await object(deletes)) }
}
