import { isTag } from 'domhandler'
import { markIndex, marks, type Mark } from './block-marks.ts'
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

/** Whether a block is marked so by an inline element in it or by an element around it inside the level of a depth. */
export function isForeign({ level, inlineLow: low, inlineHigh: high }: Block, depth: number, distances: Uint8Array): boolean {
  if ((low & inlineLow) !== 0 || (high & inlineHigh) !== 0) return true
  const [up, at] = [level.depth - depth, level.index * marks.length]
  return foreignAt.some((mark) => distances[at + mark]! < up)
}

const controlAt = (['button', 'form', 'hidden', 'noscript'] satisfies Mark[]).map(markIndex)

/** Whether a block is a control, or not seen, inside the level of a depth. */
export function isControl({ level }: Block, depth: number, distances: Uint8Array): boolean {
  const at = level.index * marks.length
  return controlAt.some((mark) => distances[at + mark]! < level.depth - depth)
}

const otherPages =
  /(?:^|[\s_-])(?:(?:jp-?)?related-?(?:posts?|articles?|stories|content|links?|news|reading|items?)|recommended-?(?:posts?|articles?|stories|reading)?|yarpp|outbrain|taboola|read-?(?:next|also)|more-?(?:stories|from|posts|articles)|up-?next|sharedaddy|share-?(?:buttons?|bar|links)|social-?share|newsletter-?(?:signup|form|box)?)(?=$|[\s_-])/i
const footnotes = /(?:^|[\s_-])(?:foot-?notes?|end-?notes?|references|reflist)(?=$|[\s_-])/i
const namesMax = 300

/** Boxes that lead to other pages, by the names that plugins give them. */
export const isNamedOther = (level: Level): boolean => isNamed(level, otherPages)
export const isNamedFootnotes = (level: Level): boolean =>
  isNamed(level, footnotes) || (isTag(level.element) && level.element.attribs['role'] === 'doc-endnotes')

function isNamed({ element }: Level, names: RegExp): boolean {
  if (!isTag(element)) return false
  const { class: classes, id } = element.attribs
  return (classes !== undefined && names.test(classes.slice(0, namesMax))) || (id !== undefined && names.test(id.slice(0, namesMax)))
}
