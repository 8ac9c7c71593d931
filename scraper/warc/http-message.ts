import { decodeBody } from '#infra/net/body.ts'
import { headEnd } from './head-end.ts'
import { Pieces } from '#infra/net/pieces.ts'
import { failureReason, HttpTrouble } from '#infra/net/http-failure.ts'
import { headerValues, parseHeaderLines, type HeaderLines } from '#infra/net/header-lines.ts'

/** An HTTP response as an archive holds it, its body decoded. */
export interface HttpMessage {
  status: number
  headers: HeaderLines
  body: Uint8Array
}

const headBytesMax = 64 * 1024
const statusLine = /^(?:HTTP\/\d{1,2}(?:\.\d{1,2})?|ICY)[ \t]+(\d{3})(?!\d)/i

/**
 * Reads the block of a `response` record as a live answer is read, behind interim ones (1xx). Archives differ in whether they undid the codings that the headers speak of: a body that is not coded so is taken
 * as it is.
 * @returns a stable code of why it is none: `bad_response`, `bad_encoding`, `ratio_too_high`, `too_large`
 */
export async function parseHttpResponse(block: Uint8Array, bytesMax: number): Promise<HttpMessage | string> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  const head = finalHead(bytes.subarray(0, headBytesMax))
  if (!head) return 'bad_response'
  const { status, headers } = head
  const raw = bytes.subarray(head.bodyStart)
  const chunked = headerValues(headers, 'transfer-encoding').some((value) => /\bchunked\b/i.test(value))
  try {
    const packed = (chunked ? dechunked(raw) : undefined) ?? raw
    const { bytes: body } = await decodeBody(packed, headerValues(headers, 'content-encoding'), { bytesMax, truncate: false }, false, () => undefined)
    if (body.length > bytesMax) throw new HttpTrouble('too_large')
    return { status, headers, body }
  } catch (error) {
    return failureReason(error)
  }
}

/** The first that is no interim one (RFC 9110 §15.2). */
function finalHead(bytes: Buffer): { status: number; headers: HeaderLines; bodyStart: number } | undefined {
  for (let at = 0; ;) {
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++
    const head = headEnd(bytes.subarray(at))
    const [first = '', ...lines] = bytes.toString('latin1', at, at + (head?.end ?? 0)).split(/\r*\n/)
    const status = statusLine.exec(first)?.[1]
    if (!head || status === undefined) return undefined
    at += head.bodyStart
    if (!status.startsWith('1')) return { status: Number(status), headers: parseHeaderLines(lines), bodyStart: at }
  }
}

/** undefined when it is not in chunks (RFC 9112 §7.1); what a torn one has until then. */
function dechunked(bytes: Buffer): Buffer | undefined {
  const pieces = new Pieces()
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\n', at)
    const size =
      lineEnd === -1 || lineEnd - at > 1024 ? undefined : /^[ \t]*0*([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r*$/.exec(bytes.toString('latin1', at, lineEnd))?.[1]
    if (size === undefined) return pieces.length === 0 ? undefined : pieces.join()
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    pieces.add(bytes.subarray(lineEnd + 1, lineEnd + 1 + length))
    at = lineEnd + 1 + length
    if (bytes[at] === 0x0d) at += 1
    if (bytes[at] === 0x0a) at += 1
  }
  return pieces.join()
}
