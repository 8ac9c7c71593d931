import { isTag, type ParentNode } from 'domhandler'
import { markIndex, marks, nameMarks, type Mark, type Masks } from './block-marks.ts'
import type { Block, Level } from './page-blocks.ts'

/** Elements, roles and names of what stands inside a text without being of it. */
const foreignAt = (
  [
    'nav', 'aside', 'footer', 'form', 'hidden', 'noscript', 'button', 'nav-name', 'footer-name', 'side-name', 'related-name', 'comment-name', 'share-name', 'promo-name',
    'overlay-name', 'unseen-name', 'crumb-name', 'pager-name', 'form-name', 'widget-name', 'tool-name', 'tag-name', 'link-name', 'meta-name', 'user-name', 'signature-name',
    'slide-name', 'price-name', 'review-name', 'hero-name', 'header-name',
  ] satisfies Mark[]
).map(markIndex) // prettier-ignore
const foreignInline: readonly Mark[] = ['comment-name', 'review-name', 'user-name', 'share-name', 'meta-name', 'price-name', 'tool-name', 'promo-name']
const inlineAt = foreignInline.map(markIndex)
const inlineLow = inlineAt.reduce((mask, at) => (at < 32 ? mask | (1 << at) : mask), 0)
const inlineHigh = inlineAt.reduce((mask, at) => (at < 32 ? mask : mask | (1 << (at - 32))), 0)

/** Where something stands: a kept neighbour of it, and the level that holds both. */
export interface Place {
  container: Level
  neighbour: Level
}

/** Whether a level, or an element around it up to the level of a depth, is marked so, and its neighbour is not. */
export function isForeignLevel(level: Level, depth: number, { container, neighbour }: Place, distances: Uint8Array): boolean {
  const { depth: own, index, element } = level
  const [up, at] = [own - depth, index * marks.length]
  const [isBox, isSubtitle] = [isMessage(element), isCaption(level)]
  const slug = isTag(element) && slugged.test(element.name) ? nameMarks(element.attribs['class'] ?? '') : undefined
  const isCode = level.block?.name === 'pre'
  return foreignAt.some((mark) => {
    const distance = distances[at + mark]!
    if (distance > up || (isBox && (mark === overlayAt || mark === metaAt)) || (isSubtitle && mark === slideAt)) return false
    // Plugins that rank pages call their questions so.
    if (mark === userAt && distances[at + faqAt]! <= up) return false
    if (distance === 0 && (slug === undefined ? isCode : !holds(slug, mark))) return false
    return distances[neighbour.index * marks.length + mark]! >= neighbour.depth - container.depth
  })
}

/** Their ids are made of their words, which are about anything. */
const slugged = /^(?:h[1-6]|d[td]|li|p)$/
const holds = ({ low, high }: Masks, mark: number): boolean => ((mark < 32 ? low >>> mark : high >>> (mark - 32)) & 1) === 1

/** Whether a block is, or holds inline elements that are. The names in code are those of its parts. */
export function isForeignBlock(block: Block, depth: number, place: Place, distances: Uint8Array): boolean {
  const { name, level, inlineLow: low, inlineHigh: high } = block
  if (isHeadingText(block)) return false
  if (name !== 'pre' && !/^h[1-6]$/.test(name) && ((low & inlineLow) !== 0 || (high & inlineHigh) !== 0)) return true
  return isForeignLevel(level, depth, place, distances)
}

const [overlayAt, metaAt, slideAt] = [markIndex('overlay-name'), markIndex('meta-name'), markIndex('slide-name')]
const [userAt, faqAt] = [markIndex('user-name'), markIndex('faq-name')]
const controlAt = (['button', 'form', 'hidden', 'noscript'] satisfies Mark[]).map(markIndex)

/** Whether a block is a control, or not seen, inside the level of a depth. */
export function isControl(block: Block, depth: number, distances: Uint8Array): boolean {
  const { level } = block
  if (isHeadingText(block)) return false
  const at = level.index * marks.length
  return controlAt.some((mark) => distances[at + mark]! < level.depth - depth)
}

/** The text of a heading is no control, though it may open and shut what is below. */
const isHeadingText = ({ name, level: { parent } }: Block): boolean =>
  name === 'button' && parent !== undefined && isTag(parent.element) && /^h[1-6]$/.test(parent.element.name)

const otherPages =
  /(?:^|[\s_-])(?:(?:jp-?)?related-?(?:posts?|articles?|stories|content|links?|news|reading|items?)|recommended-?(?:posts?|articles?|stories|reading)?|yarpp|outbrain|taboola|read-?(?:next|also)|more-?(?:stories|from|posts|articles)|up-?next|sharedaddy|share-?(?:buttons?|bar|links)|social-?share|newsletter-?(?:signup|form|box)?)(?=$|[\s_-])/i
const footnotes = /(?:^|[\s_-])(?:foot-?notes?|end-?notes?|references|reflist)(?=$|[\s_-])/i
const noteId = /^(?:user-content-)?_?(?:fn|ftn|edn|endnote|footnote|cite_note)[-_:]?\d+$/i
const message = /(?:^|[\s_-])(?:alert|notice|admonition|callout)(?:$|[\s_-])/i
const captionName = /(?:^|[\s_-])caption(?:$|[\s_-])/i
const namesMax = 300

/** A box that speaks to the reader inside a text. Its names are those of windows that lie over a page, too. */
const isMessage = (element: ParentNode): boolean => hasName(element, message)
export const isCaption = ({ element, parent }: Level): boolean => isCaptionElement(element) || (parent !== undefined && isCaptionElement(parent.element))
const isCaptionElement = (element: ParentNode): boolean => isTag(element) && (element.name === 'figcaption' || hasName(element, captionName))

/** Boxes that lead to other pages, by the names that plugins give them. */
export const isNamedOther = ({ element }: Level): boolean => hasName(element, otherPages)
/** The notes of a text, or one of them. */
export const isNamedFootnotes = ({ element }: Level): boolean =>
  hasName(element, footnotes) ||
  (isTag(element) && (element.attribs['role'] === 'doc-endnotes' || noteId.test(element.attribs['id']?.slice(0, namesMax) ?? '')))

function hasName(element: ParentNode, names: RegExp): boolean {
  if (!isTag(element)) return false
  const { class: classes, id } = element.attribs
  return (classes !== undefined && names.test(classes.slice(0, namesMax))) || (id !== undefined && names.test(id.slice(0, namesMax)))
}
