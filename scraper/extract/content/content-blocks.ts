import { isTag, hasChildren, type Element, type ParentNode } from 'domhandler'
import { markIndex, marks, nameMarks, type Masks } from './block-marks.ts'
import { isHidden, isNeverText, roleMarks, tags, unknownTag, type Tag } from './block-tags.ts'
import { countText, isBlank } from './block-text.ts'
import { collapse } from '../html/dom.ts'
import { isBesideCode, isCodeBlock, isNoCode } from '../text/text-code-signs.ts'
import { formulaOf, type Formula } from '../text/text-formulas.ts'
import { imageText } from '../text/text-images.ts'
import type { Alike, Block, Level, PageBlocks } from './page-blocks.ts'

const headings = /^h[1-6]$/
const blockTextMax = 400
/** Elements behind so many are read as inline, so that no page takes more than a few seconds. */
const levelsMax = 60_000
const signatures = 2 ** 17
const formulaTag: Tag = tags.get('math') ?? unknownTag
/** Elements whose formulas are part of their text, displayed or not. */
const holdsText = new Set(['p', 'li', 'dt', 'td', 'th', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'figcaption', 'caption', 'summary'])

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
  /** By classes: what they say of an element, and a number for them, -1 = none was asked for. */
  readonly #names = new Map<string, { number: number; masks: Masks }>()
  #numbers = 0
  readonly #alike = new Map<number, Alike>()
  readonly #templates = new Map<number, Alike & { blocks: number }>()
  readonly #texts = new Map<string, Block['same']>()
  #level: Level
  #links = 0
  #strong = 0
  /** Inside code everything is one block. */
  #isCode = false
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
    const formula = this.#isCode ? undefined : formulaOf(element)
    if (formula) return this.#formula(element, formula)
    if (tag.kind === 'skipped') {
      this.#look(element)
      if (isNeverText(element)) return false
    }
    if (name === 'body') this.body = element
    if (this.#isCode ? isNoCode(element) : isBesideCode(element)) return false
    const isCode = !this.#isCode && isCodeBlock(element)
    if (this.#isCode || (tag.kind === 'inline' && !isCode) || this.levels.length >= levelsMax) return this.#enterInline(element)
    this.#level = this.#open(element, tag, this.#level)
    this.#mark(element, tag)
    this.#isCode = isCode
    return true
  }

  /** A formula is text, by its source. One that is displayed between blocks of text is a block of its own. */
  #formula(element: Element, { tex, isBlock }: Formula): false {
    if (tex === '') return false
    const level = this.#level
    const isAlone = isBlock && this.levels.length < levelsMax && !(isTag(level.element) && holdsText.has(level.element.name))
    if (isAlone) {
      this.#level = this.#open(element, formulaTag, level)
      this.#mark(element, formulaTag)
    }
    this.#text(tex, element, isAlone ? 'math' : undefined)
    this.#level = level
    return false
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
    if (classes !== undefined) this.#markNames(at, this.#namesOf(classes).masks)
    if (id !== undefined) this.#markNames(at, nameMarks(id))
    if (tag.mark >= 0) distances[at + tag.mark] = 0
    const roleMark = role === undefined ? undefined : roleMarks.get(role)
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
      const text = imageText(element)
      if (text !== undefined) this.#text(text, element)
      return false
    }
    if (name === 'a') this.#links++
    else if (name === 'strong' || name === 'b') this.#strong++
    const { class: classes, id } = attribs
    if (classes !== undefined) this.#noteInline(this.#namesOf(classes).masks)
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
    this.#isCode = false
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
    const names = this.#namesOf(classes)
    if (names.number < 0) names.number = this.#numbers++
    return (names.number * 128 + id) % signatures
  }

  #namesOf(classes: string): { number: number; masks: Masks } {
    let names = this.#names.get(classes)
    if (!names) this.#names.set(classes, (names = { number: -1, masks: nameMarks(classes) }))
    return names
  }

  #likes(parent: Level | undefined, signature: number): Alike {
    const key = (parent ? parent.index : -1) * signatures + signature
    let alike = this.#alike.get(key)
    if (!alike) this.#alike.set(key, (alike = freshAlike()))
    alike.count++
    return alike
  }

  #text(data: string, parent: ParentNode, name = this.#isCode ? 'pre' : undefined): void {
    if (isBlank(data)) {
      const { block } = this.#level
      if (block && !block.text.endsWith(' ')) block.text += ' '
      return
    }
    const block = (this.#level.block ??= this.#openBlock(this.#level, name))
    if (block.parents.at(-1) !== parent) block.parents.push(parent)
    if (block.text.length < blockTextMax) block.text += data.slice(0, blockTextMax)
    const before = block.chars
    countText(block, data)
    const added = block.chars - before
    if (this.#links > 0) {
      block.linkedChars += added
      block.links++
    }
    if (this.#strong > 0) block.strongChars += added
    block.inlineLow |= this.#inlineLow
    block.inlineHigh |= this.#inlineHigh
  }

  /** @param name what it is taken for, if not for its element */
  #openBlock(level: Level, name = isTag(level.element) ? level.element.name : ''): Block {
    const key = (level.signature * signatures + (level.parent?.signature ?? 0)) * signatures + (level.parent?.parent?.signature ?? 0)
    let template = this.#templates.get(key)
    if (!template) this.#templates.set(key, (template = { ...freshAlike(), blocks: 0 }))
    const block: Block = {
      level,
      name,
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
      repeated: null,
    }
    this.blocks.push(block)
    return block
  }

  /** Sums of levels, templates and equal texts. Levels stand in document order, so that children come after parents. */
  #sumUp(): void {
    for (const block of this.blocks) {
      block.text = collapse(block.text)
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
    } else if ((name === 'input' && !isTick(attribs)) || name === 'select' || name === 'textarea') {
      this.inputs++
      this.#level.inputs++
    }
  }
}

/** The box before an item of a list of tasks, which nobody can tick. */
const isTick = ({ type, disabled }: Element['attribs']): boolean => type === 'checkbox' && disabled !== undefined

function textIn(children: Element['children']): string {
  let text = ''
  for (const child of children) if (child.type === 'text') text += child.data
  return text
}
