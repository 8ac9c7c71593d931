import { basename } from 'node:path/posix'
import type { FastifyReply } from 'fastify'
import { ErrorBody, type Server } from '#infra/net/server.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Sql } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { droppedOf, fileCount, labelsOf, sourcesOf, type DatasetEntry } from '#dataset/versions.ts'
import { liveRows, versionFiles } from '#dataset/version-files.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { provenanceOf, requireDataset, signedUrl } from './lookup.ts'
import { liveFiles } from './live-files.ts'
import { findDocument, searchDocuments } from './search.ts'
import * as wire from './wire.ts'

export interface ApiParts {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  telemetry: Telemetry
}

const refusals = { 400: ErrorBody, 404: ErrorBody }

/** The routes of the query API. @param parts asked for at each request, so that the routes can be described without any */
export async function datasetRoutes(app: Server, parts: () => ApiParts): Promise<void> {
  await app.register(versionRoutes, { parts })
  await app.register(documentRoutes, { parts })
}

async function versionRoutes(app: Server, { parts }: { parts: () => ApiParts }): Promise<void> {
  app.get('/v1/datasets', { schema: { summary: 'The newest version of each dataset', response: { 200: wire.Datasets } } }, async () => {
    const { catalog } = parts()
    const heads = await Promise.all((await catalog.lines(families.datasets)).map((line) => catalog.head(line)))
    return { datasets: heads.flatMap((head) => (head ? [summaryOf(head)] : [])) }
  })

  const one = { summary: 'The newest version of a dataset, and its tokens', params: wire.DatasetParams, response: { 200: wire.Dataset, ...refusals } }
  app.get('/v1/datasets/:name', { schema: one }, async ({ params: { name } }) => {
    const { catalog } = parts()
    const [entry, tokens] = await Promise.all([requireDataset(catalog, name), catalog.head(lineage.tokens(name))])
    const { origin } = entry.manifest
    const sources = sourcesOf(entry.manifest)
    if (tokens?.kind !== 'token-version') return { ...summaryOf(entry), sources, origin, tokens: null }
    const { dataset, tokenizer, groups } = tokens.manifest
    const sum = (of: 'tokens' | 'shards'): number => groups.reduce((all, group) => all + group[of], 0)
    const summary = { version: tokens.version, sha256: tokens.sha256, dataset, tokenizer, tokens: sum('tokens'), shards: sum('shards') }
    return { ...summaryOf(entry), sources, origin, tokens: summary }
  })

  const versions = {
    summary: 'Versions of a dataset, newest first',
    params: wire.DatasetParams,
    querystring: wire.VersionsQuery,
    response: { 200: wire.Versions, ...refusals },
  }
  app.get('/v1/datasets/:name/versions', { schema: versions }, async ({ params: { name }, query: { limit } }) => {
    const { catalog } = parts()
    await requireDataset(catalog, name)
    return { versions: (await catalog.history(lineage.dataset(name), { limit })).map(summaryOf) }
  })

  const files = {
    summary: 'Parquet files of a version',
    params: wire.DatasetParams,
    querystring: wire.VersionQuery,
    response: { 200: wire.Files, ...refusals },
  }
  app.get('/v1/datasets/:name/files', { schema: files }, async ({ params: { name }, query: { version } }) => {
    const { catalog, store } = parts()
    const entry = await requireDataset(catalog, name, version)
    const listed: wire.Files['files'] = []
    for await (const file of versionFiles(store, entry.manifest)) if (liveRows(file) > 0) listed.push(await describe(store, file))
    return { dataset: name, version: entry.version, files: listed }
  })
}

async function documentRoutes(app: Server, { parts }: { parts: () => ApiParts }): Promise<void> {
  const files = liveFiles(() => parts().store)
  const page = {
    summary: 'Documents of a version, by id, a page at a time',
    params: wire.DatasetParams,
    querystring: wire.DocumentsQuery,
    response: { 200: wire.Documents, ...refusals },
  }
  app.get('/v1/datasets/:name/documents', { schema: page }, async (request, reply) => {
    const { cursor: spelled, version, limit, ...filters } = request.query
    const cursor = spelled === undefined ? undefined : decodeCursor(spelled)
    if (cursor && version !== undefined && version !== cursor.version)
      throw new OrreryError('invalid_argument', `cursor: it belongs to version ${cursor.version}, not ${version}; leave version out.`)
    const { catalog, sql, telemetry } = parts()
    const { name } = request.params
    const entry = await requireDataset(catalog, name, cursor?.version ?? version)
    const found = await searchDocuments({ sql, files, telemetry }, entry, { ...filters, after: cursor?.after, limit: limit + 1 }, hangUp(reply))
    const documents = found.slice(0, limit)
    const last = found.length > limit ? documents.at(-1) : undefined
    return { dataset: name, version: entry.version, documents, next_cursor: last ? encodeCursor({ version: entry.version, after: last.id }) : null }
  })

  const single = {
    summary: 'One document and where it came from',
    params: wire.DocumentParams,
    querystring: wire.VersionQuery,
    response: { 200: wire.OneDocument, ...refusals },
  }
  app.get('/v1/datasets/:name/documents/:id', { schema: single }, async (request, reply) => {
    const { catalog, sql, telemetry } = parts()
    const { name, id } = request.params
    const entry = await requireDataset(catalog, name, request.query.version)
    const found = await findDocument({ sql, files, telemetry }, entry, id, hangUp(reply))
    if (!found) throw new OrreryError('not_found', `Version ${entry.version} of dataset "${name}" has no document ${id}.`, { name, id })
    const { document, file } = found
    return { document, provenance: await provenanceOf(catalog, entry, document, file.file.sha256) }
  })
}

/** Aborted when the client goes away before it was answered. */
function hangUp({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => controller.abort(new OrreryError('upstream_failed', 'The client hung up before the search was done.')))
  return controller.signal
}

async function describe(store: ObjectStore, listed: VersionFile): Promise<wire.Files['files'][number]> {
  const { file, deletes } = listed
  const object = async ({ key, sha256, bytes }: StoredObject) => ({ key, sha256, bytes, url: await signedUrl(store, key) })
  return { name: basename(file.key), ...(await object(file)), rows: file.rows, live_rows: liveRows(listed), deletes: deletes && (await object(deletes)) }
}

function summaryOf({ version, sha256, manifest }: DatasetEntry) {
  const { name, parent, documents, text_bytes } = manifest
  const counts = { labels: Object.fromEntries(labelsOf(manifest)), dropped: Object.fromEntries(droppedOf(manifest)) }
  return { name, version, sha256, parent, documents, text_bytes, files: fileCount(manifest), ...counts }
}
