import type { Element, ParentNode } from 'domhandler'
import { walk } from '../html/dom.ts'

interface Table {
  rows: number
  cells: number
  columns: number
  cellChars: number
  longestCell: number
  hasHeader: boolean
  /** Whether its cells hold what mostly stands in the columns of a page. */
  holdsBlocks: boolean
  isLayout: boolean
}

/** A cell longer than this holds prose; a table of such cells without any header lays out the page. */
const proseChars = 400
const layoutTags = new Set(['table', 'article', 'section', 'form'])
const blockTags = new Set(['pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote'])

/** The tables that hold data: rows and columns of short cells. The others are there for the layout: their cells are read as blocks. */
export function dataTables(root: ParentNode): Set<Element> {
  const found = new Set<Element>()
  const open: Table[] = []
  walk(root, {
    enter(element) {
      const table = open.at(-1)
      if (table) seeInside(table, element)
      if (element.name === 'table') open.push(newTable(element))
    },
    leave(element) {
      if (element.name !== 'table') return
      const table = open.pop()
      if (table && isData(table)) found.add(element)
    },
    text(data) {
      const table = open.at(-1)
      if (table) table.cellChars += data.length
    },
  })
  return found
}

const newTable = ({ attribs }: Element): Table => ({
  rows: 0,
  cells: 0,
  columns: 0,
  cellChars: 0,
  longestCell: 0,
  hasHeader: false,
  holdsBlocks: false,
  isLayout: /^(?:presentation|none)$/.test(attribs['role'] ?? '') || /(?:^|\s)ltx_eq(?:n|uation)/.test((attribs['class'] ?? '').slice(0, 200)),
})

function seeInside(table: Table, { name }: Element): void {
  if (layoutTags.has(name)) table.isLayout = true
  else if (blockTags.has(name)) table.holdsBlocks = true
  else if (name === 'tr') {
    table.rows++
    table.cells = 0
  } else if (name === 'td' || name === 'th') {
    table.columns = Math.max(table.columns, ++table.cells)
    table.longestCell = Math.max(table.longestCell, table.cellChars)
    table.cellChars = 0
    table.hasHeader ||= name === 'th'
  }
}

function isData(table: Table): boolean {
  const longest = Math.max(table.longestCell, table.cellChars)
  return !table.isLayout && table.rows > 1 && table.columns > 1 && (table.hasHeader || (longest <= proseChars && !table.holdsBlocks))
}
