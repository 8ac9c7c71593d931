import { constants, gunzipSync } from 'node:zlib'
import { unpackedBytesMax } from '#infra/net/content-coding.ts'
import { gzipFrame, inflateFramesSync, isTooLarge } from '#infra/net/deflate-frames.ts'
import { headerValue } from '#infra/net/header-lines.ts'
import { failureReason, HttpTrouble } from '#infra/net/http-failure.ts'
import type { LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { decodeText } from '../charset/charset.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import type { FoundUrl } from './found.ts'
import type { Fetched } from './source.ts'

/** Longer ones are cut while they are read, and then are no URL that anybody meant. */
const urlCharsMax = 4000
/** A file that was packed before it was put where it is packed again. */
const layersMax = 2

/** Whether a body is a gzipped file: the magic bytes tell. */
export const isGzip = (body: Uint8Array): boolean => body[0] === 0x1f && body[1] === 0x8b

/**
 * Text of an answer that may be a gzipped file of its own kind, beneath any coding of the answer. Of a file that ends too soon, what is there.
 * @returns or why it cannot be unpacked: `ratio_too_high` as for the codings of answers, all layers together; `bad_encoding`, also beyond `bytesMax`
 */
export function textOfFile({ headers, body, wireBytes }: Fetched, bytesMax: number): { text: string } | string {
  const ratioBytesMax = wireBytes === undefined ? Infinity : unpackedBytesMax(wireBytes)
  const maxOutputLength = Math.min(bytesMax, ratioBytesMax)
  try {
    let file = body
    for (let layer = 0; layer < layersMax && isGzip(file); layer++) file = unpacked(Buffer.from(file.buffer, file.byteOffset, file.length), maxOutputLength)
    return { text: decodeText(file, headerValue(headers, 'content-type')).text }
  } catch (error) {
    return failureReason(error) === 'too_large' && ratioBytesMax < bytesMax ? 'ratio_too_high' : 'bad_encoding'
  }
}

/** Also with a wrong check behind it, or with bytes that are no file of the kind. @throws HttpTrouble `too_large`, `bad_encoding` */
function unpacked(file: Buffer, maxOutputLength: number): Buffer {
  try {
    return gunzipSync(file, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    if (isTooLarge(error)) throw new HttpTrouble('too_large', error)
    return inflateFramesSync(gzipFrame, file, maxOutputLength)
  }
}

/** One entry of a sitemap or feed while it is read. */
export class ListEntry {
  /** Of these names the first that leads to a page counts, in the order given. */
  readonly #urls = new Map<string, string>()
  #modifiedAt: number | undefined

  addUrl(name: string, text: string): void {
    if (!this.#urls.has(name) && text.trim() !== '' && text.length <= urlCharsMax) this.#urls.set(name, text.trim())
  }

  /** The latest counts. */
  addDate(text: string): void {
    const time = parseDate(text)?.getTime()
    if (time !== undefined) this.#modifiedAt = Math.max(time, this.#modifiedAt ?? time)
  }

  /** undefined when it leads to no page. @param address of what stands there as a link */
  found(names: readonly string[], address: (href: string) => LinkedUrl | undefined): FoundUrl | undefined {
    for (const name of names) {
      const href = this.#urls.get(name)
      const linked = href === undefined ? undefined : address(href)
      if (linked) return this.#modifiedAt === undefined ? linked : { ...linked, modifiedAt: this.#modifiedAt }
    }
    return undefined
  }
}
