export interface JsonLdDate {
  kind: 'published' | 'modified'
  value: string
  /** 0..1: how surely it is the page's own. */
  score: number
  /** Type and name of the property. */
  place: string
  /** Of the article whose date it is; undefined where it has none. */
  headline?: string | undefined
}

interface Node {
  value: unknown
  /** Share of the trust that is left this deep. */
  trust: number
  /** `@type` of the object around, for what lies in its lists. */
  type: string
}

const valuesMax = 5000
const headlineChars = 300
/** What is left of the trust in the date of an article that is not the page's. */
const otherShare = 0.5
const articleTypes =
  /article|posting|report|review$|recipe|creativework|book|qapage|question|howto|newsitem|course|dataset|softwareapplication|podcastepisode|thesis/i
const pageTypes = /page$|website/i
const mediaTypes = /video|image|audio|media|clip|photo/i
/** Members that lead away from the page's own subject. */
const otherThings = new Set([
  'comment',
  'comments',
  'review',
  'reviews',
  'author',
  'publisher',
  'creator',
  'suggestedAnswer',
  'acceptedAnswer',
  'itemListElement',
  'isPartOf',
  'citation',
  'mentions',
  'about',
  'isRelatedTo',
  'relatedLink',
  'aggregateRating',
  'offers',
  'event',
  'events',
  'blogPost',
  'hasPart',
  'image',
  'thumbnail',
  'logo',
  'sponsor',
  'potentialAction',
  'breadcrumb',
])
const publishedKeys = new Map([
  ['datePublished', 1],
  ['dateCreated', 0.93],
  ['uploadDate', 0.9],
  ['datePosted', 0.97],
  ['dateIssued', 0.97],
])
const modifiedKeys = new Set(['dateModified', 'dateUpdated'])

/** The dates in a JSON-LD block, in document order, wherever they are nested. What is not quite JSON is searched as text. */
export function jsonLdDates(text: string): JsonLdDate[] {
  const root = parse(text)
  return root === undefined ? searchedDates(text) : nestedDates(root)
}

/** Where one of the articles that a page names has its title, the others are other pages. */
export function withTitle(dates: readonly JsonLdDate[], title: string): JsonLdDate[] {
  const own = keyOf(title)
  const isOwn = ({ headline }: JsonLdDate): boolean => headline !== undefined && isLike(keyOf(headline), own)
  if (!dates.some(isOwn)) return [...dates]
  return dates.map((date) => (date.headline === undefined || isOwn(date) ? date : { ...date, score: date.score * otherShare }))
}

const isLike = (headline: string, title: string): boolean => headline.length > 3 && title.length > 3 && (title.includes(headline) || headline.includes(title))
const keyOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')

function nestedDates(root: unknown): JsonLdDate[] {
  const dates: JsonLdDate[] = []
  const queue: Node[] = [{ value: root, trust: 1, type: '' }]
  for (let at = 0; at < queue.length && at < valuesMax; at++) {
    const { value, trust, type } = queue[at] as Node
    if (Array.isArray(value)) for (const item of value) queue.push({ value: item, trust, type })
    else if (typeof value === 'object' && value !== null) readObject(value as Record<string, unknown>, trust, queue, dates)
  }
  return dates
}

function readObject(object: Record<string, unknown>, trust: number, queue: Node[], dates: JsonLdDate[]): void {
  const type = [object['@type']]
    .flat()
    .filter((name) => typeof name === 'string')
    .join(' ')
    .slice(0, 60)
  const own = trust * typeTrust(type)
  const headline = articleTypes.test(type) && typeof object['headline'] === 'string' ? object['headline'].slice(0, headlineChars) : undefined
  for (const [key, member] of Object.entries(object)) {
    if (typeof member === 'string' || typeof member === 'number') {
      const share = publishedKeys.get(key) ?? (modifiedKeys.has(key) ? 1 : undefined)
      if (share !== undefined)
        dates.push({
          kind: modifiedKeys.has(key) ? 'modified' : 'published',
          value: String(member),
          score: own * share,
          place: `${type} ${key}`.trim(),
          headline,
        })
    } else if (typeof member === 'object' && member !== null) queue.push({ value: member, trust: otherThings.has(key) ? trust * 0.4 : trust * 0.98, type })
  }
}

function typeTrust(type: string): number {
  if (articleTypes.test(type)) return 0.95
  if (pageTypes.test(type)) return 0.9
  if (mediaTypes.test(type)) return 0.6
  return type === '' ? 0.8 : 0.75
}

const datePair = /"(datePublished|dateCreated|uploadDate|dateModified)"\s{0,4}:\s{0,4}"([^"\n]{6,40})"/g

function searchedDates(text: string): JsonLdDate[] {
  const dates: JsonLdDate[] = []
  for (const [, key = '', value = ''] of text.matchAll(datePair))
    dates.push({ kind: modifiedKeys.has(key) ? 'modified' : 'published', value, score: 0.8 * (publishedKeys.get(key) ?? 1), place: key })
  return dates.slice(0, 50)
}

/** Blocks are often not quite JSON: with line breaks in strings, commas before brackets, in comments, or escaped once too often. */
function parse(text: string): unknown {
  return parseJson(text) ?? parseJson(repaired(text))
}

function repaired(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replace(/<!--|-->|<!\[CDATA\[|\]\]>|\/\/(?=\s*$)/gm, ' ')
    .replace(/[\n\r\t]/g, ' ')
    .replace(/,(?= {0,100}[}\]])/g, ' ')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
