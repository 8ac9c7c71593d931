import type { Element } from 'domhandler'
import { parseHtml, walk } from '#scraper/extract/html/dom.ts'
import { wordsOf } from './word-overlap.ts'

export const elementKinds = ['paragraph', 'heading', 'list item', 'cell', 'quote', 'caption', 'code'] as const
export type ElementKind = (typeof elementKinds)[number]

/** A piece of a page's text that is kept or cut as one. */
export interface PageElement {
  /** undefined: text in no element of a kind. */
  kind: ElementKind | undefined
  words: string[]
}

/** A cell in its place, from 0, where `colspan` and `rowspan` put it. */
export interface TableCell {
  element: PageElement
  row: number
  column: number
}

export interface PageElements {
  /** In the order of the page, those without words left out. */
  elements: PageElement[]
  /** The cells of each table that holds data: rows and columns of short cells. */
  tables: TableCell[][]
}

const kindOf = new Map<string, ElementKind>()
for (const [kind, names] of Object.entries({
  paragraph: 'p',
  heading: 'h1 h2 h3 h4 h5 h6',
  'list item': 'li dt dd',
  cell: 'td th',
  quote: 'blockquote',
  caption: 'figcaption caption',
  code: 'pre',
}))
  for (const name of names.split(' ')) kindOf.set(name, kind as ElementKind)
const inline = new Set('a abbr b bdi bdo cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup time tt u var'.split(' '))
const unread = new Set('script style template svg title noscript option textarea'.split(' '))
/** A cell longer than this is a part of a layout. */
const cellWordsMax = 80

/** What a page is made of, as its source has it: hidden or not, wanted or not. */
export function pageElements(html: string): PageElements {
  const reader = new ElementReader()
  walk(parseHtml(html).root, reader)
  return reader.found()
}

/** An open element, with what its text goes to. */
interface Open {
  kind: ElementKind | undefined
  piece: Piece
}

/** Text that is being read. */
interface Piece {
  kind: ElementKind | undefined
  parts: string[]
}

class ElementReader {
  readonly #pieces: Piece[] = []
  readonly #open: Open[] = [{ kind: undefined, piece: this.#begin(undefined) }]
  readonly #tables: OpenTable[] = []
  readonly #openTables: OpenTable[] = []

  enter(element: Element): boolean {
    const { name } = element
    const around = this.#open.at(-1)!
    if (unread.has(name)) return false
    if (name === 'table') this.#openTable()
    if (name === 'tr') this.#openTables.at(-1)?.openRow()
    const own = kindOf.get(name)
    if (inline.has(name)) this.#open.push(around)
    else if (own === undefined || (own === 'paragraph' && around.kind !== undefined)) this.#open.push(this.#inside(around))
    else {
      const piece = this.#begin(own)
      this.#open.push({ kind: own, piece })
      if (own === 'cell') this.#openTables.at(-1)?.openCell(element.attribs, piece)
    }
    return true
  }

  leave({ name }: Element): void {
    this.#open.pop()
    if (name === 'table') this.#openTables.pop()
    const around = this.#open.at(-1)
    if (around && !inline.has(name)) around.piece = this.#inside(around).piece
  }

  text(data: string): void {
    this.#open.at(-1)?.piece.parts.push(data)
  }

  found(): PageElements {
    const elements = new Map<Piece, PageElement>()
    for (const piece of this.#pieces) {
      const words = wordsOf(piece.parts.join(''))
      if (words.length > 0) elements.set(piece, { kind: piece.kind, words })
    }
    const tables = this.#tables
      .filter(({ isData }) => isData)
      .map(({ cells }) =>
        cells.flatMap((cell) => {
          const element = elements.get(cell.piece)
          return element ? [{ element, row: cell.row, column: cell.column }] : []
        }),
      )
    return { elements: [...elements.values()], tables: tables.filter(isDataTable) }
  }

  #begin(kind: ElementKind | undefined): Piece {
    const piece = { kind, parts: [] }
    this.#pieces.push(piece)
    return piece
  }

  /** Where the text of a block inside goes: a cell, a caption and code are one whole; other text begins anew. */
  #inside({ kind, piece }: Open): Open {
    if (kind === 'cell' || kind === 'caption' || kind === 'code' || kind === 'heading') {
      piece.parts.push('\n')
      return { kind, piece }
    }
    return { kind, piece: this.#begin(kind) }
  }

  #openTable(): void {
    for (const outer of this.#openTables) outer.isData = false
    const table = new OpenTable()
    this.#tables.push(table)
    this.#openTables.push(table)
  }
}

class OpenTable {
  isData = true
  readonly cells: { piece: Piece; row: number; column: number }[] = []
  #row = -1
  #column = 0
  /** How many rows more the cell of a column reaches down. */
  readonly #down: number[] = []

  openRow(): void {
    this.#row++
    this.#column = 0
  }

  openCell(attribs: Readonly<Record<string, string>>, piece: Piece): void {
    while ((this.#down[this.#column] ?? 0) > 0) this.#down[this.#column++]!--
    this.cells.push({ piece, row: this.#row, column: this.#column })
    const [width, height] = [spanOf(attribs['colspan']), spanOf(attribs['rowspan'])]
    for (let i = 0; i < width; i++) this.#down[this.#column++] = height - 1
  }
}

const spanOf = (value: string | undefined): number => Math.min(50, Math.max(1, Math.trunc(Number(value)) || 1))

function isDataTable(cells: readonly TableCell[]): boolean {
  const distinct = (of: (cell: TableCell) => number) => new Set(cells.map(of)).size
  return distinct(({ row }) => row) >= 2 && distinct(({ column }) => column) >= 2 && cells.every(({ element }) => element.words.length <= cellWordsMax)
}
