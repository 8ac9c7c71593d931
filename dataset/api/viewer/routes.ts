import type { FastifyReply } from 'fastify'
import type { Server } from '#infra/net/server.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { reachedStore } from '#infra/store/reached-store.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import type { SharedCount } from '#dataset/stats/shared-count.ts'
import { sendFailure } from './failure.ts'
import { featureList, featuresByName } from './features.ts'
import { filterRows, rowsAt, searchRows, slice, type FoundRows } from './find-rows.ts'
import { parquetFiles, sizeOf } from './files.ts'
import { previewRows } from './rows.ts'
import { onlyConfig as config, onlySplit as split, requireSplit } from './split.ts'
import * as wire from './wire.ts'

const noJobs = { pending: [], failed: [] }
const refusals = { 404: wire.ErrorResponse, 422: wire.ErrorResponse, 503: wire.ErrorResponse }

/**
 * The API of Hugging Face's dataset viewer over our datasets, so that its clients work here: at the root, with its parameters, answers and errors. Rows are
 * those of the newest version, which the header `X-Revision` names by its content address.
 */
export async function viewerRoutes(app: Server, options: ViewerOptions): Promise<void> {
  app.setErrorHandler(sendFailure)
  await app.register(aboutRoutes, options)
  await app.register(rowRoutes, options)
}

interface ViewerOptions extends RoutesOptions {
  counts: SharedCount
}

const ofDataset = (operationId: string, summary: string) => ({ operationId, summary, tags: ['dataset viewer'], querystring: wire.DatasetQueryString })

async function aboutRoutes(app: Server, { parts }: ViewerOptions): Promise<void> {
  app.get(
    '/is-valid',
    { schema: { ...ofDataset('isValidDataset', 'What can be asked of a dataset'), response: { 200: wire.IsValid, ...refusals } } },
    async ({ query }, reply) => {
      const is = revised(reply, await requireSplit(parts().catalog, query)).manifest.documents > 0
      return { preview: is, viewer: is, search: is, filter: is, statistics: is }
    },
  )

  app.get(
    '/splits',
    { schema: { ...ofDataset('listSplits', 'Splits of a dataset'), response: { 200: wire.Splits, ...refusals } } },
    async ({ query }, reply) => {
      revised(reply, await requireSplit(parts().catalog, query))
      return { splits: [{ dataset: query.dataset, config, split }], ...noJobs }
    },
  )

  app.get(
    '/parquet',
    { schema: { ...ofDataset('listParquetFiles', 'Parquet files of a dataset'), response: { 200: wire.ParquetFiles, ...refusals } } },
    async (request, reply) => {
      const { query } = request
      const { catalog, store } = parts()
      const { files, isPartial } = await parquetFiles(reachedStore(store, request), revised(reply, await requireSplit(catalog, query)))
      const parquet_files = files.map((file) => ({ dataset: query.dataset, config, split, ...file }))
      return { parquet_files, features: featuresByName, ...noJobs, partial: isPartial }
    },
  )

  app.get(
    '/size',
    { schema: { ...ofDataset('getDatasetSize', 'Rows and bytes of a dataset'), response: { 200: wire.Size, ...refusals } } },
    async ({ query }, reply) => {
      const { catalog, store } = parts()
      const sizes = await sizeOf(store, revised(reply, await requireSplit(catalog, query)))
      const whole = { dataset: query.dataset, ...sizes }
      const ofConfig = { ...whole, config, num_columns: featureList.length }
      const splits = [{ ...ofConfig, split }]
      return { size: query.config ? { config: ofConfig, splits } : { dataset: whole, configs: [ofConfig], splits }, ...noJobs, partial: false }
    },
  )

  app.get('/info', { schema: { ...ofDataset('getDatasetInfo', 'What a dataset is'), response: { 200: wire.Info, ...refusals } } }, async ({ query }, reply) => {
    const { catalog, store } = parts()
    const entry = revised(reply, await requireSplit(catalog, query))
    const { num_bytes_memory: bytes, num_bytes_parquet_files, num_rows } = await sizeOf(store, entry)
    const info = {
      description: '',
      citation: '',
      homepage: '',
      license: '',
      features: featuresByName,
      builder_name: 'parquet',
      dataset_name: query.dataset,
      config_name: config,
      version: { version_str: `${entry.version}.0.0`, major: entry.version, minor: 0, patch: 0 },
      splits: { train: { name: split, num_bytes: bytes, num_examples: num_rows, dataset_name: query.dataset } },
      download_size: num_bytes_parquet_files,
      dataset_size: bytes,
    }
    return { dataset_info: query.config ? info : { default: info }, ...noJobs, partial: false }
  })
}

const ofRows = (operationId: string, summary: string) => ({ operationId, summary, tags: ['dataset viewer'], response: { 200: wire.Rows, ...refusals } })

async function rowRoutes(app: Server, { parts, counts }: ViewerOptions): Promise<void> {
  const first = {
    ...ofRows('listFirstRows', 'The first 100 rows, within a megabyte'),
    querystring: wire.SplitQueryString,
    response: { 200: wire.FirstRows, ...refusals },
  }
  app.get('/first-rows', { schema: first }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    const entry = revised(reply, await requireSplit(catalog, asked))
    const rows = await rowsAt(query, entry, { offset: 0, length: wire.rowsPageMax }, hangUp(reply))
    return { dataset: asked.dataset, config, split, features: featureList, ...previewRows(rows) }
  })

  app.get('/rows', { schema: { ...ofRows('listRows', 'Rows by their place'), querystring: wire.RowsQueryString } }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    return pageOf(await slice(query, revised(reply, await requireSplit(catalog, asked)), asked, hangUp(reply)))
  })

  app.get('/search', { schema: { ...ofRows('searchRows', 'Rows with these words'), querystring: wire.SearchQueryString } }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    return pageOf(await searchRows(query, revised(reply, await requireSplit(catalog, asked)), asked, asked.query, hangUp(reply)))
  })

  app.get(
    '/filter',
    { schema: { ...ofRows('filterRows', 'Rows that fit a condition'), querystring: wire.FilterQueryString } },
    async ({ query: asked }, reply) => {
      const { catalog, query } = parts()
      return pageOf(await filterRows(query, revised(reply, await requireSplit(catalog, asked)), asked, asked, hangUp(reply)))
    },
  )

  const statistics = {
    ...ofRows('getColumnStatistics', 'What its columns hold'),
    querystring: wire.SplitQueryString,
    response: { 200: wire.Statistics, ...refusals },
  }
  app.get('/statistics', { schema: statistics }, async ({ query: asked }, reply) => {
    const entry = revised(reply, await requireSplit(parts().catalog, asked))
    const { columns } = await counts.statistics(parts(), entry)
    return { num_examples: entry.manifest.documents, statistics: columns, partial: false }
  })
}

function revised(reply: FastifyReply, entry: DatasetEntry): DatasetEntry {
  void reply.header('x-revision', entry.sha256)
  return entry
}

const pageOf = ({ rows, total, partial }: FoundRows) => ({
  features: featureList,
  rows,
  num_rows_total: total,
  num_rows_per_page: wire.rowsPageMax,
  partial,
})
