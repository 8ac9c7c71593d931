import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { SqlRow } from '#schemas/sql.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { asking, datasetOf } from './captures.ts'
import { writers, written } from './lines.ts'
import { blockLines, countOf, linesOf, wholeFilter, type LinePlace } from './script.ts'
import { fieldsIn, isYes, pageSizeMax, waybackFields, WaybackQueryString } from './wire.ts'

const linesMax = pageSizeMax * blockLines

/** The same index in the dialect of the Wayback Machine, below the path that its clients ask: no captures are an empty answer. */
export async function waybackRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'listWaybackCaptures',
    summary: 'Pages of the newest version of a dataset, as the CDX server of the Wayback Machine has them',
    tags: ['pages'],
    querystring: WaybackQueryString,
    response: { 200: z.string().describe('A line for each capture. With showNumPages: how many pages there are.') },
  }
  app.get('/cdx/search/cdx', { schema }, async ({ query: asked }, reply) => {
    const { catalog, query } = parts()
    const ask = asking(query, await datasetOf(catalog, asked.dataset), hangUp(reply))
    if (isYes(asked.showNumPages)) {
      const [row] = await ask(countOf({ ...asked, page: 0 }, wholeFilter))
      return reply.type('text/plain; charset=utf-8').send(`${Math.ceil(Number(row?.['lines'] ?? 0) / blockLines / asked.pageSize)}\n`)
    }
    const list = asked.fields || asked.fl
    const names = list ? list.split(',').map((name) => name.trim()) : waybackFields.map((field) => waybackNames.get(field) ?? field)
    const question = { ...asked, page: asked.page ?? 0, limit: linesWanted(asked) }
    const lines = await ask(linesOf(question, { filterScript: wholeFilter, linesMax: linesMax + 1, after: placeIn(asked.resumeKey) }))
    const { shown, resumeKey } = partOf(lines, asked)
    const answer = { shown, names, fields: list ? fieldsIn(list) : waybackFields, resumeKey: isYes(asked.showResumeKey) ? resumeKey : undefined }
    if (asked.output === 'json') return reply.type('application/json; charset=utf-8').send(asLists(answer))
    return reply.type('text/plain; charset=utf-8').send(await asText(answer))
  })
}

const waybackNames = new Map([
  ['url', 'original'],
  ['mime', 'mimetype'],
  ['status', 'statuscode'],
])

interface WaybackAnswer {
  shown: readonly SqlRow[]
  names: readonly string[]
  fields: readonly string[]
  resumeKey: string | undefined
}

/** Of a page so many as it has; else one more than is shown, by which it is known whether there are others. */
function linesWanted({ limit, page, pageSize }: WaybackQueryString): number {
  if (page !== undefined) return Math.min(Math.abs(limit ?? linesMax), pageSize * blockLines)
  if (limit !== undefined && limit < 0) return Math.max(limit, -linesMax)
  return Math.min(limit ?? linesMax, linesMax) + 1
}

function partOf(
  lines: readonly SqlRow[],
  { limit = linesMax, page, closest, sort }: WaybackQueryString,
): { shown: readonly SqlRow[]; resumeKey: string | undefined } {
  if (limit < 0 || page !== undefined) return { shown: lines, resumeKey: undefined }
  const shown = lines.slice(0, Math.min(limit, linesMax))
  const last = shown.at(-1)
  const isAll = lines.length === shown.length || last === undefined || sort === 'closest' || closest !== undefined
  return { shown, resumeKey: isAll ? undefined : keyOf(last) }
}

const Place = z.tuple([z.string(), z.string(), z.string(), z.int().nonnegative()])

const keyOf = (line: SqlRow): string => {
  const place: LinePlace = [String(line['urlkey']), String(line['timestamp']), String(line['filename']), Number(line['offset'])]
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws OrreryError `invalid_argument` */
function placeIn(resumeKey: string | undefined): LinePlace | undefined {
  if (resumeKey === undefined) return undefined
  try {
    return Place.parse(JSON.parse(Buffer.from(resumeKey, 'base64url').toString()))
  } catch (cause) {
    throw new OrreryError(
      'invalid_argument',
      'resumeKey: this is none of ours; pass the one that came with the answer before, or leave it out to begin.',
      {},
      cause,
    )
  }
}

async function asText({ shown, fields, resumeKey }: WaybackAnswer): Promise<string> {
  const lines = await written(shown, fields, writers.text)
  return resumeKey === undefined ? lines : `${lines}\n${resumeKey}\n`
}

/** Its names, then its lines; a key to go on by behind an empty one. */
function asLists({ shown, names, fields, resumeKey }: WaybackAnswer): string {
  if (shown.length === 0) return '[]'
  const lists = [names, ...shown.map((line) => fields.map((field) => String(line[field] ?? '-')))]
  return JSON.stringify(resumeKey === undefined ? lists : [...lists, [], [resumeKey]])
}
