import { DomHandler, type Element, type ParentNode, isTag, hasChildren } from 'domhandler'
import { Parser } from 'htmlparser2'

/**
 * htmlparser2 keeps its open elements in an array that it shifts and searches: the depth bounds what one tag can cost (200,000 nested elements
 * take 14 s without it). Real pages stay far below both.
 */
const depthMax = 2000
const nodesMax = 1_000_000

export interface Dom {
  root: ParentNode
  /** Set when parsing stopped early; `root` holds what came before. */
  cut: 'too_deep' | 'too_many_nodes' | undefined
}

class Cut extends Error {
  readonly reason: NonNullable<Dom['cut']>

  constructor(reason: NonNullable<Dom['cut']>) {
    super(reason)
    this.reason = reason
  }
}

class BoundedHandler extends DomHandler {
  #nodes = 0

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (this.tagStack.length > depthMax) throw new Cut('too_deep')
    if (++this.#nodes > nodesMax) throw new Cut('too_many_nodes')
    super.onopentag(name, attributes)
  }
}

/** One parse of a page. Never throws for any text. */
export function parseHtml(html: string): Dom {
  const handler = new BoundedHandler()
  const parser = new Parser(handler, { decodeEntities: true })
  try {
    parser.end(withoutCdata(html))
  } catch (error) {
    if (!(error instanceof Cut)) throw error
    return { root: handler.root, cut: error.reason }
  }
  return { root: handler.root, cut: undefined }
}

/**
 * In HTML `<![CDATA[` begins a comment that ends with the next `>` (HTML standard, 13.2.5.42); the parser would look for `]]>` and swallow the page.
 * A declaration ends as that comment does. Markers that hide a script from XML stay.
 */
function withoutCdata(html: string): string {
  if (!html.includes('CDATA[')) return html
  return html.replaceAll('<![CDATA[', (marker, at: number) =>
    /(?:script[^<>]*>|\/\/|\/\*)\s{0,20}$/i.test(html.slice(Math.max(0, at - 100), at)) ? marker : '<!CDATA[',
  )
}

export interface Visitor {
  /** false = do not look inside (and do not call `leave`). */
  enter?(element: Element): boolean | void
  leave?(element: Element): void
  text?(data: string, parent: ParentNode): void
}

/** Walks in document order without recursion, so that no depth overflows the stack. */
export function walk(root: ParentNode, visitor: Visitor): void {
  const path: { node: ParentNode; next: number }[] = [{ node: root, next: 0 }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const child = top.node.children[top.next++]
    if (child === undefined) {
      path.pop()
      if (isTag(top.node) && top.node !== root) visitor.leave?.(top.node)
    } else if (isTag(child)) {
      if (visitor.enter?.(child) !== false) path.push({ node: child, next: 0 })
    } else if (child.type === 'text') visitor.text?.(child.data, top.node)
    else if (hasChildren(child)) path.push({ node: child, next: 0 })
  }
}

/** All text inside, as it stands in the page. */
export function textOf(root: ParentNode): string {
  const parts: string[] = []
  walk(root, { text: (data) => void parts.push(data) })
  return parts.join('')
}

export const collapse = (text: string): string => text.replace(/\s+/g, ' ').trim()
