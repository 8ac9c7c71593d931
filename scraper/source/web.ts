import { decodeText } from '#infra/net/charset.ts'
import { extractPage } from '../extract/extract-page.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import { foundUrls } from './found.ts'
import type { Source } from './source.ts'

/** HTML pages: their links, and what becomes a document. */
export const webSource: Source = {
  accept: 'text/html, application/xhtml+xml;q=0.9',
  bytesMax: undefined,
  read({ url, headers, body }) {
    if (!isHtml(headers['content-type'], body)) return 'not_html'
    const { text } = decodeText(body, headers['content-type'])
    const page = extractPage(text, url)
    const robots = readPageRobots(headers, page.metaRobots)
    const links = robots.follow ? [...page.links, ...(page.canonical === undefined ? [] : [page.canonical])] : []
    return { found: { pages: foundUrls(links.map((url) => ({ url }))), sitemaps: [], feeds: [] }, content: { page, robots } }
  },
}

/** By the header; without one by the first bytes that are no white space. */
function isHtml(contentType: string | undefined, body: Uint8Array): boolean {
  if (contentType !== undefined) return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType)
  return /^\uFEFF?\s*<(?:!doctype|!--|html|head|body|[a-z])/i.test(new TextDecoder().decode(body.subarray(0, 512)))
}
