import { isTag, hasChildren, type ChildNode, type Element, type ParentNode } from 'domhandler'
import { HtmlParser } from './html-parser.ts'
import { HtmlTokenizer } from './html-tokenizer.ts'
import { Cut, TreeBuilder, type CutReason } from './tree-builder.ts'

export interface Dom {
  root: ParentNode
  /** Set when parsing stopped early; `root` holds what came before. */
  cut: CutReason | undefined
}

/** One parse of a page. Never throws for any text. */
export function parseHtml(html: string): Dom {
  const builder = new TreeBuilder()
  const parser = new HtmlParser(builder, { decodeEntities: true, Tokenizer: HtmlTokenizer })
  try {
    parser.end(html)
  } catch (error) {
    if (!(error instanceof Cut)) throw error
    return { root: builder.root, cut: error.reason }
  }
  return { root: builder.root, cut: undefined }
}

export interface Visitor {
  /** false = do not look inside (and do not call `leave`). */
  enter?(element: Element): boolean | void
  leave?(element: Element): void
  text?(data: string, parent: ParentNode): void
}

/** Walks in document order without recursion, so that no depth overflows the stack. */
export function walk(root: ParentNode, visitor: Visitor): void {
  const path: ParentNode[] = [root]
  const next: number[] = [0]
  for (let top = 0; top >= 0;) {
    const node = path[top]!
    const child = node.children[next[top]!++]
    if (child === undefined) {
      path.length = top--
      if (top >= 0 && isTag(node)) visitor.leave?.(node)
    } else if (child.type === 'text') visitor.text?.(child.data, node)
    else if (isTag(child) ? visitor.enter?.(child) !== false : hasChildren(child)) {
      path[++top] = child as ParentNode
      next[top] = 0
    }
  }
}

/** The first nodes inside, in document order: for who looks at the beginning only. @param nodesMax no more than so many are given */
export function* firstNodes(root: ParentNode, nodesMax: number): Generator<ChildNode> {
  const open = root.children.slice(0, nodesMax).toReversed()
  let left = nodesMax
  for (let node = open.pop(); node !== undefined && left > 0; node = open.pop(), left--) {
    yield node
    if (!hasChildren(node)) continue
    for (let i = Math.min(node.children.length, left) - 1; i >= 0; i--) open.push(node.children[i]!)
  }
}

/** All text inside, as it stands in the page. */
export function textOf(root: ParentNode): string {
  const parts: string[] = []
  walk(root, { text: (data) => void parts.push(data) })
  return parts.join('')
}

/** White space as one space each, none at the ends. */
export const collapse = (text: string): string => squeeze(text).trim()

/**
 * White space as one space each. Most text has no other, which is seen sooner than replaced. A no-break space behind what may be the byte before it stays: it may
 * be half of a character that was misread (charset/mojibake.ts). A byte order mark is none.
 */
export function squeeze(text: string): string {
  if (isSqueezed(text)) return text
  return text.includes('\xa0') ? text.replace(spaces, (_, half: string | undefined) => half ?? ' ') : text.replace(longSpaces, ' ')
}

/** All but single spaces, which are most. */
const longSpaces = /[^\S\ufeff]{2,}|[^\S\ufeff ]/g
const spaces = /(?<=[\x80-\xbf\xc2-\xf4\u0152-\u0192\u02c6\u02dc\u0402-\u045f\u2013-\u203a\u20ac\u2122])(\xa0)|[^\S\ufeff]+/g

function isSqueezed(text: string): boolean {
  let before = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code === 32 && before === 32) || (code >= 9 && code <= 13) || (code >= 160 && !isLetter(code))) return false
    before = code
  }
  return true
}

/** Of the characters that may be white space, those that are none for sure. */
const isLetter = (code: number): boolean => (code > 160 && code < 0x1680) || (code > 0x3000 && code < 0xfeff) || (code > 0x2010 && code < 0x2028)
