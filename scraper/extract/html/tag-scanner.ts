import { endOfDrawing } from './drawing.ts'
import { endOfRawText, opensTag, skipMarkup, TagReader } from './tag-reader.ts'

/** One opening tag of interest, as it stands in the page: names of attributes of interest in lower case, values raw (entities not decoded), the first of equal names. */
export interface ScannedTag {
  name: string
  attributes: Record<string, string>
  /** From `<` to `>`, both included. */
  source: string
}

/** What is read: tags and attributes by their names, in lower case, of at most 16 characters. */
export interface Wanted {
  tags: ReadonlySet<string>
  attributes: ReadonlySet<string>
}

/**
 * Walks the tags of a page without building a tree: the same tags as the tree's (html-parser.ts) in one pass over the text, with comments, raw text, drawings,
 * quotes and equal attributes as it takes them. Only `wanted` tags have their attributes read; `see` gets them in document order and ends the walk by returning false.
 */
export function scanTags(html: string, wanted: Wanted, see: (tag: ScannedTag) => boolean | void): void {
  const reader = new TagReader(html, wanted.attributes)
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', at)) {
    if (!opensTag(html, at)) {
      at = skipMarkup(html, at)
      if (at === -1) return
      continue
    }
    const name = reader.name(at + 1)
    const isWanted = wanted.tags.has(name)
    const end = reader.attributes(isWanted)
    if (end === -1) return
    if (isWanted && see({ name, attributes: reader.found, source: html.slice(at, end) }) === false) return
    if (name === 'plaintext') return
    at = name === 'svg' ? (reader.isSelfClosing ? end : endOfDrawing(html, end)) : endOfRawText(html, end, name)
  }
}
