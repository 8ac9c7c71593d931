import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Facet, Filters, NoMatch, Page } from '#dataset/query/dataset-query.ts'
import { answerOne, answerRows, rowsResponse } from './answer.ts'
import { listedColumns, wholeColumns } from './columns.ts'
import { decodeCursor, encodeCursor, requireSameVersion } from './cursor.ts'
import { documentPage } from './document-page.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { provenanceOf, requireDataset } from './lookup.ts'
import type { RoutesOptions } from './routes.ts'
import { rowsOf } from './rows.ts'
import * as wire from './wire.ts'

/** Version, and `next` of a page of it. */
const Position = z.tuple([z.int().positive(), z.string()])
const facetValuesMax = 20

/** Documents of a version, by whatever is asked of them, and one with its texts. */
export async function documentRoutes(app: Server, options: RoutesOptions): Promise<void> {
  listDocuments(app, options)
  oneDocument(app, options)
}

function listDocuments(app: Server, { parts }: RoutesOptions): void {
  const schema = {
    operationId: 'listDocuments',
    summary: 'Documents of a version, a page at a time',
    params: wire.DatasetParams,
    querystring: wire.DocumentsQuery,
    response: rowsResponse(wire.Documents, 'A page of documents'),
  }
  app.get('/v1/datasets/:name/documents', { schema }, async (request, reply) => {
    const { catalog, query } = parts()
    const { name } = request.params
    const { cursor, version, limit, text, total, facets, format: _, sort: wished, ...asked } = request.query
    const filters = filtersOf(asked)
    const sort = wished ?? (filters.q === undefined ? 'id' : 'relevance')
    const question = { of: 'documents', name, sort, ...asked }
    const [pinned, after] = cursor === undefined ? [version] : decodeCursor(cursor, question, Position)
    requireSameVersion(version, pinned)
    const entry = await requireDataset(catalog, name, pinned)
    const signal = hangUp(reply)
    const [page, found] = await Promise.all([
      documentPage(query, entry, { filters, sort, limit, after }, { withText: text, signal }),
      facets === undefined ? [] : query.facets(entry, filters, facets, facetValuesMax, signal),
    ])
    const next = page.next === null ? null : encodeCursor(question, [entry.version, page.next])
    const members = { dataset: name, version: entry.version, next_cursor: next, ...besideOf(page, { total, facets: found }) }
    const columns = text ? [...listedColumns, { name: 'text', kind: 'string' as const }] : listedColumns
    return answerRows(request, reply, {
      rows: rowsOf(columns as never, page.rows),
      rowsName: 'documents',
      members,
      next,
      total: total && page.total.isExact ? page.total.documents : undefined,
      isFixed: pinned !== undefined && page.partial === null,
    })
  })
}

function oneDocument(app: Server, { parts }: RoutesOptions): void {
  const schema = {
    operationId: 'getDocument',
    summary: 'One document and where it came from',
    params: wire.DocumentParams,
    querystring: wire.VersionQuery,
    response: rowsResponse(wire.OneDocument, 'A document'),
  }
  app.get('/v1/datasets/:name/documents/:id', { schema }, async (request, reply) => {
    const { catalog, store, query } = parts()
    const { name, id } = request.params
    const { version } = request.query
    const entry = await requireDataset(catalog, name, version)
    const found = await query.document(entry, id, hangUp(reply))
    if (!found) throw new OrreryError('not_found', `Version ${entry.version} of dataset "${name}" has no document ${id}.`, { name, id })
    const { document } = found
    const value = { document, provenance: await provenanceOf({ catalog, store }, entry, document, found.file) }
    return answerOne(request, reply, { rows: () => rowsOf(wholeColumns as never, [document]), value, isFixed: version !== undefined })
  })
}

type Asked = z.infer<typeof wire.FiltersQuery>

/** @throws OrreryError `invalid_argument` for a time that ends before it begins */
function filtersOf({ min_quality: minQuality, ...filters }: Asked): Filters {
  const { from, to } = filters
  if (from !== undefined && to !== undefined && from >= to)
    throw new OrreryError('invalid_argument', 'from: it is not before to, so that nothing lies between.')
  return { ...filters, minQuality }
}

const besideOf = ({ total, noMatch, partial }: Pick<Page, 'total' | 'noMatch' | 'partial'>, wish: { total: boolean; facets: readonly Facet[] }) => ({
  total: wish.total ? { documents: total.documents, is_exact: total.isExact } : null,
  facets: wish.facets,
  no_match: noMatch.map(({ field, ...rest }: NoMatch) => ({ field: field === 'minQuality' ? 'min_quality' : field, ...rest })),
  partial,
})
