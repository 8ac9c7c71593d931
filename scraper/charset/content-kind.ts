/* oxlint-disable no-control-regex -- the patterns are of bytes. */
import { utf16Of } from './utf-16.ts'

/** What a body is, as far as a crawler cares. */
export type ContentKind = 'html' | 'feed' | 'sitemap' | 'xml' | 'text' | 'json' | 'pdf' | 'image' | 'media' | 'font' | 'gzip' | 'archive' | 'binary' | 'empty'

/** The resource header of the WHATWG MIME Sniffing standard (§5.2). */
const headerBytes = 1445

/** Beginnings that no text has (WHATWG MIME Sniffing §6, and what else is met on the web); as Latin-1. */
const magic: readonly (readonly [ContentKind, RegExp])[] = [
  ['pdf', /^%PDF-/],
  ['image', /^(?:\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|BM[^]{4}\0\0\0\0|RIFF[^]{4}WEBPVP|\0\0[\x01\x02]\0|II\*\0|MM\0\*|8BPS|[^]{4}ftyp(?:avif|heic|mif1))/],
  ['media', /^(?:OggS\0|ID3|\xff[\xfb\xf3\xf2]|fLaC|MThd\0\0\0\x06|\x1aE\xdf\xa3|FLV\x01|RIFF[^]{4}(?:AVI |WAVE)|FORM[^]{4}AIFF|[^]{4}ftyp)/],
  ['font', /^(?:wOFF|wOF2|OTTO|\0\x01\0\0|ttcf)/],
  ['gzip', /^\x1f\x8b\x08/],
  ['archive', /^(?:PK\x03\x04|PK\x05\x06|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\xfd7zXZ\0|BZh[1-9]|\x28\xb5\x2f\xfd)/],
  ['binary', /^(?:\x7fELF|MZ[^]{2,64}\0|\xca\xfe\xba\xbe|\0asm|SQLite format 3\0|\xd0\xcf\x11\xe0)/],
]

/** Tags that begin an HTML document (§7.1, and more that are met). */
const htmlStart =
  /<(?:!doctype html|html|head|script|iframe|h[1-6]|div|font|table|a|style|title|b|body|br|p|meta|link|main|article|section|span|ul|ol|img|form|nav|header|footer|center)(?=[\s>/])/iy
const xmlStart = /^\s*<\?xml[\s?]/
/** What may stand before the root element; one match at a time, so that no text makes it go back. */
const whiteOrComment = /\s+|<!--[^]*?-->/y
const prolog = /\s+|<!--[^]*?-->|<\?[^]*?\?>|<!doctype[^>[]*(?:\[[^\]]*\])?[^>]*>/iy
/** JSON Feed 1.1: it "should be the very first thing". */
const jsonFeed = /^\s*\{[^]*?"version"\s*:\s*"https?:(?:\\?\/){2}(?:www\.)?jsonfeed\.org\\?\/version/i
const root = /<(?:[\w.-]+:)?([\w.-]+)/y
/** Bytes that text does not hold (§3, "binary data byte"). */
const binaryByte = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/

const byDeclaration: readonly (readonly [RegExp, ContentKind])[] = [
  [/^(?:text\/html|application\/xhtml\+xml)$/, 'html'],
  [/^application\/(?:rss|atom|rdf|feed)\+(?:xml|json)$/, 'feed'],
  [/^(?:application|text)\/xml$|\+xml$/, 'xml'],
  [/^application\/(?:ld\+)?json$|^text\/json$|\+json$/, 'json'],
  [/^text\//, 'text'],
  [/^application\/(?:javascript|ecmascript|x-javascript)$/, 'text'],
  [/^image\//, 'image'],
  [/^(?:audio|video)\//, 'media'],
  [/^font\//, 'font'],
  [/^application\/pdf$/, 'pdf'],
]
/** Of what is none of the grammar (§4.4), nothing is known. */
const unknownType = /^(?:unknown\/unknown|application\/unknown|\*\/\*|(?![\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$).*)$/s

/**
 * What a body is by its first bytes and what it is said to be: a subset of the WHATWG MIME Sniffing standard that never runs anything, so it may doubt
 * more than a browser. A beginning that no text has wins over any declaration; declared markup is believed, but XML is told apart by its root; what is
 * declared as nothing, or as bytes, is looked at. Pure; looks at the first 1445 bytes only.
 * @param contentType the header as it came; undefined = none
 */
export function contentKind(body: Uint8Array, contentType: string | undefined): ContentKind {
  if (body.length === 0) return 'empty'
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, headerBytes)).toString('latin1')
  // Nearly every body is markup; of the marks only that of a film may stand behind a `<`.
  const marked = head.startsWith('<') && !head.startsWith('ftyp', 4) ? undefined : magic.find(([, pattern]) => pattern.test(head))
  if (marked) return marked[0]
  const essence =
    /^\s*[^;,(\s]*/
      .exec(contentType ?? '')?.[0]
      .trim()
      .toLowerCase() ?? ''
  const declared = byDeclaration.find(([pattern]) => pattern.test(essence))?.[1]
  // Markup is ASCII, half of which is empty in UTF-16.
  const isWide = utf16Of(body) !== undefined
  const text = isWide ? head.replace(/^(?:\xfe\xff|\xff\xfe)/, '').replaceAll('\0', '') : head.replace(/^\xef\xbb\xbf/, '')
  if (!isWide && binaryByte.test(text)) return 'binary'
  if (unknownType.test(essence)) return sniffText(text) ?? 'text'
  if (declared === undefined) return 'binary'
  // Text that was meant to be shown as it is stays text (§7.2), except what only a feed or sitemap begins with.
  if (declared === 'text') return xmlStart.test(text) ? (xmlKind(text) ?? 'text') : 'text'
  // A feed that is declared as a page (§7.3 "mislabeled feed").
  if (declared === 'html') return xmlKind(text) ?? 'html'
  if (declared === 'json') return jsonFeed.test(text) ? 'feed' : 'json'
  return declared === 'xml' || declared === 'feed' ? (xmlKind(text) ?? declared) : declared
}

/** Of what is declared as nothing (§7: the types for which a sniffer may choose freely). */
function sniffText(text: string): ContentKind | undefined {
  if (xmlStart.test(text)) return xmlKind(text) ?? 'xml'
  if (jsonFeed.test(text)) return 'feed'
  const kind = xmlKind(text)
  if (kind !== undefined) return kind
  return matchAfter(whiteOrComment, htmlStart, text) ? 'html' : undefined
}

/** An XML root that says more than the declaration. */
function xmlKind(text: string): ContentKind | undefined {
  const name = matchAfter(prolog, root, text)?.[1]?.toLowerCase()
  if (name === 'rss' || name === 'feed' || name === 'rdf') return 'feed'
  if (name === 'urlset' || name === 'sitemapindex') return 'sitemap'
  return name === 'html' ? 'html' : undefined
}

/** What follows any number of `skipped`. Both patterns are sticky. */
function matchAfter(skipped: RegExp, wanted: RegExp, text: string): RegExpExecArray | null {
  let at = 0
  for (skipped.lastIndex = 0; skipped.test(text);) at = skipped.lastIndex
  wanted.lastIndex = at
  return wanted.exec(text)
}
