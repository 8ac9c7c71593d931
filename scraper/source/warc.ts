import { headerValue } from '#infra/net/header-lines.ts'
import { createReadStream } from 'node:fs'
import type { Http } from '#infra/net/http.ts'
import { OrreryError } from '#schemas/errors.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { parseHttpResponse } from '../warc/http-message.ts'
import { readWarc, type WarcRecord } from '../warc/read-warc.ts'
import type { Fetched } from './source.ts'

/** A page that an archive holds. No request goes to its site. */
export interface ArchivedPage {
  /** n-th record of its file, from 0: where to go on after a crash. */
  index: number
  /** As if it had been fetched by ourselves: its own canonical URL, status and headers. */
  fetched: Fetched
  /** When it was fetched (ms since epoch). */
  fetchedAt: number
  /** Why there is nothing in it to be read. */
  refusal: string | undefined
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
}

const types = new Set(['response', 'resource'])
const headRoomBytes = 64 * 1024

/**
 * The pages of a WARC, such as Common Crawl's: its `response` records with status 200, and `resource` records. Other records are passed over; a page that
 * cannot be read comes with the code of why.
 * @throws OrreryError `invalid_record` as readWarc does
 */
export async function* warcPages(
  chunks: AsyncIterable<Uint8Array>,
  { pageBytesMax, from = 0, wants = () => true, onFault }: WarcPagesOptions,
): AsyncGenerator<ArchivedPage, void, undefined> {
  for await (const record of readWarc(chunks, { blockBytesMax: pageBytesMax + headRoomBytes, types })) {
    if (record.index < from || !types.has(record.type)) continue
    const url = canonicalUrl((headerValue(record.headers, 'warc-target-uri') ?? '').replace(/^<|>$/g, ''))
    const page = url !== undefined && wants(url) ? await archivedPage(record, url, { pageBytesMax, onFault }) : undefined
    if (page) yield page
  }
}

async function archivedPage(record: WarcRecord, url: string, { pageBytesMax, onFault }: WarcPagesOptions): Promise<ArchivedPage | undefined> {
  const { index, type, headers } = record
  const fetchedAt = Date.parse(headerValue(headers, 'warc-date') ?? '')
  if (Number.isNaN(fetchedAt)) return undefined
  const refused = (refusal: string): ArchivedPage => ({ index, fetched: { url, status: 200, headers: {}, body: new Uint8Array() }, fetchedAt, refusal })
  if (record.isCut || headerValue(headers, 'warc-truncated') !== undefined) return refused('too_large')
  const internal = (error: unknown): string => (onFault?.(url, error), 'internal')
  const message =
    type === 'response'
      ? await parseHttpResponse(record.block, pageBytesMax).catch(internal)
      : { status: 200, headers: { 'content-type': headerValue(headers, 'content-type') ?? '' }, body: record.block }
  if (typeof message === 'string') return refused(message)
  if (message.status !== 200 && message.status !== 203) return undefined
  const fetched: Fetched = { url, ...message }
  return { index, fetched, fetchedAt, refusal: undefined }
}

const fileChunkBytes = 1 << 20
const rangeBytes = 4 * 2 ** 20

/** What a web server is asked through, and how it is paced. */
interface WarcServer {
  http: Http
  /** Waits until the server may be asked again; called before each request. @throws the signal's reason when aborted */
  rest(url: string): Promise<void>
  signal: AbortSignal
}

/**
 * The bytes of a WARC on disk, or of one on the web, asked for in ranges of 4 MiB so that a server that is slow or breaks off costs little.
 * @param location path, or http(s) URL
 * @throws OrreryError `not_found`, `upstream_failed`
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

async function* remoteBytes(url: string, { http, rest, signal }: WarcServer): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; ;) {
    await rest(url)
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
