import { z } from 'zod'
import { tokenTotals } from '#infra/corpus/groups.ts'
import type { Server } from '#infra/net/server.ts'
import { compareText } from '#schemas/compare-text.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { droppedOf, fileCount, labelsOf, sourcesOf, type DatasetEntry } from '#dataset/versions.ts'
import { answerOne, answerRows, rowsResponse } from './answer.ts'
import { datasetColumns, summaryColumns } from './columns.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { fileRoutes } from './file-routes.ts'
import { requireDataset } from './lookup.ts'
import type { RoutesOptions } from './routes.ts'
import { headOf } from './recent-entries.ts'
import { rowsOf } from './rows.ts'
import * as wire from './wire.ts'

/** Datasets, their versions and the files of those. */
export async function versionRoutes(app: Server, options: RoutesOptions): Promise<void> {
  listDatasets(app, options)
  oneDataset(app, options)
  listVersions(app, options)
  await app.register(fileRoutes, options)
}

function listDatasets(app: Server, { parts }: RoutesOptions): void {
  const schema = {
    operationId: 'listDatasets',
    summary: 'The newest version of each dataset, by name',
    querystring: wire.ListQuery,
    response: rowsResponse(wire.Datasets, 'Datasets'),
  }
  app.get('/v1/datasets', { schema }, async (request, reply) => {
    const { limit, cursor } = request.query
    const question = { of: 'datasets' }
    const after = cursor === undefined ? undefined : decodeCursor(cursor, question, z.string())
    const { catalog } = parts()
    const lines = (await catalog.lines(families.datasets)).filter((line) => after === undefined || compareText(line.name, after) > 0)
    const listed = lines.slice(0, limit)
    const heads = await Promise.all(listed.map((line) => headOf(catalog, line.name.slice(families.datasets.prefix.length))))
    const datasets = heads.flatMap((head) => (head ? [summaryOf(head)] : []))
    const last = lines.length > limit ? listed.at(-1) : undefined
    const next = last ? encodeCursor(question, last.name) : null
    return answerRows(request, reply, {
      rows: rowsOf(summaryColumns, datasets),
      rowsName: 'datasets',
      members: { next_cursor: next },
      next,
      isFixed: false,
    })
  })
}

function oneDataset(app: Server, { parts }: RoutesOptions): void {
  const schema = {
    operationId: 'getDataset',
    summary: 'A version of a dataset, and its newest tokens',
    params: wire.DatasetParams,
    querystring: wire.VersionQuery,
    response: rowsResponse(wire.Dataset, 'A version of a dataset'),
  }
  app.get('/v1/datasets/:name', { schema }, async (request, reply) => {
    const { catalog, store } = parts()
    const { name } = request.params
    const entry = await requireDataset(catalog, name, request.query.version)
    const { origin } = entry.manifest
    const value: wire.Dataset = { ...summaryOf(entry), sources: await sourcesOf(store, entry.manifest), origin, tokens: await tokensOf(catalog, name) }
    return answerOne(request, reply, { rows: () => rowsOf(datasetColumns, [value]), value, isFixed: false })
  })
}

function listVersions(app: Server, { parts }: RoutesOptions): void {
  const schema = {
    operationId: 'listVersions',
    summary: 'Versions of a dataset, newest first',
    params: wire.DatasetParams,
    querystring: wire.ListQuery,
    response: rowsResponse(wire.Versions, 'Versions'),
  }
  app.get('/v1/datasets/:name/versions', { schema }, async (request, reply) => {
    const { catalog } = parts()
    const { name } = request.params
    const { limit, cursor } = request.query
    const question = { of: 'versions', name }
    const before = cursor === undefined ? undefined : decodeCursor(cursor, question, z.int().positive())
    await requireDataset(catalog, name)
    const page = { limit: limit + 1, ...(before !== undefined && { before }) }
    const found = await catalog.history(lineage.dataset(name), page)
    const listed = found.slice(0, limit)
    const last = found.length > limit ? listed.at(-1) : undefined
    const next = last ? encodeCursor(question, last.version) : null
    return answerRows(request, reply, {
      rows: rowsOf(summaryColumns, listed.map(summaryOf)),
      rowsName: 'versions',
      members: { next_cursor: next },
      next,
      isFixed: false,
    })
  })
}

function summaryOf({ version, sha256, manifest }: DatasetEntry): wire.VersionSummary {
  const { name, parent, documents, text_bytes } = manifest
  const counts = { labels: Object.fromEntries(labelsOf(manifest)), dropped: Object.fromEntries(droppedOf(manifest)) }
  return { name, version, sha256, parent, documents, text_bytes, files: fileCount(manifest), ...counts }
}

async function tokensOf(catalog: Catalog, name: string): Promise<wire.Dataset['tokens']> {
  const tokens = await catalog.head(lineage.tokens(name))
  if (tokens?.kind !== 'token-version') return null
  const { dataset, tokenizer } = tokens.manifest
  const totals = tokenTotals(tokens.manifest)
  return { version: tokens.version, sha256: tokens.sha256, dataset, tokenizer, tokens: totals.tokens, shards: totals.shards }
}
