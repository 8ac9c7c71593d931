import { isTag, type Element } from 'domhandler'
import { collapse, walk } from '../html/dom.ts'

/** A name that stands where authors stand. */
export interface Byline {
  by: 'attribute' | 'itemprop' | 'rel' | 'byline' | 'username' | 'text'
  text: string
}

const authorNames =
  /(?:^|[\s_-])(?:byline|by-line|author|authors|author-?name|post-?author|entry-?author|article-?author|written-?by|posted-?by|creator)(?:$|[\s_-])/i
const userNames = /(?:^|[\s_-])(?:user-?name|poster|postuser-name|user-details|nickname|display-?name|topic-?author|member-?name|message-name)(?:$|[\s_-])/i
/** Where the authors of something else are named. */
const elsewhere = /(?:^|[\s_-])(?:comments?|related|recommended|sidebar|footer|nav|menu|card|teaser|widget|bio|about|avatar|image|img|photo)(?:$|[\s_-])/i
const textBy = /^(?:(?:article|story|words|text|written|posted|published|created)\s+)?by:?\s+(.+)$/i
const onlyBy = /^(?:written |posted |published )?by:?$/i
/** Any of these is in whatever the two patterns above match. */
const hint = /auth|by|user|post|creator|name/i
/** Two to six words that begin with a capital, with the small words that stand in names. */
const personName = /^\p{Lu}[\p{L}\p{M}'’.-]+(?:\s(?:de|da|di|van|von|der|den|del|la|le|el|al|bin|ibn|and|und|et|y|&|\p{Lu}[\p{L}\p{M}'’.-]*),?){1,6}$/u
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
    const { rel, itemprop } = attribs
    const stated = attribs['data-author'] ?? attribs['data-author-username']
    if (stated !== undefined) this.#add('attribute', collapse(stated.slice(0, chars)))
    else if (itemprop !== undefined && /(?:^|\s)(?:author|creator)(?:$|\s)/.test(itemprop)) this.#add('itemprop', nameIn(element))
    else if (rel !== undefined && /(?:^|\s)author(?:$|\s)/.test(rel)) this.#add('rel', shortText(element))
    else this.#seeClass(element)
  }

  text(data: string): void {
    if (this.#found.length >= bylinesMax || data.length > chars || (!this.#afterBy && !/by/i.test(data))) return
    const text = data.trim()
    if (text === '') return
    const named = this.#afterBy ? text : textBy.exec(text)?.[1]
    this.#afterBy = onlyBy.test(text)
    if (named !== undefined && personName.test(named)) this.#add('text', named)
  }

  found(): Byline[] {
    return this.#found
  }

  #seeClass(element: Element): void {
    const names = (element.attribs['class'] ?? element.attribs['data-testid'] ?? '').slice(0, 300)
    if (!hint.test(names) || elsewhere.test(names)) return
    if (authorNames.test(names)) this.#add('byline', shortText(element))
    else if (userNames.test(names)) this.#add('username', shortText(element))
  }

  #add(by: Byline['by'], text: string | undefined): void {
    if (text !== undefined && text !== '') this.#found.push({ by, text })
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
  walk(element, {
    enter: (inner) => ++steps < 30 && length <= chars && inner.name !== 'script' && inner.name !== 'style' && inner.name !== 'svg',
    leave: (inner) => void (isBlock(inner) && parts.push('\n')),
    text(data) {
      length += data.length
      if (length <= 4 * chars) parts.push(data)
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

const isBlock = (element: Element): boolean => isTag(element) && /^(?:div|p|li|br|time|h\d|td)$/.test(element.name)
