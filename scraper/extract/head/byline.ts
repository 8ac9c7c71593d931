import { isTag, type Element, type ParentNode } from 'domhandler'
import { collapse, walk } from '../html/dom.ts'

/** A name that stands where authors stand. */
export interface Byline {
  by: 'attribute' | 'itemprop' | 'rel' | 'name' | 'byline' | 'link' | 'username' | 'text'
  text: string
  /** What it stands in: those of one sort that stand together are authors of one thing. */
  within: ParentNode | null
}

const authorNames =
  /(?:^|[\s_-])(?:byline|by-line|author|authors|author-?name|post-?author|entry-?author|article-?author|written-?by|posted-?by|creator)(?:$|[\s_-])/i
const fullNames = /(?:^|[\s_-])(?:author|writer|byline|contributor)[_-]{0,2}(?:full-?)?name(?:$|[\s_-])/i
/** Where sites show who their authors are. */
const authorAddress = /\/(?:authors?|writers?|contributors?|columnists?|staff)\/[^/?#]{2,}/i
const userNames = /(?:^|[\s_-])(?:user-?name|poster|postuser-name|user-details|nickname|display-?name|topic-?author|member-?name|message-name)(?:$|[\s_-])/i
/** Where the authors of something else are named. */
const elsewhere = /(?:^|[\s_-])(?:comments?|related|recommended|sidebar|footer|nav|menu|card|teaser|widget|bio|about|avatar|image|img|photo)(?:$|[\s_-])/i
const textBy = /^(?:(?:article|story|words|text|written|posted|published|created)\s+)?by:?\s+(.+)$/i
const explicitBy = /^(?:written|posted|authored)\s+by:?\s+(.+)$/i
const onlyBy = /^(?:written |posted |published |authored )?by:?$/i
/** Any of these is in whatever the two patterns above match. */
const hint = /auth|by|user|post|creator|name|writ/i
/** Two to six words that begin with a capital, with the small words that stand in names. */
const personName = /^\p{Lu}[\p{L}\p{M}'’.-]+(?:\s(?:de|da|di|van|von|der|den|del|la|le|el|al|bin|ibn|and|und|et|y|&|\p{Lu}[\p{L}\p{M}'’.-]*),?){1,6}$/u
export const isPersonName = (text: string): boolean => personName.test(text)
/** One to four words without a full stop: `ann_7`, `The Team`. */
const shortName = /^[\p{L}\p{N}_@][^\s.!?,;:|]*(?:\s(?!at\b|on\b)[^\s.!?,;:|]+){0,3}$/iu
const addressChars = 500
const bylinesMax = 20
const chars = 200

/** Collects what looks like the name of an author while a page is walked: by markup first, by the names of classes in general, by `by …`. */
export class BylineReader {
  readonly #found: Byline[] = []
  #afterBy = false

  enter(element: Element): void {
    if (this.#found.length >= bylinesMax) return
    const { name, attribs } = element
    if (name === 'meta' || name === 'link' || name === 'body' || name === 'html' || name === 'input') return
    const { rel, itemprop, href } = attribs
    const stated = attribs['data-author'] ?? attribs['data-author-username']
    if (stated !== undefined) this.#add('attribute', collapse(stated.slice(0, chars)), element)
    else if (itemprop !== undefined && /(?:^|\s)(?:author|creator)(?:$|\s)/.test(itemprop)) this.#add('itemprop', nameIn(element), element)
    else if (rel !== undefined && /(?:^|\s)author(?:$|\s)/.test(rel)) this.#add('rel', shortText(element), element)
    else if (!this.#seeClass(element) && name === 'a' && href !== undefined && authorAddress.test(href.slice(0, addressChars)))
      this.#add('link', shortText(element), element)
  }

  text(data: string, parent: ParentNode): void {
    if (this.#found.length >= bylinesMax || data.length > chars || (!this.#afterBy && !/by/i.test(data))) return
    const text = data.trim()
    if (text === '') return
    const isAfterBy = this.#afterBy
    this.#afterBy = onlyBy.test(text)
    const explicit = explicitBy.exec(text)?.[1]?.replace(/\s+(?:at|on|in|·|\|)(?:\s.*)?$/i, '')
    const named = isAfterBy ? text : (explicit ?? textBy.exec(text)?.[1]?.replace(/\s*[|·•–—].*$/, ''))
    if (named === undefined) return
    // `by` and a link is said of people; so is `written by`, if little follows.
    const isPerson = isPersonName(named) || ((explicit !== undefined || (isAfterBy && isTag(parent) && parent.name === 'a')) && shortName.test(named))
    if (isPerson) this.#add('text', named, isTag(parent) ? parent : undefined)
  }

  found(): Byline[] {
    return this.#found
  }

  /** Whether its classes say that it names an author. */
  #seeClass(element: Element): boolean {
    const names = (element.attribs['class'] ?? element.attribs['data-testid'] ?? '').slice(0, 300)
    if (!hint.test(names) || elsewhere.test(names.replace('h-card', ''))) return false
    const by = fullNames.test(names) ? 'name' : authorNames.test(names) ? 'byline' : userNames.test(names) ? 'username' : undefined
    if (by) this.#add(by, shortText(element), element)
    return by !== undefined
  }

  #add(by: Byline['by'], text: string | undefined, element: Element | undefined): void {
    if (text !== undefined && text !== '') this.#found.push({ by, text, within: element?.parent ?? null })
  }
}

/** The part of a person's markup that is the name. */
function nameIn(element: Element): string | undefined {
  if (element.attribs['content']) return collapse(element.attribs['content'].slice(0, chars))
  let found: string | undefined
  let steps = 0
  walk(element, {
    enter(inner) {
      if (++steps > 50 || found !== undefined) return false
      if (/(?:^|\s)name(?:$|\s)/.test(inner.attribs['itemprop'] ?? '')) found = inner.attribs['content'] ?? shortText(inner)
      return true
    },
  })
  return found === undefined ? shortText(element) : collapse(found.slice(0, chars))
}

/** The text of a small element; undefined for what holds more than a name and a few words. */
function shortText(element: Element): string | undefined {
  const parts: string[] = []
  let length = 0
  let steps = 0
  let isBorder = false
  walk(element, {
    enter(inner) {
      isBorder = true
      return ++steps < 30 && length <= chars && inner.name !== 'script' && inner.name !== 'style' && inner.name !== 'svg'
    },
    leave(inner) {
      isBorder = true
      if (isBlock(inner)) parts.push('\n')
    },
    text(data) {
      length += data.length
      if (length > 4 * chars) return
      if (isBorder) parts.push(gap(parts.at(-1) ?? '', data))
      isBorder = false
      parts.push(data)
    },
  })
  const lines = parts
    .join('')
    .split('\n')
    .map(collapse)
    .filter((line) => line !== '')
  const text = lines.slice(0, 3).join('\n')
  return text.length > chars ? undefined : text
}

/** What parts two elements that stand side by side without a space: given name and family name are one, a name and a date are not. */
function gap(before: string, after: string): string {
  if (!/[\p{L}\p{N}]$/u.test(before) || !/^[\p{L}\p{N}]/u.test(after)) return ''
  return /^\s*\p{Lu}[\p{L}'’.-]+$/u.test(before) && /^\p{Lu}[\p{L}'’.-]+\s*$/u.test(after) ? ' ' : '\n'
}

const isBlock = (element: Element): boolean => isTag(element) && /^(?:div|p|li|br|time|h\d|td)$/.test(element.name)
