import type { PageType } from '#schemas/document.ts'
import type { Byline } from './byline.ts'
import type { PageHead } from './page-head.ts'

/** A value and where it was found. */
export interface Found {
  value: string
  by: string
}

const separator = /\s+[|\-–—·•:»«/\\]+\s+|\s*[|»·•]\s*|:\s+/
const everySeparator = new RegExp(separator, 'g')
const nameChars = 200

/** The name of the site: as it gives it, else the part of its title that is its host's name. */
export function siteNameOf(head: PageHead, url: string): Found | undefined {
  const { meta, jsonLd } = head
  const candidates: [string | undefined, string][] = [
    [meta.get('og:site_name'), 'og:site_name'],
    [jsonLd.siteName, 'json-ld WebSite'],
    [jsonLd.publisher, 'json-ld publisher'],
    [meta.get('application-name'), 'application-name'],
    [meta.get('apple-mobile-web-app-title'), 'apple-mobile-web-app-title'],
    [meta.get('dc.publisher') ?? meta.get('citation_publisher'), 'dc.publisher'],
    [hostPart(head.title, url), 'title and host'],
  ]
  for (const [value, by] of candidates) {
    const name = value === undefined ? '' : clean(value).slice(0, nameChars)
    if (/[\p{L}\p{N}]/u.test(name)) return { value: name, by }
  }
  return undefined
}

/** The title of the page without the name of its site. */
export function titleOf(head: PageHead, site: string | undefined, url: string): Found | undefined {
  const { meta, jsonLd, headings } = head
  const stated: [string | undefined, string][] = [
    [jsonLd.headline, 'json-ld headline'],
    [meta.get('og:title'), 'og:title'],
    [meta.get('twitter:title'), 'twitter:title'],
    [head.title, 'title'],
    [jsonLd.pageName, 'json-ld name'],
    [meta.get('dc.title') ?? meta.get('citation_title'), 'dc.title'],
  ]
  const titles = stated.flatMap(([value, by]) => (value === undefined || clean(value) === '' ? [] : [{ value: clean(value), by }]))
  const heading = headings.map(cleanHeading).find((text) => !isSite(text, site, url) && titles.some(({ value }) => isLike(text, value, site, url)))
  if (heading !== undefined) return { value: withoutSite(heading, site, url), by: 'h1, as in the title' }
  const [best] = titles
  if (best) return { value: withoutSite(best.value, site, url), by: best.by }
  const [first] = headings
  return first === undefined ? undefined : { value: first, by: 'h1' }
}

/**
 * A heading is the title when it is all of the stated one, a part of it at the start, or most of its words are in it. What a stated title ends with is the name
 * of the site or of a part of it, unless little stands before.
 */
function isLike(text: string, title: string, site: string | undefined, url: string): boolean {
  const part = keyOf(text)
  const whole = keyOf(title)
  if (part === '' || part === whole) return part !== ''
  const pieces = title.split(separator)
  const isTail = pieces.length > 1 && whole.endsWith(part) && pieces.length < 12 && pieces.some((_, i) => i > 0 && keyOf(pieces.slice(i).join(' ')) === part)
  if (isTail && part.length * 2 < whole.length && !isSite(pieces[0] ?? '', site, url)) return false
  return isTail || isAlike(text, title)
}

