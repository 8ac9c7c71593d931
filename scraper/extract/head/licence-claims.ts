import { isTag, type ChildNode, type Element, type ParentNode } from 'domhandler'
import type { LicenceScope } from '#schemas/rights.ts'
import { collapse, squeeze, walk } from '../html/dom.ts'
import type { JsonLdFacts } from './json-ld.ts'
import { isForContent, licenceByAddress, licenceByName, licenceByValue, licenceHint } from '#schemas/licence-names.ts'
import { licencePlace, textAfter, textBefore, type LicencePlace, type PageSurroundings } from './licence-place.ts'
import { licenceSentence, type LicenceSentence } from './licence-words.ts'

/** That something is under a licence, as a page says it. */
export interface LicenceClaim {
  /** SPDX id where there is one, else an absolute URL; undefined: a statement that leads to a page of the site itself, which says nothing of which licence it is. */
  licence: string | undefined
  by: 'rel' | 'json-ld' | 'meta' | 'link' | 'text'
  /** What is under it. */
  scope: LicenceScope
  /** Said of the site rather than of the page. */
  isSiteWide: boolean
  /** In the words of the page itself: `this article is licensed under …`. */
  isNotice: boolean
  /** The words before it in its block; what is offered under either of two licences names both in one. */
  before: string
}

const claimsMax = 50
const addressChars = 500
const contextChars = 400
const metaNames = new Set([
  'dc.rights',
  'dcterms.rights',
  'dc.rights.license',
  'dcterms.license',
  'dcterms.licence',
  'dc.license',
  'license',
  'licence',
  'rights',
  'copyright',
  'og:license',
])
const licenceAddress =
  /^(?:https?:)?\/\/(?:[\w-]+\.)?(?:creativecommons\.org\/(?:licen[sc]es|publicdomain)\/|gnu\.org\/(?:licenses|copyleft)\/|apache\.org\/licenses\/LICENSE|opensource\.org\/licen[sc]es?\/|spdx\.org\/licenses\/|opendatacommons\.org\/licenses\/|nationalarchives\.gov\.uk\/doc\/open-government-licence|unlicense\.org)/i
const relation = /(?:^|\s)(?:\w{1,20}:)?licen[sc]e(?:$|\s)/i
const spdxTag = /SPDX-License-Identifier:\s*([A-Za-z0-9][A-Za-z0-9.+-]{1,60})/
/** `CC0` is the shortest. */
const textCharsMin = 3
const textCharsMax = 2000
const namesOfTextMax = 8
/** Between `Creative Commons` and what follows it in a name. */
const nameCharsMax = 30
const programs = /^(?:MIT|ISC|BSD|Apache|[AL]?GPL)$/
const everyHint = new RegExp(licenceHint, 'g')

interface Mark {
  element: Element
  value: string
  isStatement: boolean
}

/** Collects where a page speaks of licences while it is walked; what it says there is read afterwards. */
export class LicenceReader {
  readonly #metas: string[] = []
  readonly #marks: Mark[] = []
  readonly #texts: { data: string; parent: Element }[] = []
  #headline: Element | undefined

  enter(element: Element): void {
    const { name, attribs } = element
    if (name === 'h1') this.#headline ??= element
    else if (name === 'meta') this.#seeMeta(element)
    else if (name === 'a' || name === 'link' || name === 'area') {
      const address = attribs['href']?.trim()
      const isStatement = isRelated(attribs)
      if (address && (isStatement || (name !== 'link' && licenceAddress.test(address.slice(0, addressChars))))) this.#mark(element, address, isStatement)
    }
  }

