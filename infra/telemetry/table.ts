import { padTo, plainText, widthOf, wrapTo } from './terminal-text.ts'

type Row = readonly (string | number)[]

const gap = '  '
/** No column of text becomes narrower than that, to make the table fit. */
const narrowest = 8

interface Column {
  width: number
  isNumeric: boolean
}

/**
 * A table in plain text: columns as wide as their widest cell, columns of numbers to the right. Text of anybody is safe in it.
 * @param width what it must fit into, in columns of the terminal: the widest columns of text go on in more lines
 */
export function textTable(header: readonly string[], rows: readonly Row[], width = Infinity): string {
  const cells = rows.map((row) => header.map((_, column) => plainText(String(row[column] ?? ''))))
  const columns = fitted(
    header.map((title, column) => ({
      width: cells.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), widthOf(title)),
      isNumeric: cells.length > 0 && cells.every((row) => isNumber(row[column] ?? '')),
    })),
    width,
  )
  const rule = columns.map(({ width }) => '─'.repeat(width)).join(gap)
  return [...linesOf(header, columns), rule, ...cells.flatMap((row) => linesOf(row, columns))].join('\n')
}

const isNumber = (cell: string): boolean => /^(?:–|[+-]?\d[\d,]*(?:\.\d+)?%?)$/.test(cell)

/** The widest column of text gives way first, until the table fits or none can. */
function fitted(columns: readonly Column[], width: number): Column[] {
  const widths = columns.map((column) => ({ ...column }))
  let over = widths.reduce((sum, column) => sum + column.width, gap.length * (columns.length - 1)) - width
  while (over > 0) {
    const [widest, next] = widths.filter(({ isNumeric, width }) => !isNumeric && width > narrowest).toSorted((a, b) => b.width - a.width)
    if (!widest) break
    const by = Math.min(over, widest.width - narrowest, Math.max(1, widest.width - (next?.width ?? narrowest)))
    widest.width -= by
    over -= by
  }
  return widths
}

function linesOf(row: readonly string[], columns: readonly Column[]): string[] {
  const wrapped = columns.map(({ width }, column) => wrapTo(row[column] ?? '', width))
  const height = wrapped.reduce((most, lines) => Math.max(most, lines.length), 1)
  return Array.from({ length: height }, (_, at) =>
    columns
      .map(({ width, isNumeric }, column) => {
        const text = wrapped[column]?.[at] ?? ''
        return isNumeric ? `${' '.repeat(Math.max(0, width - widthOf(text)))}${text}` : padTo(text, width)
      })
      .join(gap)
      .trimEnd(),
  )
}
