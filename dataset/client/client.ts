import type { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { Batch } from '#dataset/api/batch/wire.ts'
import type { SqlAnswer, SqlBody } from '#dataset/api/sql/wire.ts'
import type * as viewer from '#dataset/api/viewer/wire.ts'
import type * as wire from '#dataset/api/wire.ts'
import type * as gravity from '#dataset/gravity/wire.ts'
import type { DatasetStatistics } from '#dataset/stats/described.ts'
import { exchange, readLines, readText, type Asking, type ClientOptions } from './exchange.ts'

interface Asked {
  signal?: AbortSignal | undefined
}
interface OfVersion extends Asked {
  /** The newest when left out. */
  version?: number | undefined
}
type ListedDocument = wire.Documents['documents'][number]
type OneDocument = z.infer<typeof wire.OneDocument>
type Filters = z.input<typeof wire.FiltersQuery>
interface DocumentsQuestion extends OfVersion, Partial<Filters> {
  sort?: 'id' | 'datetime' | '-datetime' | 'text_bytes' | '-text_bytes' | '-quality' | 'relevance' | undefined
  facets?: readonly ('label' | 'host' | 'lang' | 'source' | 'licence')[] | undefined
  /** With the texts. */
  text?: boolean | undefined
  total?: boolean | undefined
  /** Of a page: 1..1000. */
  limit?: number | undefined
  cursor?: string | undefined
}
type SqlQuestion = Omit<z.input<typeof SqlBody>, 'format'> & Asked
interface Slice extends Asked {
  offset?: number | undefined
  /** 1..100 */
  length?: number | undefined
}
type Rows = z.infer<typeof viewer.Rows>
/** What is left out has its default there. */
type Wish<Request extends z.ZodType> = Partial<z.output<Request>> & Asked

/** The service of datasets, by its HTTP API. Every method @throws OrreryError as the service says it, `upstream_failed` when it cannot be reached; the signal's reason */
export interface DatasetClient {
  datasets(asked?: Asked): AsyncGenerator<wire.VersionSummary>
  dataset(name: string, asked?: OfVersion): Promise<wire.Dataset>
  versions(name: string, asked?: Asked): AsyncGenerator<wire.VersionSummary>
  files(name: string, asked?: OfVersion): AsyncGenerator<wire.File>
  /** All documents that fit, page after page, of the version that the first page was of. */
  documents(name: string, question?: DocumentsQuestion): AsyncGenerator<ListedDocument>
  documentPage(name: string, question?: DocumentsQuestion): Promise<wire.Documents>
  document(name: string, id: string, asked?: OfVersion): Promise<OneDocument>
  statistics(name: string, asked?: OfVersion): Promise<DatasetStatistics>
  /** The first rows of its tokens. */
  batch(name: string, asked?: { rows?: number; sequence_tokens?: number } & Asked): Promise<Batch>
  sql(question: SqlQuestion): Promise<SqlAnswer>
  /** Rows as they come, in bounded memory. */
  sqlRows(question: SqlQuestion): AsyncGenerator<Record<string, unknown>>
  /** An Arrow IPC stream, as its bytes come. */
  sqlArrow(question: SqlQuestion): Promise<ReadableStream<Uint8Array>>
  /** Rows by their place, by words, by a condition, as Hugging Face's dataset viewer has them. */
  rows(name: string, slice?: Slice): Promise<Rows>
  search(name: string, query: string, slice?: Slice): Promise<Rows>
  filter(name: string, condition: { where?: string; orderby?: string }, slice?: Slice): Promise<Rows>
  /** Data Universe's verbs. */
  createGravityTask(wish: Wish<typeof gravity.CreateGravityTaskRequest>): Promise<z.infer<typeof gravity.CreateGravityTaskResponse>>
  getGravityTasks(wish: Wish<typeof gravity.GetGravityTasksRequest>): Promise<z.infer<typeof gravity.GetGravityTasksResponse>>
  getCrawler(wish: Wish<typeof gravity.GetCrawlerRequest>): Promise<z.infer<typeof gravity.GetCrawlerResponse>>
  cancelGravityTask(wish: Wish<typeof gravity.GravityTaskRequest>): Promise<z.infer<typeof gravity.CancelResponse>>
  buildDataset(wish: Wish<typeof gravity.BuildDatasetRequest>): Promise<z.infer<typeof gravity.BuildDatasetResponse>>
  buildAllDatasets(wish: Wish<typeof gravity.BuildAllDatasetsRequest>): Promise<z.infer<typeof gravity.BuildAllDatasetsResponse>>
  getDataset(wish: Wish<typeof gravity.DatasetRequest>): Promise<z.infer<typeof gravity.GetDatasetResponse>>
  cancelDataset(wish: Wish<typeof gravity.DatasetRequest>): Promise<z.infer<typeof gravity.CancelResponse>>
  listTopics(wish?: Wish<typeof gravity.ListTopicsRequest>): Promise<z.infer<typeof gravity.ListTopicsResponse>>
  onDemandData(
    wish: Omit<Wish<typeof gravity.OnDemandDataRequest>, 'startDate' | 'endDate'> & { startDate?: string; endDate?: string },
  ): Promise<z.infer<typeof gravity.OnDemandDataResponse>>
}

const answerBytesMaxDefault = 64 * 2 ** 20
const rowCharsMax = 32 * 2 ** 20

/** @throws OrreryError `invalid_argument` for a `baseUrl` that is no web address */
export function datasetClient(options: ClientOptions): DatasetClient {
  const { answerBytesMax = answerBytesMaxDefault } = options
  const base = URL.parse(options.baseUrl)
  if (!base || !/^https?:$/.test(base.protocol))
    throw new OrreryError('invalid_argument', `"${options.baseUrl}" is no address of a service; write one like http://127.0.0.1:8710.`)
  const ask = async <Answer>(asking: Omit<Asking, 'isRepeatable'> & { isRepeatable?: boolean }): Promise<Answer> =>
    answerOf<Answer>(await exchange(options, { isRepeatable: asking.body === undefined, ...asking }, (response) => readText(response, answerBytesMax)))
  const verb =
    (service: string, isRepeatable: boolean) =>
    <Answer>({ signal, ...body }: object & Asked = {}): Promise<Answer> =>
      ask({ path: service, body, isRepeatable, signal })
  const [acts, looks] = [
    (name: string) => verb(`/gravity.v1.GravityService/${name}`, false),
    (name: string) => verb(`/gravity.v1.GravityService/${name}`, true),
  ]
  const streamSql = ({ signal, ...body }: SqlQuestion, accept: string): Promise<Response> =>
    exchange(options, { path: '/sql', body, isRepeatable: true, signal, accept }, async (response) => response)
  const askRows = (path: string, name: string, { signal, ...query }: Slice & { query?: string; where?: string; orderby?: string }): Promise<Rows> =>
    ask({ path, query: { dataset: name, config: 'default', split: 'train', ...query }, signal })
  const documentPage = (name: string, { signal, facets, ...query }: DocumentsQuestion = {}): Promise<wire.Documents> =>
    ask({ path: `${of(name)}/documents`, query: { ...(query as Asking['query']), facets: facets?.join(',') }, signal })

  return {
    datasets: ({ signal } = {}) =>
      pages(
        (cursor) => ask<z.infer<typeof wire.Datasets>>({ path: '/v1/datasets', query: { cursor }, signal }),
        ({ datasets }) => datasets,
      ),
    dataset: (name, { signal, ...query } = {}) => ask({ path: of(name), query, signal }),
    versions: (name, { signal } = {}) =>
      pages(
        (cursor) => ask<z.infer<typeof wire.Versions>>({ path: `${of(name)}/versions`, query: { cursor }, signal }),
        ({ versions }) => versions,
      ),
    files: (name, { signal, version } = {}) =>
      pages(
        (cursor) => ask<z.infer<typeof wire.Files>>({ path: `${of(name)}/files`, query: cursor === undefined ? { version } : { cursor }, signal }),
        ({ files }) => files,
      ),
    // A cursor keeps to its version.
    documents: (name, { version, ...question } = {}) =>
      pages(
        (cursor) => documentPage(name, cursor === undefined ? { version, ...question } : { ...question, cursor }),
        ({ documents }) => documents,
      ),
    documentPage,
    document: (name, id, { signal, ...query } = {}) => ask({ path: `${of(name)}/documents/${encodeURIComponent(id)}`, query, signal }),
    statistics: (name, { signal, ...query } = {}) => ask({ path: `${of(name)}/statistics`, query, signal }),
    batch: (name, { signal, ...query } = {}) => ask({ path: `${of(name)}/batch`, query, signal }),
    sql: ({ signal, ...body }) => ask({ path: '/sql', body, isRepeatable: true, signal }),
    async *sqlRows(question) {
      for await (const row of readLines(await streamSql(question, 'application/x-ndjson'), rowCharsMax)) yield row as Record<string, unknown>
    },
    async sqlArrow(question) {
      const { body } = await streamSql(question, 'application/vnd.apache.arrow.stream')
      return body ?? new ReadableStream()
    },
    rows: (name, slice = {}) => askRows('/rows', name, slice),
    search: (name, query, slice = {}) => askRows('/search', name, { ...slice, query }),
    filter: (name, condition, slice = {}) => askRows('/filter', name, { ...slice, ...condition }),
    createGravityTask: acts('CreateGravityTask'),
    getGravityTasks: looks('GetGravityTasks'),
    getCrawler: looks('GetCrawler'),
    cancelGravityTask: looks('CancelGravityTask'),
    buildDataset: acts('BuildDataset'),
    buildAllDatasets: acts('BuildAllDatasets'),
    getDataset: looks('GetDataset'),
    cancelDataset: looks('CancelDataset'),
    listTopics: verb('/sn13.v1.Sn13Service/ListTopics', true),
    onDemandData: verb('/sn13.v1.Sn13Service/OnDemandData', true),
  }
}

const of = (name: string): string => `/v1/datasets/${encodeURIComponent(name)}`

function answerOf<Answer>(text: string): Answer {
  try {
    return JSON.parse(text) as Answer
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new OrreryError('upstream_failed', 'The answer is no JSON; is this the address of a service of datasets?', {}, cause)
  }
}

async function* pages<Page extends { next_cursor: string | null }, Item>(
  page: (cursor: string | undefined) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): AsyncGenerator<Item> {
  let cursor: string | undefined
  do {
    const found = await page(cursor)
    yield* itemsOf(found)
    // One that goes round in a circle would never end.
    if (found.next_cursor !== null && found.next_cursor === cursor) throw new OrreryError('upstream_failed', 'The next page is the one before it; ask again.')
    cursor = found.next_cursor ?? undefined
  } while (cursor !== undefined)
}
