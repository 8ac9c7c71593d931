import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { parseHeaderLines, type HeaderLines } from './header-lines.ts'

/** An HTTP response as an archive holds it, its body decoded. */
export interface HttpMessage {
  status: number
  headers: HeaderLines
  body: Uint8Array
}

const headBytesMax = 64 * 1024
const codingsMax = 3
const statusLine = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |$)/

/**
 * Reads the block of a `response` record. Archives differ in whether they undid the codings that the headers speak of: a body that is not coded so is taken
 * as it is.
 * @returns a stable code of why it is none: `bad_response`, `bad_encoding`, `too_large`
 */
export function parseHttpResponse(block: Uint8Array, bytesMax: number): HttpMessage | string {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  const head = headOf(bytes)
  const [first = '', ...lines] = bytes.toString('latin1', 0, head?.end ?? 0).split(/\r?\n/)
  const status = statusLine.exec(first)?.[1]
  if (!head || status === undefined) return 'bad_response'
  const headers = parseHeaderLines(lines)
  const raw = bytes.subarray(head.bodyStart)
  const chunked = /\bchunked\b/i.test(headers['transfer-encoding'] ?? '')
  const body = decodeBody((chunked ? dechunked(raw) : undefined) ?? raw, headers['content-encoding'], bytesMax)
  return typeof body === 'string' ? body : { status: Number(status), headers, body }
}

/** Where the empty line is, in either spelling. */
function headOf(bytes: Buffer): { end: number; bodyStart: number } | undefined {
  const window = bytes.subarray(0, headBytesMax)
  const [crlf, lf] = [window.indexOf('\r\n\r\n'), window.indexOf('\n\n')]
  if (crlf !== -1 && (lf === -1 || crlf < lf)) return { end: crlf, bodyStart: crlf + 4 }
  return lf === -1 ? undefined : { end: lf, bodyStart: lf + 2 }
}

/** undefined when it is not in chunks (RFC 9112 §7.1); what a torn one has until then. */
function dechunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\n', at)
    const size = lineEnd === -1 || lineEnd - at > 1024 ? undefined : /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?$/.exec(bytes.toString('latin1', at, lineEnd))?.[1]
    if (size === undefined) return parts.length === 0 ? undefined : Buffer.concat(parts)
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    parts.push(bytes.subarray(lineEnd + 1, lineEnd + 1 + length))
    at = lineEnd + 1 + length
    if (bytes[at] === 0x0d) at += 1
    if (bytes[at] === 0x0a) at += 1
  }
  return Buffer.concat(parts)
}

function decodeBody(body: Buffer, contentEncoding: string | undefined, bytesMax: number): Uint8Array | string {
  const codings = (contentEncoding ?? '')
    .toLowerCase()
    .split(/[,\n]/)
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > codingsMax) return 'bad_encoding'
  let decoded: Buffer = body
  for (const coding of codings.toReversed()) {
    const next = decodeOnce(decoded, coding, bytesMax)
    if (typeof next === 'string') return next
    decoded = next
  }
  return decoded.length > bytesMax ? 'too_large' : decoded
}

function decodeOnce(bytes: Buffer, coding: string, bytesMax: number): Buffer | string {
  const options = { maxOutputLength: bytesMax }
  const [a = 0, b = 0] = bytes
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return a === 0x1f && b === 0x8b ? gunzipSync(bytes, options) : bytes
    if (coding === 'zstd') return a === 0x28 && b === 0xb5 ? zstdDecompressSync(bytes, options) : bytes
    // `deflate` is zlib by the standard and bare deflate by habit; neither can be told from text by its first byte for sure.
    if (coding === 'deflate')
      return (a & 0x0f) === 8 && (a * 256 + b) % 31 === 0 ? inflateSync(bytes, options) : orAsItIs(bytes, () => inflateRawSync(bytes, options))
    if (coding === 'br') return orAsItIs(bytes, () => brotliDecompressSync(bytes, options))
    return 'bad_encoding'
  } catch (error) {
    return isTooLarge(error) ? 'too_large' : 'bad_encoding'
  }
}

/** Text that was decoded already is left as it is. */
function orAsItIs(bytes: Buffer, decode: () => Buffer): Buffer {
  try {
    return decode()
  } catch (error) {
    if (!isTooLarge(error) && /^\s*</.test(bytes.toString('latin1', 0, 64))) return bytes
    throw error
  }
}

const isTooLarge = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
