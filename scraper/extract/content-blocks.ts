import { isTag, hasChildren, type Element, type ParentNode } from 'domhandler'
import { markIndex, marks, nameMarks, type Mark, type Masks } from './block-marks.ts'

/** A level of the page: every element that is not inline. Numbers of what is inside are sums over all levels below. */
export interface Level {
  readonly element: ParentNode
  readonly parent: Level | undefined
  readonly index: number
  readonly depth: number
  /** The same for elements of the same name and class. */
  readonly signature: number
  /** Levels among its siblings with the same element and class, itself too. */
  readonly alike: Alike
  /** Characters that are not white space. */
  chars: number
  linkedChars: number
  blocks: number
  sentences: number
  headings: number
  paragraphs: number
  /** Headings that are links as a whole: those of cards that lead elsewhere. */
  linkedHeadings: number
  images: number
  inputs: number
  /** Its own text, if any. */
  block: Block | undefined
  /** Index of the first block inside or behind it. */
  firstBlock: number
}

/** Parts of the page that look the same. */
interface Alike {
  count: number
  chars: number
  linkedChars: number
  sentences: number
}

/** The text that stands directly in one level, in inline elements or not: the smallest unit that is kept or cut. */
export interface Block {
  readonly level: Level
  readonly name: string
  index: number
  /** The elements its text stands directly in. */
  readonly parents: ParentNode[]
  text: string
  chars: number
  words: number
  linkedChars: number
  links: number
  strongChars: number
  sentences: number
  commas: number
  digits: number
  capitals: number
  /** Characters of code: braces, brackets, quotation marks, `;`, `=`, `<`, `>`, `_`, backslashes. */
  symbols: number
  /** Marks of inline elements inside. */
  inlineLow: number
  inlineHigh: number
  template: Alike & { blocks: number }
  /** Blocks of the page with this same text. */
  same: { count: number; seen: number }
  order: number
}

export interface PageBlocks {
  /** Levels up to the nearest element with a mark, 0 = the level itself, 255 = none: at `level.index * marks.length + markIndex(mark)`. */
  readonly distances: Uint8Array
  readonly body: ParentNode
  readonly blocks: Block[]
  readonly levels: Level[]
  readonly title: string
  readonly description: string
  /** Text of JSON-LD scripts, bounded. */
  readonly jsonLd: string
  readonly ogType: string
  readonly generator: string
  readonly images: number
  readonly inputs: number
  /** How many elements of a name there are. */
  elements(name: string): number
}

const skipped =
  'script style template svg canvas iframe object embed audio video map select option optgroup textarea datalist math picture link input progress meter'
const inline =
  'a span b i em strong font u s small big sub sup code abbr acronym cite q kbd samp var mark time br wbr img ins del bdi bdo tt data dfn ruby rt rp rb nobr strike slot g-emoji'
const headOnly = 'title meta base'
const tagMarks: Record<string, Mark> = {
  main: 'main', article: 'article', aside: 'aside', nav: 'nav', header: 'header', footer: 'footer', section: 'section', form: 'form', ul: 'list', ol: 'list', dl: 'list',
  table: 'table', button: 'button', label: 'button', figure: 'figure', details: 'details', blockquote: 'quote', h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading',
  h5: 'heading', h6: 'heading', dialog: 'overlay-name', search: 'form', menu: 'nav', legend: 'form-name', fieldset: 'form-name', noscript: 'noscript',
} // prettier-ignore

/** What there is to know of an element by its name, in one look. `id` is below 128 and the same for all names that are not listed. */
interface Tag {
  readonly id: number
  kind: 'skipped' | 'inline' | 'block'
  /** -1 = none. */
  mark: number
}

const unknownTag: Tag = { id: 0, kind: 'block', mark: -1 }
const tags = new Map<string, Tag>()
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

const roleMarks: Record<string, Mark> = {
  main: 'main', article: 'article', complementary: 'aside', navigation: 'nav', banner: 'header', contentinfo: 'footer', search: 'form', menu: 'nav', menubar: 'nav',
  dialog: 'overlay-name', alertdialog: 'overlay-name', alert: 'overlay-name', button: 'button', toolbar: 'tool-name', tooltip: 'overlay-name', list: 'list', heading: 'heading',
} // prettier-ignore
const headings = /^h[1-6]$/
const blockTextMax = 400
/** Elements behind so many are read as inline, so that no page takes more than a few seconds. */
const levelsMax = 60_000
const signatures = 2 ** 17