  text(data: string, parent: ParentNode): void {
    if (!isTag(parent) || data.length < textCharsMin || data.length > textCharsMax || this.#texts.length >= claimsMax || !licenceHint.test(data)) return
    this.#texts.push({ data, parent })
  }

  /** @param base what relative addresses start from */
  claims(url: string, base: string): LicenceClaim[] {
    const holders = new Set<Element>()
    for (let node = this.#headline?.parent; node && isTag(node); node = node.parent) holders.add(node)
    const page: PageSurroundings = { url, isAround: (element) => holders.has(element), isArticle: [...holders].some(({ name }) => name === 'article') }
    return [
      ...this.#metas.flatMap(metaClaim),
      ...this.#marks.flatMap((mark) => markClaim(mark, base, page)),
      ...this.#texts.flatMap(({ data, parent }) => textClaims(data, parent, page)),
    ]
  }

  #seeMeta(element: Element): void {
    const { attribs } = element
    const content = attribs['content']?.trim().slice(0, addressChars)
    if (!content) return
    const names = (attribs['property'] ?? attribs['name'] ?? '').slice(0, 200).toLowerCase().split(/\s+/)
    if (names.some((name) => metaNames.has(name))) {
      if (this.#metas.length < claimsMax) this.#metas.push(content)
    } else if (isRelated(attribs)) this.#mark(element, content, true)
  }

  #mark(element: Element, value: string, isStatement: boolean): void {
    if (this.#marks.length < claimsMax) this.#marks.push({ element, value: value.slice(0, addressChars), isStatement })
  }
}

/** What JSON-LD states. */
export function jsonLdClaims(licences: JsonLdFacts['licences'], base: string): LicenceClaim[] {
  return licences.map(({ value, of }) => {
    const licence = licenceByValue(value, base) ?? foreign(value, base)
    return { licence, by: 'json-ld', scope: of === 'other' ? 'unknown' : of, isSiteWide: false, isNotice: false, before: '' }
  })
}

const isRelated = ({ rel, itemprop, property }: Record<string, string>): boolean => isLicenceTerm(rel) || isLicenceTerm(itemprop) || isLicenceTerm(property)
const isLicenceTerm = (terms: string | undefined): boolean => terms !== undefined && relation.test(terms.slice(0, 200))

function metaClaim(content: string): LicenceClaim[] {
  const at = content.search(licenceHint)
  const { subject, isDenied } = licenceSentence(content.slice(0, Math.max(0, at)), '')
  const licence = licenceByValue(content, content)
  if (licence === undefined || isDenied) return []
  const scope = subject === undefined || subject === 'page' ? 'page' : subject === 'other' ? 'unknown' : subject
  return [{ licence, by: 'meta', scope, isSiteWide: false, isNotice: false, before: '' }]
}

function markClaim({ element, value, isStatement }: Mark, base: string, page: PageSurroundings): LicenceClaim[] {
  const { label, button } = contentOf(element)
  const named = licenceByValue(label, label)
  const addressed = licenceByAddress(value, base) ?? (button === undefined ? undefined : licenceByAddress(button, base))
  const known =
    // The address of the GNU licences does not tell whether later versions go as well.
    addressed !== undefined && named?.replace('-or-later', '-only') === addressed ? named : (addressed ?? named)
  const licence = known ?? (isStatement ? (licenceByName(wordsOfPath(value))?.licence ?? foreign(value, base)) : undefined)
  if (licence === undefined && !isStatement) return []
  const at = label.search(licenceHint)
  const before = `${textBefore(element, contextChars)} ${at < 0 ? label : label.slice(0, at)} `
  const sentence = licenceSentence(before, `${at < 0 ? '' : label.slice(at)} ${textAfter(element, contextChars)}`)
  const place = licencePlace(element, page)
  const scope = scopeOf({ licence, isStatement, isButton: button !== undefined || `${before}${label}`.trim() === '' }, place, sentence)
  return scope === undefined ? [] : [{ licence, by: isStatement ? 'rel' : 'link', scope, isSiteWide: place.isSiteWide, isNotice: sentence.isNotice, before }]
}

function textClaims(data: string, parent: Element, page: PageSurroundings): LicenceClaim[] {
  const node = parent.children.find((child) => child.type === 'text' && child.data === data)
  if (!node || isInMark(parent)) return []
  const place = licencePlace(node, page)
  if (place.kind === 'head') return []
  const before = textBefore(node, contextChars)
  const after = textAfter(node, contextChars)
  const claims: LicenceClaim[] = []
  const seen = new Set<string>()
  for (const hint of data.matchAll(everyHint)) {
    if (claims.length >= namesOfTextMax) break
    // `<abbr>CC</abbr> BY-SA 4.0`
    const name = `${hint[0].startsWith('BY') && /\bCC\s*$/.test(before) ? 'CC ' : ''}${squeeze(data.slice(hint.index))}${after}`
    const tag = spdxTag.exec(name.slice(0, 100))?.[1]
    const found = licenceByName(name)
    const licence =
      tag === undefined ? found && found.at <= (programs.test(hint[0]) ? 0 : hint[0].length + nameCharsMax) && found.licence : licenceByValue(tag, tag)
    // What stands in brackets behind a name says it again.
    if (!licence || seen.has(licence)) continue
    seen.add(licence)
    const leading = `${before}${squeeze(data.slice(0, hint.index))}`
    const sentence = licenceSentence(leading, name)
    const scope = scopeOf({ licence, isStatement: tag !== undefined, isButton: false }, place, sentence)
    if (scope !== undefined) claims.push({ licence, by: 'text', scope, isSiteWide: place.isSiteWide, isNotice: sentence.isNotice, before: leading })
  }
  return claims
}

/** What is under a licence, by where it is named, in what words and by which mark; undefined: the page says that it is not given. */
function scopeOf(
  { licence, isStatement, isButton }: { licence: string | undefined; isStatement: boolean; isButton: boolean },
  { kind }: LicencePlace,
  { subject, isNotice, isElliptic, isDenied }: LicenceSentence,
): LicenceScope | undefined {
  if (isDenied) return undefined
  if (kind === 'image' || kind === 'software') return kind
  if (kind === 'other' || subject === 'other') return 'unknown'
  if (subject === 'image' || subject === 'software') return subject
  if (kind === 'head' || isNotice) return 'page'
  if (kind === 'apart') return isButton ? 'page' : 'unknown'
  if (isStatement || isButton) return 'page'
  const isContent = licence !== undefined && isForContent(licence)
  if (kind === 'notice' && (isContent || subject === 'page' || isElliptic)) return 'page'
  return isContent || /^(?:OD|PDDL|OFL)/.test(licence ?? '') ? 'unknown' : 'software'
}

/** What a link shows: its text, and the address of the picture of a licence. */
function contentOf(element: Element): { label: string; button: string | undefined } {
  const parts: string[] = []
  let button: string | undefined
  let steps = 0
  walk(element, {
    enter(inner) {
      const source = inner.name === 'img' ? (inner.attribs['src'] ?? '').slice(0, addressChars) : ''
      if (/creativecommons|licensebuttons|\bcc[-_]?by|88x31|80x15/i.test(source)) button ??= source
      return ++steps < contentStepsMax
    },
    text: (data) => ++steps < contentStepsMax && parts.push(data.slice(0, contextChars)),
  })
  return { label: collapse(parts.join('').slice(0, contextChars)), button }
}
const contentStepsMax = 30

/** `/wiki/Text_of_the_Licence_4.0` as words. */
function wordsOfPath(address: string): string {
  try {
    return decodeURIComponent(address).replace(/[_/+]+/g, ' ')
  } catch {
    return address.replace(/[_/+]+/g, ' ')
  }
}

/** An address of another site that is called a licence; a page of the site itself says nothing of which licence it is. */
function foreign(address: string, base: string): string | undefined {
  const url = URL.parse(address, base)
  if (!url || !/^https?:$/.test(url.protocol) || /\s/.test(address) || !/licen[cs]|lizenz|rights|copy(?:ing|left)|deed|fdl/i.test(url.pathname + url.hostname))
    return undefined
  const own = hostOf(URL.parse(base))
  const host = hostOf(url)
  return host === own || host.endsWith(`.${own}`) || own.endsWith(`.${host}`) ? undefined : url.href
}
const hostOf = (url: URL | null): string => (url?.hostname ?? '').replace(/^www\./, '')

/** Whether a text is that of a link which was read as one. */
function isInMark(parent: Element): boolean {
  for (let node: ChildNode | null = parent, steps = 0; node && isTag(node) && steps < 4; node = node.parent as ChildNode | null, steps++)
    if (node.name === 'a' && (isRelated(node.attribs) || licenceAddress.test((node.attribs['href'] ?? '').trim().slice(0, addressChars)))) return true
  return false
}
