import { headerValue } from '#infra/net/header-lines.ts'
import { gunzipSync } from 'node:zlib'
import { unpackedBytesMax } from '#infra/net/content-coding.ts'
import { decodeText } from '../charset/charset.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import type { FoundUrl } from './found.ts'
import type { Fetched } from './source.ts'

/** Longer ones are cut while they are read, and then are no URL that anybody meant. */
const urlCharsMax = 2048

/** Whether a body is a gzipped file: the magic bytes tell. */
export const isGzip = (body: Uint8Array): boolean => body[0] === 0x1f && body[1] === 0x8b

/**
 * Text of an answer that may be a gzipped file of its own kind, beneath any coding of the answer.
 * @returns or why it cannot be unpacked: `ratio_too_high` as for the codings of answers, all layers together; `bad_encoding`, also beyond `bytesMax`
 */
export function textOfFile({ headers, body, wireBytes }: Fetched, bytesMax: number): { text: string } | string {
  const ratioBytesMax = wireBytes === undefined ? Infinity : unpackedBytesMax(wireBytes)
  try {
    return {
      text: decodeText(isGzip(body) ? gunzipSync(body, { maxOutputLength: Math.min(bytesMax, ratioBytesMax) }) : body, headerValue(headers, 'content-type'))
        .text,
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' && ratioBytesMax < bytesMax ? 'ratio_too_high' : 'bad_encoding'
  }
}

/** One entry of a sitemap or feed while it is read. */
export class ListEntry {
  /** Of these names the first that holds a URL counts, in the order given. */
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

  /** undefined when it leads to no page. */
  found(names: readonly string[], base: string): FoundUrl | undefined {
    const href = names.map((name) => this.#urls.get(name)).find((text) => text !== undefined)
    const url = href === undefined ? undefined : canonicalUrl(href, base)
    if (url === undefined) return undefined
    return this.#modifiedAt === undefined ? { url } : { url, modifiedAt: this.#modifiedAt }
  }
}
