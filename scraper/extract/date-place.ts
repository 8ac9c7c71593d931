import type { Element } from 'domhandler'

/** Where on a page something stands, as bits. */
export const place = {
  comment: 1,
  /** Navigation, teasers of other pages, side bars, calendars. */
  aside: 2,
  footer: 4,
  link: 8,
  item: 16,
  /** In an element that says of itself that it holds a date. */
  dated: 32,
  /** The same, of a last change. */
  updated: 64,
  /** In the lines about a text: its author, its date, where it is filed. */
  byline: 128,
  published: 256,
  hidden: 512,
} as const

const commentTokens =
  /^(?:comments?|commentlist|comment-?\w+|kommentare?\w*|replies|reply|respond|disqus\w*|reactions?|reviews?|review-?\w*|testimonials?|forum-?posts?)$/
const asideTokens =
  /^(?:nav|navi|navigation|nav-\w+|menu\w*|sidebar\w*|side-?bar\w*|aside|widgets?|widget[-_]\w+|related\w*|related-\w+|recommend\w*|more-?\w+|recent\w*|recent-\w+|latest\w*|latest-\w+|popular\w*|popular-\w+|trending\w*|teasers?|teaser[-_]\w+|archives?|archive-\w+|calendar\w*|similar\w*|readmore|read-more|prev|next|previous|pager|pagination|ticker\w*|upcoming\w*|events?|event-\w+|promo\w*|marquee|breadcrumbs?|jp-relatedposts|most-?\w+|also\w*|cookie\w*|topstories|headlines|carousel\w*|slider\w*|newsletter\w*|ads?|advert\w*|weather|toc|mega-?menu\w*)$/
const footerTokens = /^(?:footer|site-?footer|page-?footer|footer[-_]\w+|copyright\w*|colophon|imprint|bottom\w*|site-info)$/
const datedTokens =
  /(?:^|[-_])(?:date|dates|datum|datetime|timestamp|time|day|fecha|data|pubdate|published|publish|posted|postdate|dateline|dt|publication|erschienen|veroeffentlicht|created|datestamp|zeit|datepublished)(?:$|[-_])|(?:date|datum|time|Date|Time|published|Published)$/
const publishedTokens =
  /(?:^|[-_])(?:published|publish|pubdate|posted|datepublished|publication|created|post-?date|entry-?date)(?:$|[-_])|(?:pubdate|published)$/i
const updatedTokens = /(?:^|[-_])(?:updated?|modified|modify|lastmod|dateModified|revised|changed)(?:$|[-_])|(?:modified|updated)$/i
const bylineTokens =
  /(?:^|[-_])(?:byline|meta|metadata|author|entry-?meta|post-?meta|postinfo|info|credits?|details|entry-header|article-?header|post-?header|kicker|subline|autor|postmetadata|dateline|publication|submitted|source)(?:$|[-_])/i
const charsMax = 300
const namesMax = 5000
const known = new Map<string, number>()

/** The places that an element opens, by what it is and by the names its author gave it. */
export function placesOf(element: Element): number {
  const { name, attribs } = element
  const [names, id] = [attribs['class'], attribs['id']]
  const named = (names === undefined ? 0 : namedPlaces(names)) | (id === undefined ? 0 : namedPlaces(id))
  const tag = tagPlaces(name)
  const role = attribs['role']
  const byRole = role === undefined ? 0 : role === 'navigation' || role === 'complementary' ? place.aside : role === 'contentinfo' ? place.footer : 0
  return named | tag | byRole
}

function tagPlaces(name: string): number {
  switch (name) {
    case 'a':
      return place.link
    case 'li':
    case 'dd':
      return place.item
    case 'nav':
    case 'aside':
    case 'select':
      return place.aside
    case 'footer':
      return place.footer
    case 'time':
      return place.dated
    default:
      return 0
  }
}

/** Names come again and again, on a page and on the pages of a host. */
function namedPlaces(names: string): number {
  const old = known.get(names)
  if (old !== undefined) return old
  let places = 0
  for (const token of names.slice(0, charsMax).split(/\s+/)) if (token !== '') places |= tokenPlaces(token)
  if (known.size >= namesMax) known.clear()
  known.set(names, places)
  return places
}

function tokenPlaces(raw: string): number {
  const token = raw.toLowerCase()
  let places = 0
  if (commentTokens.test(token)) places |= place.comment
  if (asideTokens.test(token)) places |= place.aside
  if (footerTokens.test(token)) places |= place.footer
  if (datedTokens.test(raw)) places |= place.dated
  if (publishedTokens.test(raw)) places |= place.published | place.dated
  if (updatedTokens.test(raw)) places |= place.updated | place.dated
  if (bylineTokens.test(raw)) places |= place.byline
  return places
}