/** Whether nothing inside is ever text of a page. A declared shadow tree is what a reader sees; other templates are seen by nobody. */
export const isNeverText = ({ name, attribs }: Element): boolean =>
  tags.get(name)?.kind === 'skipped' && !(name === 'template' && attribs['shadowrootmode'] !== undefined)

const freshAlike = (): Alike => ({ count: 0, chars: 0, linkedChars: 0, sentences: 0 })

/** Reads the blocks of a page in one walk: time and memory linear in its size, no recursion. */
export function readBlocks(page: ParentNode): PageBlocks {
  const reader = new BlockReader(page)
  reader.read()
  return reader
}

class BlockReader implements PageBlocks {
  body: ParentNode
  distances = new Uint8Array(256 * marks.length).fill(255)
  readonly blocks: Block[] = []
  readonly levels: Level[] = []
  title = ''
  description = ''
  jsonLd = ''
  ogType = ''
  generator = ''
  images = 0
  inputs = 0
  readonly #elements = new Uint32Array(128)
  readonly #page: ParentNode
  readonly #signatures = new Map<string, number>()
  readonly #alike = new Map<number, Alike>()
  readonly #templates = new Map<number, Alike & { blocks: number }>()
  readonly #texts = new Map<string, Block['same']>()
  #level: Level
  #links = 0
  #strong = 0
  /** Inside `pre` everything is one block. */
  #verbatim = 0
  #inlineLow = 0
  #inlineHigh = 0

  constructor(page: ParentNode) {
    this.#page = page
    this.body = page
    this.#level = this.#open(page, unknownTag, undefined)
  }

  read(): void {
    const nodes: ParentNode[] = [this.#page]
    const next: number[] = [0]
    for (let top = 0; top >= 0;) {
      const node = nodes[top]!
      const child = node.children[next[top]!++]
      if (child === undefined) {
        top--
        this.#leave(node)
      } else if (isTag(child) ? this.#enter(child) : child.type !== 'text' && hasChildren(child)) {
        nodes[++top] = child as ParentNode
        next[top] = 0
      } else if (child.type === 'text') this.#text(child.data, node)
    }
    this.#sumUp()
  }

  elements(name: string): number {
    return this.#elements[tags.get(name)?.id ?? 0]!
  }

  #enter(element: Element): boolean {
    const { name } = element
    const tag = tags.get(name) ?? unknownTag
    this.#elements[tag.id]!++
    if (tag.kind === 'skipped') {
      this.#look(element)
      if (isNeverText(element)) return false
    }
    if (name === 'body') this.body = element
    if (this.#verbatim > 0 || tag.kind === 'inline' || this.levels.length >= levelsMax) return this.#enterInline(element)
    this.#level = this.#open(element, tag, this.#level)
    this.#mark(element, tag)
    if (name === 'pre') this.#verbatim++
    return true
  }

  /** Every mark of the level above is one farther; those of the element are here. */
  #mark({ attribs }: Element, tag: Tag): void {
    const { distances } = this
    const { index, parent } = this.#level
    const at = index * marks.length
    const above = parent ? parent.index * marks.length : at
    for (let i = 0; i < marks.length; i++) {
      const distance = distances[above + i]!
      distances[at + i] = distance < 254 ? distance + 1 : distance
    }
    const { class: classes, id, role, itemprop } = attribs
    if (classes !== undefined) this.#markNames(at, nameMarks(classes))
    if (id !== undefined) this.#markNames(at, nameMarks(id))
    if (tag.mark >= 0) distances[at + tag.mark] = 0
    const roleMark = role === undefined ? undefined : roleMarks[role]
    if (roleMark) distances[at + markIndex(roleMark)] = 0
    if (isHidden(attribs)) distances[at + markIndex('hidden')] = 0
    if (itemprop !== undefined && /body|text|description/i.test(itemprop)) distances[at + markIndex('body-prop')] = 0
    if (this.#links > 0) distances[at + markIndex('link')] = 0
  }

  #markNames(at: number, { low, high }: Masks): void {
    for (let rest = low; rest !== 0; rest &= rest - 1) this.distances[at + 31 - Math.clz32(rest & -rest)] = 0
    for (let rest = high; rest !== 0; rest &= rest - 1) this.distances[at + 63 - Math.clz32(rest & -rest)] = 0
  }

