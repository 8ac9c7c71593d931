import { clean, everySeparator, isSite, keyOf, separator, type Found } from './page-names.ts'
import type { PageHead } from './page-head.ts'

/** The title of the page without the name of its site. */
export function titleOf(head: PageHead, site: string | undefined, url: string): Found | undefined {
  const { meta, jsonLd, headings } = head
  const stated: [string | undefined, string][] = [
    [jsonLd.headline, 'json-ld headline'],
    [meta.get('dc.title') ?? meta.get('dcterms.title') ?? meta.get('citation_title'), 'dc.title'],
    [meta.get('og:title'), 'og:title'],
    [meta.get('twitter:title'), 'twitter:title'],
    [meta.get('parsely-title'), 'parsely-title'],
    [head.title, 'title'],
    [jsonLd.pageName, 'json-ld name'],
    [meta.get('title'), 'meta title'],
  ]
  const titles = stated.flatMap(([value, by]) => (value === undefined || clean(value) === '' ? [] : [{ value: clean(value), by }]))
  const own = headings.filter(({ isOfSite }) => !isOfSite).map(({ text }) => cleanHeading(text))
  const heading = nearest(
    own.filter((text) => !isSite(text, site, url) && !isBesideTitle(text, titles[0]?.value ?? '', head.title)),
    titles.map(({ value }) => value),
    site,
    url,
  )
  if (heading !== undefined) return { value: withoutSite(heading, site, url), by: 'h1, as in the title' }
  const best = titles.find(({ value }) => !isSite(value, site, url)) ?? titles[0]
  if (best) return { value: withoutSite(best.value, site, url), by: best.by }
  const first = own[0] ?? headings[0]?.text
  return first === undefined ? undefined : { value: first, by: 'h1' }
}

/** In `Coast Notes: A story`, where the page gives `A story` for its title: the other part is the name of the site. */
function isBesideTitle(heading: string, stated: string, title: string): boolean {
  const pieces = title.split(separator).map(keyOf)
  return keyOf(stated) !== '' && keyOf(heading) !== keyOf(stated) && pieces.length === 2 && pieces.includes(keyOf(heading)) && pieces.includes(keyOf(stated))
}

/** The heading that is most like one of the titles: all of one, its first part, else the first that is like one. */
function nearest(headings: readonly string[], titles: readonly string[], site: string | undefined, url: string): string | undefined {
  const whole = new Set(titles.map(keyOf))
  const leading = new Set(titles.map((title) => keyOf(title.split(separator)[0] ?? '')))
  return (
    headings.find((text) => keyOf(text) !== '' && whole.has(keyOf(text))) ??
    headings.find((text) => keyOf(text) !== '' && leading.has(keyOf(text))) ??
    headings.find((text) => titles.some((title) => isLike(text, title, site, url)))
  )
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
  const isMiddle = pieces.length > 2 && pieces.length < 12 && part.length * 2 >= keyOf(pieces[0] ?? '').length && pieces.some((piece) => keyOf(piece) === part)
  return isTail || isMiddle || isAlike(text, title)
}

/** Most of its words are in the title, and one at least in its first part or its longest: the others may be names of sites and of their parts. */
function isAlike(text: string, title: string): boolean {
  const words = wordsOf(text)
  const known = new Set(wordsOf(title))
  const pieces = title.split(separator)
  const leading = new Set(wordsOf(`${pieces[0]} ${pieces.reduce((a, b) => (b.length > a.length ? b : a))}`))
  return words.filter((word) => known.has(word)).length >= likeness * words.length && words.some((word) => leading.has(word))
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
