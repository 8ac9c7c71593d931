/** A table in plain text: columns as wide as their widest cell, numbers to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length)))
  const line = (cells: readonly (string | number)[]) =>
    widths
      .map((width, column) => (typeof cells[column] === 'number' ? String(cells[column]).padStart(width) : String(cells[column] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
