import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { SqlRow } from '#schemas/sql.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { blockLines, countOf, linesOf, type BoundScript } from './script.ts'
import { cdxFields, CdxQueryString, fieldOf, pageSizeMax, type CdxField } from './wire.ts'

const lookUpMsMax = 30_000
const bytesMax = 64 * 2 ** 20

/** The pages of a dataset as an index of captures, for clients of CDX servers: pywb, Common Crawl, cdx_toolkit. */
export async function cdxRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'listCaptures',
    summary: 'Pages of the newest version of a dataset, as a CDX server has them',
    tags: ['pages'],
    querystring: CdxQueryString,
    response: { 200: z.string().describe('A line for each capture. With showNumPages: {"pages", "pageSize", "blocks"}.') },
  }
  app.get('/cdx', { schema }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    const entry = await datasetOf(catalog, asked.dataset)
    const ask = asking(query, entry, hangUp(reply))
    if (asked.showNumPages === 'true' || asked.showNumPages === '1') return reply.type('application/json').send(JSON.stringify(await pagesOf(asked, ask)))
    const fields = fieldsOf(asked)
    const lines = await ask(linesOf(asked))
    if (lines.length === 0) throw await nothingFound(asked, ask)
    return reply.type(contentTypes[asked.output]).send(await written(lines, fields, writers[asked.output]))
  })
}

type AskLines = (bound: BoundScript) => Promise<SqlRow[]>

const asking =
  (query: DatasetQuery, entry: DatasetEntry, signal: AbortSignal): AskLines =>
  async ({ script, parameters }) => {
    const bounds = { rowsMax: pageSizeMax * blockLines, bytesMax, cut: false, timeoutMs: lookUpMsMax }
    return (await query.statement(entry, script, { ...bounds, parameters, signal })).rows
  }

/** @throws OrreryError `invalid_argument` where it is not said which one of several, `not_found` */
async function datasetOf(catalog: Catalog, name: string | undefined): Promise<DatasetEntry> {
  if (name !== undefined) return requireDataset(catalog, name)
  const lines = await catalog.lines(families.datasets)
  const names = lines.map((line) => line.name.slice(families.datasets.prefix.length))
  const [only, another] = names
  if (only === undefined) throw new OrreryError('not_found', 'There is no dataset yet.')
  if (another === undefined) return requireDataset(catalog, only)
  throw new OrreryError('invalid_argument', `There are ${names.length} datasets; say which with dataset=, like dataset=${only}.`)
}

async function pagesOf(asked: CdxQueryString, ask: AskLines): Promise<{ pages: number; pageSize: number; blocks: number }> {
  const [row] = await ask(countOf(asked))
  const blocks = Math.ceil(Number(row?.['lines'] ?? 0) / blockLines)
  return { pages: Math.ceil(blocks / asked.pageSize), pageSize: asked.pageSize, blocks }
}

/** A page behind the last is a wrong question; that there are no captures is an answer: clients tell them by their status. */
async function nothingFound(asked: CdxQueryString, ask: AskLines): Promise<OrreryError> {
  if (asked.page === 0) return new OrreryError('not_found', `No captures found for: ${asked.url}`)
  const { pages } = await pagesOf(asked, ask)
  return new OrreryError('invalid_argument', `Page ${asked.page} invalid: first page is 0, last page is ${Math.max(0, pages - 1)}.`, { pages })
}

/** @throws OrreryError `invalid_argument` */
function fieldsOf({ fl }: CdxQueryString): readonly CdxField[] {
  if (fl === undefined || fl === '') return cdxFields
  return fl.split(',').map((name) => {
    const field = fieldOf(name.trim())
    if (field) return field
    throw new OrreryError('invalid_argument', `fl: there is no field "${name}"; there are ${cdxFields.join(', ')}.`, { field: name })
  })
}

/** Lines that are written at once: others are answered between them. */
const batchLines = 1000

async function written(lines: readonly SqlRow[], fields: readonly CdxField[], write: Write): Promise<string> {
  const texts: string[] = []
  for (const [n, line] of lines.entries()) {
    if (n > 0 && n % batchLines === 0) await setImmediate()
    texts.push(write(line, fields), '\n')
  }
  return texts.join('')
}

type Write = (line: SqlRow, fields: readonly CdxField[]) => string

const asJson: Write = (line, fields) => JSON.stringify(Object.fromEntries(fields.map((field) => [field, line[field]])))

/** A field of a line of fields: a miner's words may hold what would end it. */
const plain = (cell: unknown): string => String(cell ?? '').replace(/[\s\p{Cc}]+/gu, '%20') || '-'

const writers: Record<CdxQueryString['output'], Write> = {
  json: asJson,
  text: (line, fields) => fields.map((field) => plain(line[field])).join(' '),
  cdxj: (line, fields) =>
    `${plain(line['urlkey'])} ${plain(line['timestamp'])} ${asJson(
      line,
      fields.filter((field) => !leading.has(field)),
    )}`,
}
const leading = new Set<CdxField>(['urlkey', 'timestamp'])

const contentTypes: Record<CdxQueryString['output'], string> = {
  json: 'text/x-ndjson; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  cdxj: 'text/x-cdxj; charset=utf-8',
}
