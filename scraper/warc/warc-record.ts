import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { headerValues, type HeaderLines } from '#infra/net/header-lines.ts'

/** One request and what came back, as it is archived. */
export interface ArchivedExchange {
  url: string
  /** ms since epoch, by the clock that stamps facts. */
  at: number
  /** As sent, without Host. */
  requestHeaders: Readonly<Record<string, string>>
  status: number
  /** As received. */
  headers: HeaderLines
  /** Decoded, but for one that is `isPacked`; of a 304 empty. */
  body: Uint8Array
  /** The body is as it came, its content codings not undone. */
  isPacked?: boolean
  /** Why the body is not all there is (WARC 1.1 §5.13); absent: it is. */
  truncated?: 'length' | 'time' | 'disconnect' | 'unspecified'
  address: string | undefined
}

const revisitProfile = 'http://netpreserve.org/warc/1.1/revisit/server-not-modified'
const encoder = new TextEncoder()

/** What a file begins with: who wrote it. */
export async function warcinfoRecord({ software, at, file }: { software: string; at: number; file: string }): Promise<Uint8Array> {
  const block = encoder.encode(
    `software: ${software}\r\nformat: WARC File Format 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\nrobots: obey\r\n`,
  )
  const { bytes } = await record({ type: 'warcinfo', at, contentType: 'application/warc-fields', fields: { 'WARC-Filename': file } }, block)
  return bytes
}

/** The request and the response, or for 304 the revisit, in the order they are written. */
export async function exchangeRecords(exchange: ArchivedExchange): Promise<Uint8Array[]> {
  const { url, at, address, status, body, truncated } = exchange
  const isRevisit = status === 304
  // Values of headers are bytes.
  const head = Buffer.from(responseHead(exchange), 'latin1')
  const fields = {
    'WARC-Target-URI': url,
    ...(address === undefined ? {} : { 'WARC-IP-Address': address }),
    'WARC-Truncated': truncated,
    'WARC-Payload-Digest': isRevisit ? undefined : await digestOf(body),
    ...(isRevisit ? { 'WARC-Profile': revisitProfile, 'WARC-Refers-To-Target-URI': url } : {}),
  }
  const answer = { type: isRevisit ? 'revisit' : 'response', at, contentType: 'application/http;msgtype=response', fields }
  const block = Buffer.concat([head, body])
  const answered = await record(answer, block)
  const request = {
    type: 'request',
    at,
    contentType: 'application/http;msgtype=request',
    fields: { 'WARC-Target-URI': url, 'WARC-Concurrent-To': answered.id },
  }
  const asked = await record(request, encoder.encode(requestHead(exchange)))
  return [asked.bytes, answered.bytes]
}

interface RecordHead {
  type: string
  at: number
  contentType: string
  fields: Readonly<Record<string, string | undefined>>
}

async function record(head: RecordHead, block: Uint8Array): Promise<{ id: string; bytes: Uint8Array }> {
  const { type, at, contentType, fields } = head
  const digest = await digestOf(block)
  const id = idOf(head, digest)
  const all = {
    'WARC-Type': type,
    'WARC-Record-ID': id,
    'WARC-Date': new Date(at).toISOString(),
    ...fields,
    'WARC-Block-Digest': digest,
    'Content-Type': contentType,
    'Content-Length': String(block.length),
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${oneLine(value)}\r\n`]))
  const bytes = Buffer.concat([encoder.encode(`WARC/1.1\r\n${lines.join('')}\r\n`), block, encoder.encode('\r\n\r\n')])
  return { id, bytes }
}

/** A name made of what the record says (UUID version 8, RFC 9562 §5.8), so that the same crawl writes the same bytes. */
function idOf({ type, at, fields }: RecordHead, blockDigest: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([type, at, fields['WARC-Target-URI'] ?? fields['WARC-Filename']]))
    .update(blockDigest)
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return `<urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}>`
}

function requestHead({ url, requestHeaders }: ArchivedExchange): string {
  const { pathname, search, host } = new URL(url)
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${headerLines(requestHeaders)}\r\n`
}

/** The headers that say otherwise than the body is kept are kept under the names Common Crawl gives them. */
function responseHead({ status, headers, body, isPacked = false }: ArchivedExchange): string {
  const { 'content-length': length = [], 'content-encoding': encoding = [], 'transfer-encoding': transfer = [], ...rest } = headers
  const renamed = {
    'x-crawl-content-length': length,
    [isPacked ? 'content-encoding' : 'x-crawl-content-encoding']: encoding,
    'x-crawl-transfer-encoding': transfer,
  }
  const own: HeaderLines = status === 304 ? {} : { 'content-length': String(body.length) }
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headerLines({ ...rest, ...renamed, ...own })}\r\n`
}

function headerLines(headers: HeaderLines): string {
  return Object.keys(headers)
    .flatMap((name) => headerValues(headers, name).map((value) => `${name}: ${oneLine(value)}\r\n`))
    .join('')
}

const oneLine = (value: string): string => value.replace(/[\r\n]+/g, ' ')

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** `sha1:` in base 32, which every reader of WARC knows. */
async function digestOf(bytes: Uint8Array): Promise<string> {
  // In a thread, since what is archived may be long.
  const bits = BigInt(`0x${Buffer.from(await crypto.subtle.digest('SHA-1', bytes)).toString('hex')}`)
  return `sha1:${Array.from({ length: 32 }, (_, i) => base32[Number((bits >> BigInt(155 - 5 * i)) & 31n)]).join('')}`
}
