import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { asking, datasetOf, type AskLines } from './captures.ts'
import { writers, written } from './lines.ts'
import { blockLines, countOf, linesOf } from './script.ts'
import { waybackRoutes } from './wayback-routes.ts'
import { cdxFields, CdxQueryString, fieldsIn, isYes } from './wire.ts'

/** The pages of a dataset as an index of captures, for clients of CDX servers: pywb, Common Crawl, cdx_toolkit. */
export async function cdxRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'listCaptures',
    summary: 'Pages of the newest version of a dataset, as a CDX server has them',
    tags: ['pages'],
    querystring: CdxQueryString,
    response: { 200: z.string().describe('A line for each capture. With showNumPages: {"pages", "pageSize", "blocks"}.') },
  }
  await app.register(waybackRoutes, { parts })
  app.get('/cdx', { schema }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    const entry = await datasetOf(catalog, asked.dataset)
    const ask = asking(query, entry, hangUp(reply))
    if (isYes(asked.showNumPages)) return reply.type('application/json').send(JSON.stringify(await pagesOf(asked, ask)))
    const list = asked.fields || asked.fl
    const fields = list ? fieldsIn(list) : cdxFields
    const lines = await ask(linesOf(asked))
    if (lines.length === 0) throw await nothingFound(asked, ask)
    return reply.type(contentTypes[asked.output]).send(await written(lines, fields, writers[asked.output]))
  })
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

const contentTypes: Record<CdxQueryString['output'], string> = {
  json: 'text/x-ndjson; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  cdxj: 'text/x-cdxj; charset=utf-8',
}
