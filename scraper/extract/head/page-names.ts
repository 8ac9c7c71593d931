import type { PageType } from '#schemas/document.ts'
import type { PageHead } from './page-head.ts'

/** A value and where it was found. */
export interface Found {
  value: string
  by: string
}

export const separator = /\s+[|\-–—·•:»«/\\]+\s+|\s*[|»·•]\s*|:\s+/
export const everySeparator = new RegExp(separator, 'g')
export const nameChars = 200

/**
 * The name of the site, or of the manual that a page of documentation belongs to: as it gives it, else what its top and its title call it.
 * @param pageType on documentation what a title ends with is the name of the manual
 */
export function siteNameOf(head: PageHead, url: string, pageType: PageType): Found | undefined {
  const { meta, jsonLd } = head
  const isManual = pageType === 'documentation'
  const candidates: [string | undefined, string][] = [
    [meta.get('og:site_name'), 'og:site_name'],
    [jsonLd.siteName, 'json-ld WebSite'],
    [jsonLd.publisher, 'json-ld publisher'],
    [meta.get('application-name'), 'application-name'],
    [meta.get('apple-mobile-web-app-title'), 'apple-mobile-web-app-title'],
    [meta.get('dc.publisher') ?? meta.get('citation_publisher'), 'dc.publisher'],
    [hostPart(head.title, url), 'title and host'],
    [brandsOf(head).find((brand) => isPiece(brand, head.title)), 'masthead and title'],
    [isManual ? bookTitle(head) : undefined, 'link home'],
    [titleEnd(head, isManual), 'end of the title'],
    [/^Search (?:within |in )?(.{2,})$/i.exec(head.searchTitle ?? '')?.[1], 'link search'],
    [isManual ? brandsOf(head)[0] : undefined, 'masthead'],
  ]
  for (const [value, by] of candidates) {
    const name = value === undefined ? '' : withoutAddress(clean(value)).slice(0, nameChars)
    if (/[\p{L}\p{N}]/u.test(name)) return { value: name, by }
  }
  return undefined
}

/** `Name <mail>`, `Name (address)`, `Name, address`: the name. */
export const withoutAddress = (text: string): string => text.replace(bracketedAddress, '').replace(bareAddress, '').trim()
const bracketedAddress = /\s*[<([](?:mailto:|https?:)?[^<>()[\]]{0,200}(?:@|\bat\b|:\/\/|\(at\))[^<>()[\]]{0,200}[>)\]]/gi
const bareAddress = /(?<=[^\s,;])[\s,;]{1,5}(?:https?:\/\/\S{1,200}|@\w{1,50}|[\w.+-]{1,100}@[\w-]{1,100}\.[\w.-]{1,100})$/i

const generic = /^(?:home(?: ?page)?|site ?map|top|start|index|contents|table of contents|main|menu|logo|search|source|docs|documentation|\(?dir\)?)$/i
const brandsOf = ({ headings, brands }: PageHead): string[] =>
  [...headings.flatMap(({ text, isOfSite }) => (isOfSite ? [text] : [])), ...brands].filter((brand) => !generic.test(brand))

function bookTitle({ homeTitle }: PageHead): string | undefined {
  const title = homeTitle === undefined ? '' : clean(homeTitle)
  return title === '' || generic.test(title) ? undefined : title
}

const isPiece = (brand: string, title: string): boolean => {
  const pieces = title.split(separator)
  return pieces.length > 1 && pieces.length < 12 && pieces.some((piece) => keyOf(piece) === keyOf(brand))
}

/** What stands behind the heading in a title: `Vectors — The Manual`; in Texinfo's, `Vectors (The Manual)`. */
function titleEnd({ title, headings, meta }: PageHead, isManual: boolean): string | undefined {
  const bracketed = isManual && /^makeinfo|texi2/i.test(meta.get('generator') ?? '') ? /\(([^()]{2,100})\)$/.exec(title)?.[1] : undefined
  if (bracketed !== undefined) return bracketed
  const last = [...title.slice(0, titleChars).matchAll(ends)].at(-1)
  if (!last || (!isManual && !last[0].includes('|'))) return undefined
  const end = title.slice(last.index + last[0].length)
  const own = headings.filter(({ isOfSite }) => !isOfSite).map(({ text }) => keyOf(text))
  const isHeaded = own.includes(keyOf(title.slice(0, last.index))) || own.includes(keyOf(title.split(separator)[0] ?? ''))
  const isOfHeading = own.some((key) => key.includes(keyOf(end)))
  return isOfHeading || generic.test(end) || end.split(' ').length > endWordsMax || !(isHeaded || isManual) ? undefined : end
}
const ends = /\s+[|\-–—·•»]\s+|\s*[|»·•]\s*/g
const titleChars = 500
const endWordsMax = 7

/** @param isLast where names of sites have something behind them: `Daily Planet Forums` */
export function isSite(part: string, site: string | undefined, url: string, isLast = false): boolean {
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

export const keyOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
export const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/&(?:amp|#0?38);/g, '&')
    .replace(/&(?:quot|#0?34);/g, '"')
    .replace(/&(?:#0?39|apos);/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
