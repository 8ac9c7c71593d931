type Row = readonly (string | number)[]

/** A table in plain text: columns as wide as their widest cell, columns of numbers to the right. */
export function textTable(header: readonly string[], rows: readonly Row[]): string {
  const columns = header.map((title, column) => ({
    width: Math.max(title.length, ...rows.map((row) => cellOf(row, column).length)),
    numeric: rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  }))
  const line = (row: Row) =>
    columns
      .map(({ width, numeric }, column) => (numeric ? cellOf(row, column).padStart(width) : cellOf(row, column).padEnd(width)))
      .join('  ')
      .trimEnd()
  return [line(header), columns.map(({ width }) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

const cellOf = (row: Row, column: number): string => String(row[column] ?? '')
