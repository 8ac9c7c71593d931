import type { PageType } from '#schemas/document.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { dateClaims, type DateClaim } from './dates/date-claims.ts'
import { parseHtml, type Dom } from './html/dom.ts'
import { licenceOf } from './head/licence.ts'
import { mainContent, type MainContent } from './content/main-content.ts'
import { mainMarkdown } from './content/main-markdown.ts'
import { mainText } from './content/main-text.ts'
import { readHead, type PageHead } from './head/page-head.ts'
import { authorOf, siteNameOf, titleOf, type Found } from './head/page-names.ts'
import { readBlocks } from './text/text-reader.ts'

export interface ExtractedPage {
  pageType: PageType
  title: string
  author: string | undefined
  siteName: string | undefined
  /** The main text; empty when there is none. */
  text: string
  /** The same content for people; made when called for. */
  markdown(): string
  /** What the page says its address is, when it is a valid one. */
  canonical: string | undefined
  /** The language that the page gives itself, as it stands there. */
  lang: string | undefined
  dates: DateClaim[]
  metaRobots: string[]
  tdmReservation: string | undefined
  tdmPolicy: string | undefined
  /** SPDX id or URL. */
  licence: string | undefined
  /** Set when the page was read in part only. */
  cut: Dom['cut']
}

/** A page and how it came about, for those who want to know why. */
export interface ExplainedPage {
  page: ExtractedPage
  head: PageHead
  content: MainContent
  title: Found | undefined
  author: Found | undefined
  siteName: Found | undefined
  licenceWhy: string
}

const titleChars = 500

/**
 * Everything there is to know from a page's HTML, in one parse. Pure; time linear in the length for any input.
 * @param url of the page, after redirects: relative links start there
 */
export const extractPage = (html: string, url: string): ExtractedPage => explainPage(html, url).page

/** What extractPage does, with its reasons. */
export function explainPage(html: string, url: string): ExplainedPage {
  const { root, cut } = parseHtml(html)
  const head = readHead(root, url)
  const content = mainContent(root, url)
  const blocks = readBlocks(content)
  const siteName = siteNameOf(head, url)
  const title = titleOf(head, siteName?.value, url)
  const author = authorOf(head, content.pageType, siteName?.value)
  const { licence, why } = licenceOf(head.licences, head.base)
  const page: ExtractedPage = {
    pageType: content.pageType,
    title: bounded(title?.value ?? ''),
    author: author && bounded(author.value),
    siteName: siteName && bounded(siteName.value),
    text: mainText(blocks),
    markdown: () => mainMarkdown(blocks, head.base),
    canonical: head.canonical === undefined ? undefined : canonicalUrl(head.canonical, head.base),
    lang: head.lang,
    dates: dateClaims(root, content),
    metaRobots: head.robots,
    tdmReservation: head.tdmReservation,
    tdmPolicy: head.tdmPolicy,
    licence,
    cut,
  }
  return { page, head, content, title, author, siteName, licenceWhy: why }
}

const bounded = (text: string): string => text.toWellFormed().slice(0, titleChars).toWellFormed()
