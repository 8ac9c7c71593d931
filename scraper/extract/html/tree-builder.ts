import { Document, Element, Text, type ChildNode, type ParentNode } from 'domhandler'
import type { Handler } from 'htmlparser2'

/** Why a page was read in part only. */
export type CutReason = 'too_deep' | 'too_many_nodes'

export class Cut extends Error {
  readonly reason: CutReason

  constructor(reason: CutReason) {
    super(reason)
    this.reason = reason
  }
}

/**
 * htmlparser2 keeps its open elements in an array that it shifts and searches: the depth bounds what one tag can cost (200,000 nested elements
 * take 14 s without it). Real pages stay far below both.
 */
const depthMax = 2000
const nodesMax = 1_000_000

/** The tree of a page, of elements and texts: no comments. */
export class TreeBuilder implements Partial<Handler> {
  readonly root = new Document([])
  readonly #open: ParentNode[] = [this.root]
  #parent: ParentNode = this.root
  #last: Text | undefined
  #nodes = 0

  onopentag(name: string, attributes: Record<string, string>): void {
    if (this.#open.length > depthMax) throw new Cut('too_deep')
    if (++this.#nodes > nodesMax) throw new Cut('too_many_nodes')
    const element = new Element(name, attributes)
    this.#add(element)
    this.#open.push(element)
    this.#parent = element
  }

  onclosetag(): void {
    this.#last = undefined
    this.#open.pop()
    this.#parent = this.#open.at(-1) ?? this.root
  }

  ontext(data: string): void {
    if (this.#last) {
      this.#last.data += data
      return
    }
    const text = new Text(data)
    this.#add(text)
    this.#last = text
  }

  /** Text on either side of a comment stays apart. */
  oncommentend(): void {
    this.#last = undefined
  }

  onprocessinginstruction(): void {
    this.#last = undefined
  }

  #add(node: ChildNode): void {
    const { children } = this.#parent
    const previous = children.at(-1)
    children.push(node)
    if (previous) {
      node.prev = previous
      previous.next = node
    }
    node.parent = this.#parent
    this.#last = undefined
  }
}
