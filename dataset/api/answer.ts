import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { acceptedType } from '#infra/net/accepted-type.ts'
import { rangeOf } from '#infra/net/byte-range.ts'
import { isRangeWanted, precondition } from '#infra/net/preconditions.ts'
import { encode, formats, type Format } from './encode.ts'
import type { Rows } from './rows.ts'
import { answerChanged, etagOf } from './tag-answers.ts'

export const FormatQuery = z
  .enum(Object.keys(formats) as [Format, ...Format[]])
  .optional()
  .describe('In place of `Accept`, for who cannot send one.')

export interface Answer {
  rows: Rows
  /** Of JSON: under which name the rows stand; absent: there is one, and it is the answer. */
  rowsName?: string
  /** Beside the rows; of Arrow and Parquet the metadata `orrery` of the schema. */
  members?: object
  /** `cursor` of the next page: a link of the answer (RFC 8288). */
  next?: string | null
  total?: number | undefined
  /** It never changes: what it tells is of one version. */
  isFixed: boolean
}

type Asked = Pick<FastifyRequest, 'headers' | 'query' | 'url'>

/** What the client would have. @throws OrreryError `not_acceptable` */
function formatOf({ headers, query }: Pick<Asked, 'headers' | 'query'>): Format {
  const { format } = query as { format?: Format }
  if (format !== undefined) return format
  const type = acceptedType(headers.accept, Object.values(formats))
  return (Object.keys(formats) as Format[]).find((name) => formats[name] === type) ?? 'json'
}

/** Sends rows in the format that is asked for, with an ETag of its bytes; 304 to whoever has them. @throws OrreryError `not_acceptable` */
export async function answerRows(request: Asked, reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  const format = formatOf(request)
  const { rows, rowsName = 'rows', members = {}, next, total, isFixed } = answer
  const body = await encode(rows, format, { rows: rowsName, members })
  if (typeof next === 'string') void reply.header('link', `<${nextUrl(request.url, next)}>; rel="next"`)
  if (total !== undefined) void reply.header('x-total-count', total)
  return send(request, reply, { body, type: format === 'json' ? `${formats.json}; charset=utf-8` : formats[format], isFixed })
}

/** Sends one thing: as JSON itself, otherwise as the only row. */
export async function answerOne(
  request: Asked,
  reply: FastifyReply,
  { rows, value, isFixed }: { rows: () => Rows; value: object; isFixed: boolean },
): Promise<FastifyReply> {
  if (formatOf(request) !== 'json') return answerRows(request, reply, { rows: rows(), isFixed })
  return send(request, reply, { body: Buffer.from(JSON.stringify(value)), type: `${formats.json}; charset=utf-8`, isFixed })
}

/** How long a client may keep what is of one version without asking: a page that is withdrawn must not be shown for long. */
const fixedSeconds = 3600

/** By ranges too: DuckDB, Polars and fsspec read the end of a Parquet file before the rest of it. The same question has the same bytes, as its ETag says. */
function send({ headers }: Asked, reply: FastifyReply, { body, type, isFixed }: { body: Uint8Array; type: string; isFixed: boolean }): FastifyReply {
  const etag = etagOf(body)
  const vary = reply.getHeader('vary')
  void reply.headers({
    etag,
    vary: vary === undefined ? 'Accept' : `${String(vary)}, Accept`,
    'cache-control': isFixed ? `private, max-age=${fixedSeconds}` : 'private, no-cache',
  })
  const { method } = reply.request
  // What is told to a POST is no representation of its address (RFC 9110 §13.2.1).
  const outcome = method === 'POST' ? 'send' : precondition(headers, etag)
  if (outcome === 'failed') throw answerChanged()
  if (outcome === 'not_modified') {
    void reply.status(304)
    // To a HEAD the length is told of what is held back here (RFC 9110 §8.6).
    return method === 'HEAD' ? reply.type(type).send(Buffer.from(body.buffer, body.byteOffset, body.length)) : reply.send()
  }
  if (method !== 'POST') void reply.header('accept-ranges', 'bytes')
  const wanted = method === 'GET' && isRangeWanted(headers, etag) ? rangeOf(headers.range, body.length) : undefined
  if (wanted === 'unsatisfiable') return reply.status(416).header('content-range', `bytes */${body.length}`).send()
  const { start, end } = wanted ?? { start: 0, end: body.length }
  if (wanted) void reply.status(206).header('content-range', `bytes ${start}-${end - 1}/${body.length}`)
  return reply.type(type).send(Buffer.from(body.buffer, body.byteOffset + start, end - start))
}

/** The same question with the cursor; relative, as a proxy may stand before this service. */
function nextUrl(url: string, cursor: string): string {
  const [path = ''] = url.split('?', 1)
  const parameters = new URLSearchParams(url.slice(path.length + 1))
  parameters.set('cursor', cursor)
  return `${path}?${parameters}`
}

/** What OpenAPI calls a string of bytes. */
const Binary = z.string().meta({ format: 'binary' })

/** The responses of a route that answers rows: JSON as described, the other formats by what their rows are. */
export const rowsResponse = (json: z.ZodType, description: string) => ({
  200: {
    description,
    content: {
      [formats.json]: { schema: json },
      [formats.ndjson]: { schema: Binary },
      [formats.arrow]: { schema: Binary },
      [formats.parquet]: { schema: Binary },
    },
  },
  206: z.undefined().describe('The part that Range names'),
  304: z.undefined().describe('It is what If-None-Match names'),
  416: z.undefined().describe('It has no such part'),
})
