import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { dateClaims, type DateClaim } from './date-claims.ts'
import { parseHtml } from './dom.ts'
import { pageLinks } from './links.ts'
import { mainContent } from './main-content.ts'
import { mainText } from './main-text.ts'
import { readHead } from './page-head.ts'
import { readBlocks } from './text-reader.ts'

export interface ExtractedPage {
  title: string
  /** The main text; empty when there is none. */
  text: string
  /** Canonical URLs, sorted. */
  links: string[]
  /** What the page says its address is, when it is a valid one. */
  canonical: string | undefined
  lang: string | undefined
  dates: DateClaim[]
  metaRobots: string[]
  tdmReservation: string | undefined
  tdmPolicy: string | undefined
  licence: string | undefined
  /** Set when the page was read in part only. */
  cut: 'too_deep' | 'too_many_nodes' | undefined
}

const titleChars = 500

/**
 * Everything there is to know from a page's HTML, in one parse. Pure; time linear in the length for any input.
 * @param url of the page, after redirects: relative links start there
 */
export function extractPage(html: string, url: string): ExtractedPage {
  const { root, cut } = parseHtml(html)
  const head = readHead(root)
  const base = (head.base !== undefined && URL.parse(head.base, url)?.href) || url
  return {
    title: head.title.toWellFormed().slice(0, titleChars).toWellFormed(),
    text: mainText(readBlocks(mainContent(root, url))),
    links: pageLinks(root, base),
    canonical: head.canonical === undefined ? undefined : canonicalUrl(head.canonical, base),
    lang: head.lang,
    dates: dateClaims(root),
    metaRobots: head.robots,
    tdmReservation: head.tdmReservation,
    tdmPolicy: head.tdmPolicy,
    licence: head.licence,
    cut,
  }
}