  #enterInline(element: Element): boolean {
    const { name, attribs } = element
    if (name === 'img') {
      this.images++
      this.#level.images++
      return false
    }
    if (name === 'a') this.#links++
    else if (name === 'strong' || name === 'b') this.#strong++
    const { class: classes, id } = attribs
    if (classes !== undefined) this.#noteInline(nameMarks(classes))
    if (id !== undefined) this.#noteInline(nameMarks(id))
    if (isHidden(attribs)) this.#inlineLow |= 1 << markIndex('hidden')
    return true
  }

  #noteInline({ low, high }: Masks): void {
    this.#inlineLow |= low
    this.#inlineHigh |= high
  }

  #leave(node: ParentNode): void {
    if (!isTag(node)) return
    if (node.name === 'a') this.#links--
    else if (node.name === 'strong' || node.name === 'b') this.#strong--
    const level = this.#level
    if (level.element !== node || level.parent === undefined) return
    if (node.name === 'pre') this.#verbatim--
    this.#level = level.parent
    this.#inlineLow = this.#inlineHigh = 0
  }

  #open(element: ParentNode, tag: Tag, parent: Level | undefined): Level {
    const signature = this.#signatureOf(element, tag)
    const level: Level = {
      element,
      parent,
      index: this.levels.length,
      depth: parent ? parent.depth + 1 : 0,
      signature,
      alike: this.#likes(parent, signature),
      chars: 0,
      linkedChars: 0,
      blocks: 0,
      sentences: 0,
      headings: 0,
      paragraphs: 0,
      linkedHeadings: 0,
      images: 0,
      inputs: 0,
      block: undefined,
      firstBlock: this.blocks.length,
    }
    this.levels.push(level)
    if (this.levels.length * marks.length > this.distances.length) this.#grow()
    this.#inlineLow = this.#inlineHigh = 0
    return level
  }

  #grow(): void {
    const larger = new Uint8Array(this.distances.length * 2)
    larger.set(this.distances)
    this.distances = larger
  }

  /** A number below 2^17 for what an element is and is called. */
  #signatureOf(node: ParentNode, { id }: Tag): number {
    const classes = isTag(node) ? (node.attribs['class'] ?? '') : ''
    let number = this.#signatures.get(classes)
    if (number === undefined) this.#signatures.set(classes, (number = this.#signatures.size))
    return (number * 128 + id) % signatures
  }

  #likes(parent: Level | undefined, signature: number): Alike {
    const key = (parent ? parent.index : -1) * signatures + signature
    let alike = this.#alike.get(key)
    if (!alike) this.#alike.set(key, (alike = freshAlike()))
    alike.count++
    return alike
  }

  #text(data: string, parent: ParentNode): void {
    if (!/\S/.test(data)) {
      const { block } = this.#level
      if (block && !block.text.endsWith(' ')) block.text += ' '
      return
    }
    const block = (this.#level.block ??= this.#openBlock(this.#level))
    if (block.parents.at(-1) !== parent) block.parents.push(parent)
    if (block.text.length < blockTextMax) block.text += data.slice(0, blockTextMax)
    const before = block.chars
    count(block, data)
    const added = block.chars - before
    if (this.#links > 0) {
      block.linkedChars += added
      block.links++
    }
    if (this.#strong > 0) block.strongChars += added
    block.inlineLow |= this.#inlineLow
    block.inlineHigh |= this.#inlineHigh
  }

  #openBlock(level: Level): Block {
    const key = (level.signature * signatures + (level.parent?.signature ?? 0)) * signatures + (level.parent?.parent?.signature ?? 0)
    let template = this.#templates.get(key)
    if (!template) this.#templates.set(key, (template = { ...freshAlike(), blocks: 0 }))
    const block: Block = {
      level,
      name: isTag(level.element) ? level.element.name : '',
      index: this.blocks.length,
      parents: [],
      text: '',
      chars: 0,
      words: 0,
      linkedChars: 0,
      links: 0,
      strongChars: 0,
      sentences: 0,
      commas: 0,
      digits: 0,
      capitals: 0,
      symbols: 0,
      inlineLow: 0,
      inlineHigh: 0,
      template,
      same: { count: 0, seen: 0 },
      order: 0,
    }
    this.blocks.push(block)
    return block
  }

  /** Sums of levels, templates and equal texts. Levels stand in document order, so that children come after parents. */
  #sumUp(): void {
    for (const block of this.blocks) {
      block.text = block.text.replace(/\s+/g, ' ').trim()
      const { level, template } = block
      level.chars += block.chars
      level.linkedChars += block.linkedChars
      level.sentences += block.sentences
      level.blocks++
      template.blocks++
      template.chars += block.chars
      template.linkedChars += block.linkedChars
      template.sentences += block.sentences
      const same = this.#texts.get(block.text)
      if (same) block.same = same
      else this.#texts.set(block.text, block.same)
      block.order = block.same.count++
    }
    for (let i = this.levels.length - 1; i >= 0; i--) {
      const level = this.levels[i]!
      const { parent, alike } = level
      alike.chars += level.chars
      alike.linkedChars += level.linkedChars
      alike.sentences += level.sentences
      if (!parent) continue
      if (isTag(level.element) && level.chars > 0) {
        if (headings.test(level.element.name)) {
          level.headings++
          if (level.linkedChars > 0.9 * level.chars) level.linkedHeadings++
        } else if (level.element.name === 'p') level.paragraphs++
      }
      parent.chars += level.chars
      parent.linkedChars += level.linkedChars
      parent.sentences += level.sentences
      parent.blocks += level.blocks
      parent.headings += level.headings
      parent.paragraphs += level.paragraphs
      parent.linkedHeadings += level.linkedHeadings
      parent.images += level.images
      parent.inputs += level.inputs
    }
  }

  /** What stands in the head, wherever it stands. */
  #look({ name, attribs, children }: Element): void {
    if (name === 'title') this.title ||= textIn(children).slice(0, 500)
    else if (name === 'script' && /ld\+json/i.test(attribs['type'] ?? '')) {
      if (this.jsonLd.length < 200_000) this.jsonLd += textIn(children).slice(0, 200_000)
    } else if (name === 'meta') {
      const key = (attribs['property'] ?? attribs['name'] ?? '').toLowerCase()
      const content = (attribs['content'] ?? '').slice(0, 1000)
      if (key === 'og:type') this.ogType ||= content.toLowerCase()
      else if (key === 'generator') this.generator ||= content.toLowerCase()
      else if (key === 'description' || key === 'og:description') this.description ||= content
    } else if (name === 'input' || name === 'select' || name === 'textarea') {
      this.inputs++
      this.#level.inputs++
    }
  }
}

