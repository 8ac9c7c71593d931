import type { ParentNode } from 'domhandler'

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
export interface Alike {
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
  /** The level around it of which there are most alike; null until it was looked for. */
  repeated: Level | undefined | null
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
