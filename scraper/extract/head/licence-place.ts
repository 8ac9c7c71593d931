import { isTag, type ChildNode, type Element, type ParentNode } from 'domhandler'
import { squeeze } from '../html/dom.ts'

/** What a licence may be given for; `other`: a data set, a comment, an article that the page only shows. */
export type LicenceSubject = 'page' | 'image' | 'software' | 'other'

/** What the place of a mark in the page says of whose licence it names. */
export interface LicencePlace {
  /** `apart`: of a sidebar or a box of it. undefined: in the content, or in nothing that tells. */
  kind: 'head' | 'notice' | 'apart' | Exclude<LicenceSubject, 'page'> | undefined
  /** In the footer, or in what stands apart: said of the site rather than of the page. */
  isSiteWide: boolean
}

const namesChars = 300
const noticeNames = /(?:^|[\s_-])(?:footer|colophon|copyright|site-?info|legal|licen[sc]e|licensing|cc-?license|rights)(?:$|[\s_-])/i
const imageNames =
  /(?:^|[\s_-])(?:caption|wp-caption|credits?|photo-?credit|thumb(?:nail|caption|inner)?|gallery|figure|lightbox|image-(?:info|meta|license|source))(?:$|[\s_-])/i
const otherNames =
  /(?:^|[\s_-])(?:comments?|comment-?list|disqus|repl(?:y|ies)|respond|related|recommended|cards?|teasers?|snippet|carousel|promo|quote)(?:$|[\s_-])/i
const apartNames = /(?:^|[\s_-])(?:sidebar|side-?bar|widget|rail)(?:$|[\s_-])/i

/** What is asked of elements around a mark. */
export interface PageSurroundings {
  /** Address of the page. */
  url: string
  /** Whether an element holds the headline, and so is the page rather than a box in it. */
  isAround(element: Element): boolean
  /** The headline stands in an `article`: any other is another one. */
  isArticle: boolean
}

export function licencePlace(mark: ChildNode, { url, isAround, isArticle }: PageSurroundings): LicencePlace {
  let kind: LicencePlace['kind'] = typeBeside(mark)
  let isFooter = false
  let isApart = false
  let isAside = false
  for (let node: ParentNode | null = isTag(mark) ? mark : mark.parent; node && isTag(node); node = node.parent) {
    const { name, attribs } = node
    if (name === 'head') return { kind: 'head', isSiteWide: false }
    if (name === 'body' || name === 'html' || name === 'main') break
    if (isAround(node)) {
      // An aside of the article is about the article.
      if (name === 'article') isAside = false
      continue
    }
    const subject = subjectOf(node, url)
    if (subject) return { kind: subject, isSiteWide: isFooter }
    const names = namesOf(attribs)
    if (name === 'figure' || name === 'figcaption' || imageNames.test(names)) kind ??= 'image'
    else if (name === 'pre' || name === 'code' || name === 'samp') kind ??= 'software'
    if (otherNames.test(names) || (isArticle && name === 'article')) return { kind: kind ?? 'other', isSiteWide: false }
    if (name === 'footer' || attribs['role'] === 'contentinfo' || noticeNames.test(names)) isFooter = true
    else if (name === 'aside' || name === 'blockquote') isAside = true
    else if (name === 'nav' || attribs['role'] === 'complementary' || apartNames.test(names)) isApart = true
  }
  isApart ||= isAside
  if (!isFooter && isBelowPicture(mark)) kind ??= 'image'
  if (kind) return { kind, isSiteWide: isFooter }
  return { kind: isFooter ? 'notice' : isApart ? 'apart' : undefined, isSiteWide: isFooter || isApart }
}

/** Whether a picture that is no button of a licence stands before it in its block. */
function isBelowPicture(mark: ChildNode): boolean {
  let node = mark.prev
  for (let steps = 0; node && steps < besideMax; steps++, node = node.prev)
    if (isTag(node) && node.name === 'img' && !/88x31|80x15|licen[sc]e|creativecommons/i.test((node.attribs['src'] ?? '').slice(0, addressChars))) return true
  return false
}

/** Names of its classes and its id, without those that say what else stands there: `has-post-thumbnail`, `with-sidebar`. */
function namesOf({ class: classes = '', id = '' }: Record<string, string>): string {
  if (classes === '' && id === '') return ''
  return `${classes.slice(0, namesChars)} ${id.slice(0, namesChars)}`.replace(/(?:^|\s)\S{0,40}(?:has|with|without|no|hide)-\S{1,100}/g, ' ')
}

