import { headerValue, type HeaderLines } from '#infra/net/header-lines.ts'
import { createReadStream } from 'node:fs'
import type { Http } from '#infra/net/http.ts'
import { OrreryError } from '#schemas/errors.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import { parseHttpResponse, type HttpMessage } from '../warc/http-message.ts'
import { readWarc, type WarcFault, type WarcRecord } from '../warc/read-warc.ts'
import type { Fetched } from './source.ts'

/** A page that an archive holds. No request goes to its site. */
export interface ArchivedPage {
  /** n-th record of its file, from 0: where to go on after a crash. */
  index: number
  /** The canonical one. */
  url: string
  /** As if it had been fetched by ourselves: the URL that was asked for, status and headers. */
  fetched: Fetched
  /** When it was fetched (ms since epoch). */
  fetchedAt: number
  /** Why there is nothing in it to be read. */
  refusal: string | undefined
}

/** What a file holds that does not become a page. */
export interface PassedOver {
  index: number
  /** The type of a record that holds no page (`other_type`: none of the standard), `http_404` and the like, `not_http`, `not_wanted`; with `fault`, why a page was lost: `invalid_record`, `no_url`, `no_date`. */
  reason: string
  fault?: Readonly<Record<string, string | number>>
}

export interface WarcPagesOptions {
  /** Largest page, decoded. */
  pageBytesMax: number
  /** Records before this one are passed over. */
  from?: number
  /** Pages of other URLs are passed over unread. */
  wants?(url: string): boolean
  /** Told what one page brought to throw; it comes as `internal`. */
  onFault?(url: string, error: unknown): void
  /** Told of everything that comes as no page, in order. */
  onPassed?(passed: PassedOver): void
}

const types = new Set(['response', 'resource'])
const otherTypes = new Set(['warcinfo', 'request', 'metadata', 'revisit', 'conversion', 'continuation'])
const headRoomBytes = 64 * 1024

/**
 * The pages of a WARC, such as Common Crawl's: its `response` records with status 200, and `resource` records. Other records are passed over; a page that
 * cannot be read comes with the code of why. A page is of the date of its record, else of its HTTP headers, else of its file: some archives wrote dates that
 * are none.
 * @throws OrreryError `invalid_record` as readWarc does
 */
export async function* warcPages(chunks: AsyncIterable<Uint8Array>, options: WarcPagesOptions): AsyncGenerator<ArchivedPage, void, undefined> {
  const { pageBytesMax, from = 0, onPassed } = options
  const pass = (passed: PassedOver): void => void (passed.index >= from && onPassed?.(passed))
  const onFault = ({ index, offset, problem, headers }: WarcFault): void => {
    const url = headers && targetOf(headers)
    pass({ index, reason: 'invalid_record', fault: { offset, problem, ...(url !== undefined && { url }) } })
  }
  let fileDate: number | undefined
  for await (const record of readWarc(chunks, { blockBytesMax: pageBytesMax + headRoomBytes, types, onFault })) {
    if (record.type === 'warcinfo') fileDate = dateOf(record.headers, 'warc-date')
    const page = record.index < from ? undefined : await archivedPage(record, fileDate, options)
    if (page && 'fetched' in page) yield page
    else if (page) pass(page)
  }
}

/** Some writers put it in the angle brackets of the grammar. */
const targetOf = (headers: HeaderLines): string | undefined => headerValue(headers, 'warc-target-uri')?.replace(/^<|>$/g, '')
const dateOf = (headers: HeaderLines, name: string): number | undefined => parseDate(headerValue(headers, name) ?? '')?.getTime()

