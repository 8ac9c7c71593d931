import { detached } from '#infra/detached.ts'
import type { PageType } from '#schemas/document.ts'
import type { LicenceScope } from '#schemas/rights.ts'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { dateClaims, type DateClaim } from './dates/date-claims.ts'
import { collapse, parseHtml, type Dom } from './html/dom.ts'
import { licenceOf } from './head/licence.ts'
import { mainContent, type MainContent } from './content/main-content.ts'
import { mainMarkdown } from './content/main-markdown.ts'
import { mainText } from './content/main-text.ts'
import { readHead, type PageHead } from './head/page-head.ts'
import { authorOf } from './head/authors.ts'
import { siteNameOf, type Found } from './head/page-names.ts'
import { titleOf } from './head/title.ts'
import { legibleText, type TextFlaws } from './legible.ts'
import { readBlocks } from './text/text-reader.ts'

/** Its texts are their own (`detached`): who keeps one keeps nothing of the page. */
export interface ExtractedPage {
  pageType: PageType
  title: string
  author: string | undefined
  siteName: string | undefined
  /** The main text, legible: misread characters repaired (charset/mojibake.ts), without what nobody sees (identity/invisible.ts); empty when there is none. */
  text: string
  /** What was wrong with it, as shares of its characters as they came, 0..1. */
  flaws: TextFlaws
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
  /** SPDX id or URL, of the page itself. */
  licence: string | undefined
  /** What the licence that was found is given for; undefined: there is none. */
  licenceScope: LicenceScope | undefined
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
  const { text, flaws, also } = legibleText(mainText(blocks))
  const named = (found: Found | undefined): Found | undefined => found && { ...found, value: collapse(also(found.value)) }
  const siteName = named(siteNameOf(head, url, content.pageType))
  const title = named(titleOf(head, siteName?.value, url))
  const author = named(authorOf(head, content.pageType, siteName?.value))
  const { licence, scope, why } = licenceOf(head.licences)
  const page: ExtractedPage = {
    pageType: content.pageType,
    title: bounded(title?.value ?? ''),
    author: author && bounded(author.value),
    siteName: siteName && bounded(siteName.value),
    text: detached(text),
    flaws,
    markdown: () => detached(also(mainMarkdown(blocks, head.base))),
    canonical: head.canonical === undefined ? undefined : own(canonicalUrl(head.canonical, head.base)),
    lang: own(head.lang),
    dates: dateClaims(root, content).map((claim) => ({ ...claim, value: detached(claim.value), place: detached(claim.place) })),
    metaRobots: head.robots.map(detached),
    tdmReservation: own(head.tdmReservation),
    tdmPolicy: own(head.tdmPolicy),
    licence: own(licence),
    licenceScope: scope,
    cut,
  }
  return { page, head, content, title, author, siteName, licenceWhy: why }
}

const bounded = (text: string): string => detached(text.toWellFormed().slice(0, titleChars).toWellFormed())
const own = (text: string | undefined): string | undefined => (text === undefined ? undefined : detached(text))
