import type { Block, Level, PageBlocks } from './page-blocks.ts'
import { nameChars, remembered } from '../html/name-memory.ts'

/**
 * What the authors of pages say of a part of it by its element, its role, or a word in its class or id. A block knows for each mark how many levels
 * up it stands, whatever language the text is in.
 */
export const marks = [
  'main', 'article', 'aside', 'nav', 'header', 'footer', 'section', 'form', 'list', 'table', 'link', 'button', 'figure', 'details', 'quote', 'hidden', 'heading', 'noscript',
  'nav-name', 'header-name', 'footer-name', 'side-name', 'related-name', 'comment-name', 'share-name', 'promo-name', 'overlay-name', 'unseen-name', 'crumb-name',
  'pager-name', 'meta-name', 'form-name', 'toc-name', 'content-name', 'message-name', 'user-name', 'item-name', 'price-name', 'description-name', 'faq-name',
  'review-name', 'title-name', 'code-name', 'tag-name', 'slide-name', 'widget-name', 'link-name', 'tool-name', 'hero-name', 'prose-name', 'signature-name', 'body-prop',
] as const // prettier-ignore

export type Mark = (typeof marks)[number]

const indexOf = Object.fromEntries(marks.map((mark, index) => [mark, index])) as Record<Mark, number>
export const markIndex = (mark: Mark): number => indexOf[mark]

const words: Partial<Record<Mark, string>> = {
  'nav-name': 'nav navbar navigation menu menus submenu megamenu mega dropdown flyout subnav burger hamburger drawer sidenav tabbar',
  'header-name': 'header masthead topbar head topnav',
  'footer-name': 'footer foot colophon bottom copyright legal',
  'side-name': 'sidebar aside rail secondary side',
  'related-name': 'related recommended recommend recommendation recommendations similar also suggested suggestions popular trending upsell upsells crosssell cross recent next prev previous more',
  'comment-name': 'comment comments disqus respond commentlist',
  'share-name': 'share sharing social follow facebook twitter instagram',
  'promo-name': 'ad ads advert advertisement promo promotion sponsor sponsored newsletter subscribe subscription signup optin cta campaign mailchimp',
  'overlay-name': 'modal popup dialog overlay lightbox tooltip toast cookie cookies consent gdpr notice alert onetrust popover flash',
  'unseen-name': 'hidden hide sr visually screen invisible offscreen collapse collapsed accessible',
  'crumb-name': 'breadcrumb breadcrumbs crumb crumbs',
  'pager-name': 'pagination pager paging pages pagenav',
  'meta-name': 'meta byline date time published timestamp posted info postmeta dateline created updated stats views',
  'form-name': 'form input search login signin register filter filters sort facet facets refine field select checkbox selector option options swatch',
  'toc-name': 'toc contents tableofcontents outline',
  'content-name': 'content article story body main text page maincontent container',
  'message-name': 'message messages post posts reply replies thread topic answer answers question postbody cooked bbcode bbwrapper',
  'user-name': 'user users avatar profile author member username poster userinfo postprofile rank',
  'item-name': 'product products item items card cards tile tiles grid result results listing listings teaser',
  'price-name': 'price prices sale cart buy qty quantity stock sku variant variants atc money amount currency discount shipping',
  'description-name': 'description desc excerpt summary intro overview detail specs specification specifications spec features introduction lead subtitle dek standfirst',
  'faq-name': 'faq faqs accordion question panel',
  'review-name': 'review reviews rating ratings testimonial testimonials stars star feedback yotpo',
  'title-name': 'title heading headline titles',
  'code-name': 'code highlight highlighter snippet syntax',
  'tag-name': 'tag tags category categories taxonomy label labels badge badges keyword keywords cat',
  'slide-name': 'carousel slider slideshow swiper gallery slide slick splide media image img caption',
  'widget-name': 'widget widgets module plugin embed',
  'link-name': 'btn button link links buttons readmore',
  'tool-name': 'edit toolbar action actions control controls tool tools copy print vote votes like likes report',
  'hero-name': 'hero banner jumbotron announcement billboard',
  'prose-name': 'prose markdown richtext rich rte hentry entry wysiwyg typography formatted paragraph articlebody',
  'signature-name': 'signature sig bio lastedit edited credits credit',
} // prettier-ignore

/** Two masks, as a mask holds 32 bits. */
export interface Masks {
  low: number
  high: number
}

const byWord = new Map<string, Masks>()
for (const [mark, list] of Object.entries(words)) for (const word of list.split(' ')) addTo(byWord, word, markIndex(mark as Mark))

function addTo(map: Map<string, Masks>, key: string, index: number): void {
  const masks = map.get(key) ?? { low: 0, high: 0 }
  if (index < 32) masks.low |= 1 << index
  else masks.high |= 1 << (index - 32)
  map.set(key, masks)
}

const none: Masks = { low: 0, high: 0 }

/** The marks in a class attribute or an id. At most the first 300 characters count. */
export const nameMarks = remembered(readNames)

/** Words are runs of letters; a capital begins a new one after a small letter, and so does the last of several capitals before a small letter. */
function readNames(names: string): Masks {
  let found = none
  const end = Math.min(names.length, nameChars)
  for (let start = 0; start < end;) {
    let at = start
    while (at < end && isCapital(names.charCodeAt(at))) at++
    const capitals = at - start
    if (capitals <= 1) while (at < end && isSmall(names.charCodeAt(at))) at++
    else if (at < end && isSmall(names.charCodeAt(at))) at--
    if (at - start > 1) {
      const masks = byWord.get(capitals === 0 ? names.slice(start, at) : names.slice(start, at).toLowerCase())
      if (masks) found = { low: found.low | masks.low, high: found.high | masks.high }
    }
    start = Math.max(at, start + 1)
  }
  if ((found.low & unseen) !== 0 && shownOnDesktop.test(names.slice(0, nameChars))) found = { ...found, low: found.low & ~unseen }
  return found
}

const unseen = 1 << markIndex('unseen-name')
/** `hidden md:block`: hidden on a telephone only. */
const shownOnDesktop = /(?:^|\s)(?:sm|md|lg|xl|2xl)[:-](?:block|flex|grid|inline|table|contents)/

const isCapital = (code: number): boolean => code >= 65 && code <= 90
const isSmall = (code: number): boolean => code >= 97 && code <= 122

const distanceMax = 30
const namedInsideChars = 80

/** Whether an element has the mark: the level's own or one around it. */
export const isUnder = ({ index }: Level, { distances }: PageBlocks, mark: Mark): boolean => distances[index * marks.length + markIndex(mark)]! < 255

/** Whether an inline element in a short block has the mark at this index: of a longer block that is only a part. */
export const isNamedInside = ({ chars, inlineLow, inlineHigh }: Block, at: number): boolean =>
  chars <= namedInsideChars && (at < 32 ? inlineLow & (1 << at) : inlineHigh & (1 << (at - 32))) !== 0

/** Levels up to the nearest element with the mark, bounded; 0 too for what an inline element in a short block is called. */
export const markDistance = (block: Block, { distances }: PageBlocks, at: number): number =>
  isNamedInside(block, at) ? 0 : Math.min(distanceMax, distances[block.level.index * marks.length + at]!)