/** Of which other thing than the page microdata or RDFa say what stands in an element (HTML, 5.2.2 `itemscope`; RDFa Core, `about` and `typeof`). */
function subjectOf({ attribs }: Element, url: string): Exclude<LicenceSubject, 'page'> | undefined {
  const { about, itemtype = '', typeof: types = '' } = attribs
  const kind = subjectByType(`${itemtype} ${types}`.slice(0, namesChars))
  if (kind && kind !== 'page') return kind
  if (about === undefined || about === '') return undefined
  const subject = URL.parse(about.slice(0, addressChars), url)
  if (subject) subject.hash = ''
  if (subject?.href === withoutHash(url)) return undefined
  return /\.(?:jpe?g|png|gif|svg|webp|tiff?|mp[34]|og[gv]|webm)$/i.test(subject?.pathname ?? '') ? 'image' : 'other'
}
const addressChars = 2000
const withoutHash = (url: string): string => url.replace(/#.*$/s, '')

/** What the form that Creative Commons gives out says beside its words: `<span href="http://purl.org/dc/dcmitype/StillImage" rel="dct:type">`. */
function typeBeside(mark: ChildNode): 'image' | 'software' | undefined {
  const beside: (ChildNode | null)[] = [mark]
  for (let i = 0, before = mark.prev, after = mark.next; i < besideMax; i++, before = before?.prev ?? null, after = after?.next ?? null)
    beside.push(before, after)
  for (const node of beside) {
    const address = node && isTag(node) ? (node.attribs['href'] ?? node.attribs['resource'] ?? '') : ''
    if (/\/dcmitype\/(?:StillImage|MovingImage|Image|Sound)$/.test(address.slice(0, addressChars))) return 'image'
    if (address.endsWith('/dcmitype/Software')) return 'software'
  }
  return undefined
}
const besideMax = 6

/** The kind of thing that a type of schema.org or Dublin Core is; undefined for what a licence in it says nothing of. */
export function subjectByType(type: string): LicenceSubject | undefined {
  if (/Image|Photograph|Picture|Drawing|Painting|Video|Audio|Music|MediaObject|Movie|Sound/.test(type)) return 'image'
  if (/Software|WebApplication|MobileApplication|SourceCode/.test(type)) return 'software'
  if (/Dataset|DataCatalog|DataDownload|Comment|Review\b/.test(type)) return 'other'
  return /Article|Posting|Page\b|WebSite|CreativeWork|Report|Book|Course|HowTo|Recipe|Question|LearningResource|Guide|Text\b|Blog\b/.test(type)
    ? 'page'
    : undefined
}

const blocks =
  /^(?:p|div|li|ul|ol|dl|dt|dd|td|th|tr|table|tbody|section|article|aside|footer|header|nav|main|figure|figcaption|blockquote|h[1-6]|form|address|pre|body|center|summary|details|fieldset|title|script|style)$/
const stepsMax = 200

/** The text of its block before a node, at most about so many characters of it. A line break is a line feed. */
export const textBefore = (node: ChildNode, chars: number): string => textBeside(node, chars, 'prev').toReversed().join('')

/** … and behind it. */
export const textAfter = (node: ChildNode, chars: number): string => textBeside(node, chars, 'next').join('')

function textBeside(from: ChildNode, charsMax: number, side: 'prev' | 'next'): string[] {
  const parts: string[] = []
  let chars = 0
  let node: ChildNode = from
  for (let steps = 0; steps < stepsMax && chars < charsMax; steps++) {
    const beside: ChildNode | null = node[side]
    if (beside === null) {
      const { parent } = node
      if (!parent || !isTag(parent) || blocks.test(parent.name)) break
      node = parent
      continue
    }
    node = beside
    // Down to what is nearest; each node inside is then passed on the way out.
    while (isTag(node) && !blocks.test(node.name) && node.children.length > 0 && ++steps < stepsMax) node = node.children.at(side === 'prev' ? -1 : 0)!
    if (isTag(node) && blocks.test(node.name)) break
    const text = textOfNode(node, charsMax, side)
    chars += text.length
    parts.push(text)
  }
  return parts
}

function textOfNode(node: ChildNode, chars: number, side: 'prev' | 'next'): string {
  if (node.type === 'text') return squeeze(side === 'prev' ? node.data.slice(-chars) : node.data.slice(0, chars))
  return isTag(node) && node.name === 'br' ? '\n' : ''
}