async function archivedPage(
  record: WarcRecord,
  fileDate: number | undefined,
  { pageBytesMax, wants = () => true, onFault }: WarcPagesOptions,
): Promise<ArchivedPage | PassedOver> {
  const { index, type, headers } = record
  if (!types.has(type)) return { index, reason: otherTypes.has(type) ? type : 'other_type' }
  const target = targetOf(headers)
  const linked = linkedUrl(target ?? '')
  if (linked === undefined) {
    const isOther = target !== undefined && /^(?!https?:)[a-z][a-z0-9+.-]*:/i.test(target)
    return isOther ? { index, reason: 'not_http' } : { index, reason: 'no_url', fault: { url: (target ?? '').slice(0, urlCharsMax) } }
  }
  const { url } = linked
  if (!wants(url)) return { index, reason: 'not_wanted' }
  const internal = (error: unknown): string => (onFault?.(url, error), 'internal')
  const message = refusalOf(record) ?? (type === 'response' ? await parseHttpResponse(record.block, pageBytesMax).catch(internal) : resourceOf(record))
  const answered = typeof message === 'string' ? undefined : dateOf(message.headers, 'date')
  const fetchedAt = dateOf(headers, 'warc-date') ?? answered ?? fileDate
  if (typeof message !== 'string' && message.status !== 200 && message.status !== 203) return { index, reason: `http_${message.status}` }
  if (fetchedAt === undefined) return { index, reason: 'no_date', fault: { url, date: (headerValue(headers, 'warc-date') ?? '').slice(0, dateCharsMax) } }
  const answer = typeof message === 'string' ? { status: 200, headers: {}, body: new Uint8Array() } : message
  return { index, url, fetched: { url: askedUrl(linked), ...answer }, fetchedAt, refusal: typeof message === 'string' ? message : undefined }
}

const urlCharsMax = 2048
const dateCharsMax = 64

/** Of a page that is not there whole. */
function refusalOf({ isCut, headers }: WarcRecord): string | undefined {
  const truncated = headerValue(headers, 'warc-truncated')
  if (isCut || truncated?.toLowerCase() === 'length') return 'too_large'
  return truncated === undefined ? undefined : 'truncated_body'
}

const resourceOf = ({ headers, block }: WarcRecord): HttpMessage => ({
  status: 200,
  headers: { 'content-type': headerValue(headers, 'content-type') ?? '' },
  body: block,
})

const fileChunkBytes = 1 << 20
const rangeBytes = 4 * 2 ** 20

/** What a web server is asked through, and how it is paced. */
interface WarcServer {
  http: Http
  /** Called before each request. @throws OrreryError where the server does not allow it now; the signal's reason when aborted */
  permit(url: string): Promise<void>
  signal: AbortSignal
}

/**
 * The bytes of a WARC on disk, or of one on the web, asked for in ranges of 4 MiB so that a server that is slow or breaks off costs little.
 * @param location path, or http(s) URL
 * @throws OrreryError `not_found`, `upstream_failed`, and what `permit` throws
 */
export function openWarc(location: string, server: WarcServer): AsyncIterable<Uint8Array> {
  return /^https?:\/\//i.test(location) ? remoteBytes(location, server) : localBytes(location, server.signal)
}

async function* localBytes(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: fileChunkBytes, signal }) as AsyncIterable<Buffer>
  } catch (cause) {
    signal.throwIfAborted()
    throw new OrreryError('not_found', `The WARC file "${path}" cannot be read (${(cause as Error).message}); check its path and rights.`, { path }, cause)
  }
}

async function* remoteBytes(url: string, { http, permit, signal }: WarcServer): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; ;) {
    await permit(url)
    const headers = { range: `bytes=${start}-${start + rangeBytes - 1}`, 'accept-encoding': 'identity' }
    const answer = await http.get(url, { headers, bytesMax: rangeBytes, signal })
    if (answer.ok && answer.status === 416 && start > 0) return
    const reason = answer.ok ? `http_${answer.status}` : answer.reason
    const isWhole = answer.ok && answer.status === 200 && start === 0
    if (!answer.ok || !(isWhole || answer.status === 206)) {
      throw new OrreryError('upstream_failed', `${url} did not give bytes ${start} and on of its WARC (${reason}); try again, or fetch the file yourself.`, {
        url,
        start,
        reason,
      })
    }
    if (answer.body.length > 0) yield answer.body
    start += answer.body.length
    const total = Number(/\/(\d+)\s*$/.exec(headerValue(answer.headers, 'content-range') ?? '')?.[1] ?? Number.NaN)
    if (isWhole || answer.body.length === 0 || start >= total) return
  }
}
