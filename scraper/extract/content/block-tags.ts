import type { Element } from 'domhandler'
import { markIndex, type Mark } from './block-marks.ts'

const skipped =
  'script style template svg canvas iframe object embed audio video map select option optgroup textarea datalist math picture link input progress meter'
const inline =
  'a span b i em strong font u s small big sub sup code abbr acronym cite q kbd samp var mark time br wbr img ins del bdi bdo tt data dfn ruby rt rp rb rtc nobr strike slot g-emoji tg-emoji mjx-container mjx-assistive-mml math-renderer d-math amp-mathml'
const headOnly = 'title meta base'
const tagMarks: Record<string, Mark> = {
  main: 'main', article: 'article', aside: 'aside', nav: 'nav', header: 'header', footer: 'footer', section: 'section', form: 'form', ul: 'list', ol: 'list', dl: 'list',
  table: 'table', button: 'button', label: 'button', figure: 'figure', details: 'details', blockquote: 'quote', h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading',
  h5: 'heading', h6: 'heading', dialog: 'overlay-name', search: 'form', menu: 'nav', legend: 'form-name', fieldset: 'form-name', noscript: 'noscript',
} // prettier-ignore

/** What there is to know of an element by its name, in one look. `id` is below 128 and the same for all names that are not listed. */
export interface Tag {
  readonly id: number
  kind: 'skipped' | 'inline' | 'block'
  /** -1 = none. */
  mark: number
}

export const unknownTag: Tag = { id: 0, kind: 'block', mark: -1 }
export const tags = new Map<string, Tag>()
for (const name of `${skipped} ${headOnly}`.split(' ')) tagOf(name).kind = 'skipped'
for (const name of inline.split(' ')) tagOf(name).kind = 'inline'
for (const [name, mark] of Object.entries(tagMarks)) tagOf(name).mark = markIndex(mark)
for (const name of [
  'p',
  'div',
  'li',
  'td',
  'th',
  'tr',
  'tbody',
  'thead',
  'dt',
  'dd',
  'pre',
  'figcaption',
  'summary',
  'body',
  'html',
  'center',
  'address',
  'caption',
])
  tagOf(name)

function tagOf(name: string): Tag {
  let tag = tags.get(name)
  if (!tag) tags.set(name, (tag = { id: tags.size + 1, kind: 'block', mark: -1 }))
  return tag
}

export const roleMarks = new Map(Object.entries<Mark>({
  main: 'main', article: 'article', complementary: 'aside', navigation: 'nav', banner: 'header', contentinfo: 'footer', search: 'form', menu: 'nav', menubar: 'nav',
  dialog: 'overlay-name', alertdialog: 'overlay-name', alert: 'overlay-name', button: 'button', toolbar: 'tool-name', tooltip: 'overlay-name', list: 'list', heading: 'heading',
})) // prettier-ignore

/** Whether nothing inside is ever text of a page. A declared shadow tree is what a reader sees; other templates are seen by nobody. */
export const isNeverText = ({ name, attribs }: Element): boolean =>
  tags.get(name)?.kind === 'skipped' && !(name === 'template' && attribs['shadowrootmode'] !== undefined)

/** Whether a reader does not see it, by its attributes. */
export function isHidden(attribs: Record<string, string>): boolean {
  if (attribs['hidden'] !== undefined || attribs['aria-hidden'] === 'true') return true
  const style = attribs['style']
  return style !== undefined && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style)
}
