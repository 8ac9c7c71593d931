import { remembered } from '../html/name-memory.ts'

/** What a `<meta>`, `itemprop` or RDFa property of that name says of a date, and how surely it says so; undefined when it says nothing of one. */
export interface DateName {
  kind: 'published' | 'modified'
  /** 0..1, when the value is a good date. */
  score: number
}

/** Not the page's own dates: of its licence, of what it tells of, of its expiry. */
const otherDates =
  /expir|unpubl|gentime|generat|build|built|render|cache|server|request|current|today|now(?:$|\.)|valid|avail|event|birth|death|copyright|start|end(?:date|time|$)|until|archiv|verification|token|crawl|index(?:ed|ing)|fetch|format|uid|url|author|publisher|republi/
const publishedNames =
  /publi(?:sh|c|cation)|reg(?:ist(?:er|ration)?)?\.?date|pub\.?(?:date|time|lished)|(?:^|\.)posted|dateposted|article\.date|issued|(?:date|time|on|at)\.?issue|displaydate|release\.?date|erschein|veroeff|fecha|online\.date|mediator/
const createdNames = /creat|originaldate|firstpub|upload/
const modifiedNames = /modif|updat|revis|last\.?(?:mod|change|edit)|changed/
const dateWords = /dat[eo]|time|publi|pub$|posted|issued|created|uploaded|modif|updat|lastmod|revised|(?:\.|^)(?:on|at)$|fecha/
const plainNames = new Set([
  'date',
  'dc.date',
  'dcterms.date',
  'article.date',
  'doc.date',
  'page.date',
  'pagedate',
  'docdate',
  'pdate',
  'ptime',
  'sailthru.date',
  'citation.date',
  'eprints.date',
  'bepress.citation.date',
  'prism.date',
  'search.date',
  'content.date',
  'news.date',
  'post.date',
  'story.date',
  'blog.date',
  'time',
  'timestamp',
  'datum',
  'metadate',
  'analyticsattributes.articledate',
  'articledate',
])

export function dateName(name: string): DateName | undefined {
  return name.length > nameCharsMax ? undefined : readings(name).found
}

const nameCharsMax = 64
const readings = remembered((name) => ({ found: readName(name) }))

function readName(raw: string): DateName | undefined {
  const name = raw
    .trim()
    .toLowerCase()
    .replace(/[:_\s-]+/g, '.')
    .replace(/^og\./, '')
  if (plainNames.has(name)) return { kind: 'published', score: 0.8 }
  if (!dateWords.test(name) || otherDates.test(name)) return undefined
  if (modifiedNames.test(name)) return { kind: 'modified', score: 0.85 }
  if (publishedNames.test(name)) return { kind: 'published', score: name.includes('publish') || name.startsWith('article') ? 0.92 : 0.86 }
  if (createdNames.test(name)) return { kind: 'published', score: name.includes('upload') ? 0.6 : 0.82 }
  return undefined
}
