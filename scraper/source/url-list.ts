import { gunzipSync } from 'node:zlib'
import { decodeText } from '#scraper/charset/charset.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import type { FoundUrl } from './found.ts'
import type { Fetched } from './source.ts'

/** Longer ones are cut while they are read, and then are no URL that anybody meant. */
const urlCharsMax = 2048
const dateCharsMax = 64

/**
 * Text of an answer that may be a gzipped file of its own kind, not an encoded answer: the magic bytes tell.
 * @returns undefined when it cannot be unpacked within the limit
 */
export function textOfFile({ headers, body }: Fetched, bytesMax: number): string | undefined {
  try {
    const isGzip = body[0] === 0x1f && body[1] === 0x8b
    return decodeText(isGzip ? gunzipSync(body, { maxOutputLength: bytesMax }) : body, headers['content-type']).text
  } catch {
    return undefined
  }
}

/** One entry of a sitemap or feed while it is read. */
export class ListEntry {
  /** Of these names the first that holds a URL counts, in the order given. */
  readonly #urls = new Map<string, string>()
  /** ms since epoch; -Infinity without a date. */
  #latest = -Infinity

  addUrl(name: string, text: string): void {
    if (!this.#urls.has(name) && text.trim() !== '' && text.length <= urlCharsMax) this.#urls.set(name, text.trim())
  }

  addDate(text: string): void {
    if (text.length <= dateCharsMax) this.#latest = Math.max(this.#latest, parseDate(text)?.getTime() ?? -Infinity)
  }

  /** undefined when it leads to no page. The latest of its dates counts. */
  found(names: readonly string[], base: string): FoundUrl | undefined {
    const href = names.map((name) => this.#urls.get(name)).find((text) => text !== undefined)
    const url = href === undefined ? undefined : canonicalUrl(href, base)
    if (url === undefined) return undefined
    return this.#latest === -Infinity ? { url } : { url, modifiedAt: this.#latest }
  }
}