function textIn(children: Element['children']): string {
  let text = ''
  for (const child of children) if (child.type === 'text') text += child.data
  return text
}

function isHidden(attribs: Record<string, string>): boolean {
  if (attribs['hidden'] !== undefined || attribs['aria-hidden'] === 'true') return true
  const style = attribs['style']
  return style !== undefined && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style)
}

/** Adds what is in a run of text. Words are runs without white space; sentences end in `.`, `!`, `?` or `…` before white space or the end. */
function count(block: Block, data: string): void {
  let inWord = false
  for (let i = 0; i < data.length; i++) {
    const code = data.charCodeAt(i)
    if (code <= 32 || code === 160) {
      inWord = false
      continue
    }
    block.chars++
    if (!inWord) {
      inWord = true
      block.words++
      if (code >= 65 && code <= 90) block.capitals++
    }
    if (code >= 48 && code <= 57) block.digits++
    else if (code === 34 || (code >= 59 && code <= 62) || (code >= 91 && code <= 95) || code === 123 || code === 125) block.symbols++
    else if (code === 44 || code === 0xff0c || code === 0x3001) block.commas++
    else if (code === 46 || code === 33 || code === 63 || code === 0x3002 || code === 0x2026) {
      const next = i + 1 < data.length ? data.charCodeAt(i + 1) : 32
      if (next <= 34 || next === 0x201d || next === 160 || code === 0x3002) block.sentences++
    }
  }
}
