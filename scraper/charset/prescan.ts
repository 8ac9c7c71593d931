/** What the HTML standard says to look at, at least. */
const prescanBytes = 1024
/** Browsers read on: a declaration that comes later makes them begin anew. Some pages have a long script before it. */
const headBytes = 64 * 1024

const tagStart = /<(?:!--|\/?[a-z]|[!/?])/gi
const tagName = /<\/?[^\t\n\f\r />]*/y
/** One attribute (§13.2.3.2 "get an attribute"); a quote that is not closed goes to the end. */
const attribute =
  /[\t\n\f\r /]*([^\t\n\f\r />][^\t\n\f\r />=]*)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\t\n\f\r >"'][^\t\n\f\r >]*)?))?/y
const charsetInContent = /charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r ;"'][^\t\n\f\r ;]*))/i
/** XML 1.0 §4.3.3. Feeds that have white space before it are met. */
const xmlDeclaration = /^\s{0,100}<\?xml[^>]{0,1000}?\bencoding\s*=\s*(?:"([^"\s>]{1,40})"|'([^'\s>]{1,40})')/i
/** Elements in which a tag is no tag. */
const rawText = /^<(script|style|title|textarea|noframes|xmp)$/i

/** What a text is to be read as: only in a page is a `meta` one, which the XML declaration of XHTML comes before. Feeds and plain text may speak of others. */
export type Syntax = 'html' | 'xhtml' | 'other'

/**
 * The encoding that a page declares in its markup: the prescan of the HTML standard (§13.2.3.2), which passes over comments and the attributes of other tags,
 * and takes `content` only with `http-equiv=content-type`; where there is none the XML declaration. Beyond the first 1024 bytes it goes on to the body, as
 * browsers do, passing over scripts and styles. Pure; linear in the first 64 KiB.
 * @returns a name of the WHATWG Encoding Standard, in lower case
 */
export function declaredCharset(bytes: Uint8Array, syntax: Syntax): string | undefined {
  const { buffer, byteOffset, length } = bytes
  const head = Buffer.from(buffer, byteOffset, Math.min(length, headBytes)).toString('latin1')
  const xml = xmlDeclaration.exec(head)
  const ofXml = inAscii(encodingOf(xml?.[1] ?? xml?.[2]))
  if (syntax === 'other' || (syntax === 'xhtml' && ofXml !== undefined)) return ofXml
  return metaCharset(head) ?? ofXml
}

/** Labels of what the standard does not decode (§4.3, "replacement"), since it hides markup from who reads ASCII. */
const replacement = /^\s*(?:replacement|csiso2022kr|hz-gb-2312|iso-2022-(?:cn|cn-ext|kr))\s*$/i

/** The encoding of a label; undefined where there is none. */
export function encodingOf(label: string | undefined): string | undefined {
  if (label === undefined) return undefined
  if (replacement.test(label)) return 'replacement'
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

/** A page that can say so in ASCII is not UTF-16, and x-user-defined is for scripts only (§13.2.3.2). */
function inAscii(encoding: string | undefined): string | undefined {
  if (encoding?.startsWith('utf-16')) return 'utf-8'
  return encoding === 'x-user-defined' ? 'windows-1252' : encoding
}

function metaCharset(head: string): string | undefined {
  tagStart.lastIndex = 0
  for (let start = tagStart.exec(head); start; start = tagStart.exec(head)) {
    const { index: at, 0: opening } = start
    let end: number
    if (opening === '<!--') end = after(head, '-->', at + 2)
    else if (opening.length === 2 && !/[a-z]/i.test(opening)) end = after(head, '>', at)
    else {
      const tag = readTag(head, at)
      const isMeta = tag.name.toLowerCase() === '<meta'
      const found = isMeta ? charsetOf(tag.attributes) : undefined
      if (found !== undefined) return found
      end = tag.end
      if (at >= prescanBytes) {
        if (/^<body$/i.test(tag.name)) return undefined
        const raw = rawText.exec(tag.name)?.[1]
        if (raw !== undefined) end = afterRaw(head, raw, end)
      }
    }
    if (end === -1) return undefined
    tagStart.lastIndex = end
  }
  return undefined
}

/** Where to go on behind a mark; -1 when it does not come. */
function after(head: string, mark: string, from: number): number {
  const at = head.indexOf(mark, from)
  return at === -1 ? -1 : at + mark.length
}

function afterRaw(head: string, name: string, from: number): number {
  const close = new RegExp(`</${name}`, 'gi')
  close.lastIndex = from
  return close.exec(head)?.index ?? -1
}

/** `end`: behind its last attribute. */
function readTag(head: string, at: number): { name: string; attributes: Map<string, string>; end: number } {
  tagName.lastIndex = at
  const name = tagName.exec(head)?.[0] ?? '<'
  const attributes = new Map<string, string>()
  let end = at + name.length
  for (;;) {
    attribute.lastIndex = end
    const found = attribute.exec(head)
    if (!found) return { name, attributes, end }
    const [all, key = '', double, single, plain] = found
    const lower = key.toLowerCase()
    if (!attributes.has(lower)) attributes.set(lower, double ?? single ?? plain ?? '')
    end += all.length
  }
}

function charsetOf(attributes: ReadonlyMap<string, string>): string | undefined {
  const own = attributes.get('charset')
  if (own !== undefined) return inAscii(encodingOf(own))
  if (attributes.get('http-equiv')?.toLowerCase() !== 'content-type') return undefined
  const found = charsetInContent.exec(attributes.get('content') ?? '')
  return inAscii(encodingOf(found?.[1] ?? found?.[2] ?? found?.[3]))
}