/** Most of its words are in the title. */
function isAlike(text: string, title: string): boolean {
  const words = wordsOf(text)
  const known = new Set(wordsOf(title))
  return words.length > 0 && words.filter((word) => known.has(word)).length >= likeness * words.length
}
const likeness = 0.5
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
/** Without the sign of a link to the heading itself. */
const cleanHeading = (text: string): string => clean(text).replace(/\s*[¶#§🔗]+$/u, '')

function withoutSite(title: string, site: string | undefined, url: string): string {
  const bracketed = /^(.{3,}?)\s*\[([^[\]]+)\]$/.exec(title)
  if (bracketed?.[1] && isSite(bracketed[2] ?? '', site, url, true)) return bracketed[1]
  const pieces = [...title.matchAll(everySeparator)]
  const last = pieces.at(-1)
  const [first] = pieces
  if (last && isSite(title.slice(last.index + last[0].length), site, url, true)) return withoutSite(title.slice(0, last.index).trim(), site, url)
  if (first && isSite(title.slice(0, first.index), site, url)) return title.slice(first.index + first[0].length).trim()
  return title
}

/** @param isLast where names of sites have something behind them: `Daily Planet Forums` */
function isSite(part: string, site: string | undefined, url: string, isLast = false): boolean {
  const key = keyOf(part)
  if (key === '') return false
  return key === keyOf(site ?? '') || hostKeys(url).some((host) => key === host || (isLast && host.length > 4 && key.startsWith(host)))
}

/** The part of a title that is the name of the host: `Story | The Daily Planet` on dailyplanet.example. */
function hostPart(title: string, url: string): string | undefined {
  const keys = hostKeys(url)
  const pieces = title.split(separator)
  return pieces.length > 1 && pieces.length < 12
    ? pieces.find((piece) => keys.includes(keyOf(piece)) || keys.includes(keyOf(piece.replace(/^the\s/i, ''))))
    : undefined
}

/** `www.daily-planet.co.uk`: dailyplanet, dailyplanetcouk. */
function hostKeys(url: string): string[] {
  const labels = (URL.parse(url)?.hostname ?? '').replace(/^www\d?\./, '').split('.')
  return [...labels.slice(0, -1), labels.slice(-2).join(''), labels.join('')].filter((label) => label.length > 2).map(keyOf)
}

const keyOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/&(?:amp|#0?38);/g, '&')
    .replace(/&(?:quot|#0?34);/g, '"')
    .replace(/&(?:#0?39|apos);/g, "'")
    .replace(/\s+/g, ' ')
    .trim()

/** What is looked at on which kind of page, in order: on lists a byline is that of an entry; in a thread who began it stands first. */
const bylinesOf: Partial<Record<PageType, Byline['by'][]>> = {
  article: ['attribute', 'itemprop', 'rel', 'byline', 'text', 'username'],
  forum: ['attribute', 'username', 'itemprop', 'rel', 'byline', 'text'],
}

/** The authors, by how plainly they are named. */
export function authorOf(head: PageHead, pageType: PageType, siteName: string | undefined): Found | undefined {
  const { meta, jsonLd, bylines } = head
  const site = keyOf(siteName ?? '')
  const byKind = (kind: string): Found[] => bylines.filter(({ by }) => by === kind).map(({ text, by }) => ({ value: text, by }))
  const candidates: Found[] = [
    ...(jsonLd.authors.length > 0 ? [{ value: jsonLd.authors.join(', '), by: 'json-ld' }] : []),
    ...metaAuthors(meta),
    ...(bylinesOf[pageType] ?? []).flatMap(byKind),
  ]
  let fallback: Found | undefined
  for (const { value, by } of candidates) {
    const name = authorName(value)
    if (name === undefined) continue
    if (keyOf(name) !== site) return { value: name, by }
    fallback ??= { value: name, by }
  }
  return fallback
}

function metaAuthors(meta: ReadonlyMap<string, string>): Found[] {
  const names = [
    'author',
    'article:author',
    'parsely-author',
    'sailthru.author',
    'dc.creator',
    'dcterms.creator',
    'citation_author',
    'byl',
    'og:article:author',
    'book:author',
  ]
  const found = names.flatMap((name) => {
    const value = meta.get(name)
    return value === undefined ? [] : [{ value, by: name }]
  })
  // What social networks show below a link, label and value.
  for (const n of [1, 2]) {
    const value = meta.get(`twitter:data${n}`)
    if (value !== undefined && /^(?:written by|author|by|verfasst von|écrit par|escrito por|scritto da)$/i.test(meta.get(`twitter:label${n}`) ?? ''))
      found.push({ value, by: `twitter:data${n}` })
  }
  return found
}

const authorWordsMax = 25
const notNames =
  /^(?:by|author|authors|admin|administrator|anonymous|guest|editor|editorial team|staff|unknown|null|undefined|none|view all posts|profile|follow|share|comments?|member|members|posts?|via|topic|home|default|user|reply|thread starter|op|author'?s? profile|\S*@\S*)$/i

/** A name out of what stands where names stand; undefined for what is none. */
function authorName(text: string): string | undefined {
  const line = clean(text.split('\n').find((part) => !/^(?:written |posted |published )?by:?$/i.test(part.trim())) ?? '')
  const name = line
    .replace(/^by(?=\p{Lu})/iu, '')
    .replace(/^view all posts by\s+/i, '')
    .replace(
      /^(?:(?:written|posted|published|created|reviewed|started|asked|article|story|words|text)\s+)?(?:by|author|authors|von|par|por|door|di)\b\s*:?\s+/i,
      '',
    )
    .replace(
      /\s*(?:[|•·–—»]\s|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+\w|\bon\s+\d|\b(?:updated|published|posted|last|reviewed)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s+\d).*$/i,
      '',
    )
    .replace(/^[@\s,;:-]+|[\s,;:-]+$/g, '')
  if (!/\p{L}/u.test(name) || name.length > nameChars || /^https?:|\/\/|@\S+\./.test(name)) return undefined
  return notNames.test(name) || name.split(' ').length > authorWordsMax ? undefined : name
}
