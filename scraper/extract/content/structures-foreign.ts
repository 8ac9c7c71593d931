import { isTag } from 'domhandler'
import type { Level } from './page-blocks.ts'
import { unitOf, type Fates } from './structures-fates.ts'
import { isNamedOther } from './structures-marks.ts'

/** A box of links to other pages is a small part of its page. */
const boxShareMax = 0.15
const sentencesMin = 2
const titleChars = 8
/** Its heading is among the first so many blocks of an article. */
const headingWithin = 8

/** Cuts menus and boxes with links to other pages, or to share the page, from the middle of a text. */
export function cutBoxes(fates: Fates): void {
  const page = fates.levels[0]!
  let end = 0
  for (const level of fates.levels) {
    const unit = unitOf(level)
    if (level.blocks === 0 || unit.start < end || level.linkedChars + level.inputs === 0 || level.chars > boxShareMax * page.chars) continue
    if (!isMenu(level) && !isNamedOther(level)) continue
    end = unit.end
    fates.cutAsOther(unit)
  }
}

const isMenu = ({ element }: Level): boolean => isTag(element) && element.name === 'nav'

/** Cuts articles that follow the page's own as its equals, as they are loaded by those who scroll on. */
export function cutAppendedArticles(fates: Fates, title: string): void {
  const own = fates.blocks.find(
    ({ name, text }) => (name === 'h1' || name === 'h2') && text.length >= titleChars && title.toLowerCase().includes(text.toLowerCase()),
  )
  let article = own?.level
  while (article && !isArticle(article)) article = article.parent
  if (!own || !article || article.sentences < sentencesMin) return
  let end = unitOf(article).end
  for (const level of fates.levels) {
    const unit = unitOf(level)
    if (level.depth !== article.depth || unit.start < end || level.sentences < sentencesMin || !isArticle(level)) continue
    if (!fates.blocks.slice(unit.start, Math.min(unit.end, unit.start + headingWithin)).some(({ name }) => name === own.name)) continue
    end = unit.end
    fates.cutAsOther(unit)
  }
}

const isArticle = ({ element }: Level): boolean =>
  isTag(element) &&
  (element.name === 'article' || element.attribs['data-url'] !== undefined || /(?:Article|BlogPosting)$/.test(element.attribs['itemtype'] ?? ''))
