import { isSqlStruct, type SqlRow, type SqlValue } from '#schemas/sql.ts'

/** What the cells of a column are: `int` a number or bigint of 64 bits, `timestamp` a Date, `date` a day as text, `json` whatever JSON has and nothing else, `bytes` a Uint8Array; each may be null. */
export interface RowsColumn {
  name: string
  kind: 'string' | 'json' | 'int' | 'double' | 'timestamp' | 'date' | 'boolean' | 'bytes'
}

/** Rows of an answer, whatever it is spelled in. Cells stand in the order of the columns, whose names may be anybody's words. */
export interface Rows {
  columns: readonly RowsColumn[]
  cells: readonly (readonly unknown[])[]
}

/** Rows of objects whose names are ours. */
export const rowsOf = <Row extends object>(columns: readonly (RowsColumn & { name: keyof Row })[], rows: readonly Row[]): Rows => ({
  columns,
  cells: rows.map((row) => columns.map(({ name }) => row[name] ?? null)),
})

/** What a statement gave (dataset-query.ts). */
export function rowsOfStatement({ columns, rows }: { columns: readonly { name: string; type: string }[]; rows: readonly SqlRow[] }): Rows {
  const known = columns.map(({ name, type }) => ({ name, kind: kindOf(type, () => rows.map((row) => row[name] ?? null)) }))
  return { columns: known, cells: rows.map((row) => known.map(({ name, kind }) => cellOf(kind, row[name] ?? null))) }
}

/** Of a type as DuckDB spells it. What is none of ours is told as text, nested values as JSON. Sums of integers are wider than 64 bits: integers all the same, unless one is that large. */
function kindOf(type: string, cells: () => SqlValue[]): RowsColumn['kind'] {
  if (/^ENUM\(.*\)$/s.test(type)) return 'string'
  if (/[[\]()]/.test(type) && !/^DECIMAL\([\d,]+\)$/.test(type)) return 'json'
  if (/^(?:U?HUGEINT|UBIGINT)$/.test(type)) return cells().every((cell) => typeof cell !== 'bigint' || BigInt.asIntN(64, cell) === cell) ? 'int' : 'string'
  if (/^(?:U?TINYINT|U?SMALLINT|U?INTEGER|BIGINT)$/.test(type)) return 'int'
  if (/^(?:FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) return 'double'
  if (type.startsWith('TIMESTAMP')) return 'timestamp'
  if (type === 'DATE') return 'date'
  if (type === 'BOOLEAN') return 'boolean'
  return type === 'BLOB' ? 'bytes' : 'string'
}

function cellOf(kind: RowsColumn['kind'], cell: SqlValue): unknown {
  if (kind === 'json') return plainOf(cell)
  if (cell === null || kind !== 'string' || typeof cell === 'string') return cell
  return cell instanceof Date ? cell.toISOString() : String(cell)
}

/** What stands in a list, as JSON has it: integers beyond 2^53 as text, bytes as base64. */
function plainOf(cell: SqlValue): unknown {
  if (Array.isArray(cell)) return cell.map(plainOf)
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell.toString()
  if (isSqlStruct(cell)) return Object.fromEntries(Object.entries(cell).map(([name, member]) => [name, plainOf(member)]))
  return cell instanceof Uint8Array ? Buffer.from(cell).toString('base64') : cell
}
