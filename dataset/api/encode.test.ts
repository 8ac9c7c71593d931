import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { encode } from './encode.ts'
import { rowsOfStatement, type Rows } from './rows.ts'

const at = new Date('2026-01-05T00:03:00Z')
const rows: Rows = {
  columns: [
    { name: 'text', kind: 'string' },
    { name: 'quality', kind: 'json' },
    { name: 'bytes', kind: 'int' },
    { name: 'share', kind: 'double' },
    { name: 'at', kind: 'timestamp' },
    { name: 'is', kind: 'boolean' },
    { name: 'raw', kind: 'bytes' },
    { name: '__proto__', kind: 'string' },
    { name: 'never', kind: 'int' },
  ],
  cells: [
    ['a\u2028"b', { rule: 0.5 }, 7, 0.25, at, true, Uint8Array.of(1, 255), 'x', null],
    [null, null, 2n ** 60n, null, null, null, null, 'y', null],
  ],
}
const beside = { rows: 'rows', members: { next_cursor: null } }
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const first =
  '{"text":"a\u2028\\"b","quality":{"rule":0.5},"bytes":7,"share":0.25,"at":"2026-01-05T00:03:00.000Z","is":true,"raw":"Af8=","__proto__":"x","never":null}'
const second = '{"text":null,"quality":null,"bytes":"1152921504606846976","share":null,"at":null,"is":null,"raw":null,"__proto__":"y","never":null}'

test('JSON has its rows beside what else is told, NDJSON one a line', async () => {
  expect(text(await encode(rows, 'json', beside))).toBe(`{"next_cursor":null,"rows":[${first},${second}]}`)
  expect(text(await encode(rows, 'json', { rows: 'rows', members: {} }))).toBe(`{"rows":[${first},${second}]}`)
  expect(text(await encode(rows, 'ndjson', beside))).toBe(`${first}\n${second}\n`)
})

test('an Arrow stream has typed columns, and what else is told as metadata', async () => {
  const table = tableFromIPC(await encode(rows, 'arrow', beside))
  expect(table.schema.fields.map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'text: Utf8',
    'quality: Utf8',
    'bytes: Int64',
    'share: Float64',
    'at: Timestamp<MILLISECOND, UTC>',
    'is: Bool',
    'raw: Binary',
    '__proto__: Utf8',
    'never: Int64',
  ])
  expect(table.schema.metadata.get('orrery')).toBe('{"next_cursor":null}')
  const cell = (column: number, row: number) => table.getChildAt(column)?.get(row)
  expect([0, 1, 2, 3, 5, 7, 8].map((column) => cell(column, 0))).toEqual(['a\u2028"b', '{"rule":0.5}', 7n, 0.25, true, 'x', null])
  expect([Number(cell(4, 0)), [...cell(6, 0)]]).toEqual([at.getTime(), [1, 255]])
  expect([0, 1, 3, 4, 5, 6].map((column) => cell(column, 1))).toEqual(Array(6).fill(null))
  expect(cell(2, 1)).toBe(2n ** 60n)
})

test('Parquet has the same', async () => {
  const file = Uint8Array.from(await encode(rows, 'parquet', beside)).buffer
  expect(parquetMetadata(file).key_value_metadata).toEqual([{ key: 'orrery', value: '{"next_cursor":null}' }])
  const [one, two] = await parquetReadObjects({ file, utf8: false })
  expect(one).toMatchObject({ text: 'a\u2028"b', quality: '{"rule":0.5}', bytes: 7n, share: 0.25, at, is: true, never: null })
  expect(two).toMatchObject({ text: null, bytes: 2n ** 60n, at: null, is: null, never: null })
})

const none = (format: Parameters<typeof encode>[1]) => encode({ ...rows, cells: [] }, format, beside)

test('what has no rows is whole, too', async () => {
  expect(text(await none('json'))).toBe('{"next_cursor":null,"rows":[]}')
  expect(text(await none('ndjson'))).toBe('')
  expect(tableFromIPC(await none('arrow')).numRows).toBe(0)
  expect(Number(parquetMetadata(Uint8Array.from(await none('parquet')).buffer).num_rows)).toBe(0)
})

test('many rows, or long ones, are encoded some at a time, so that others are answered meanwhile', async () => {
  const columns = [
    { name: 'n', kind: 'int' },
    { name: 'text', kind: 'string' },
  ] as const
  const cells = Array.from({ length: 3500 }, (_, n) => [n, n === 10 ? 'x'.repeat(3 * 2 ** 20) : `row ${n}`])
  for (const format of ['json', 'ndjson', 'arrow', 'parquet'] as const) {
    let others = 0
    setImmediate(() => others++)
    const bytes = await encode({ columns, cells }, format, beside)
    expect(others).toBe(1)
    const numbers =
      format === 'arrow'
        ? [...(tableFromIPC(bytes).getChild('n') ?? [])].map(Number)
        : format === 'parquet'
          ? (await parquetReadObjects({ file: Uint8Array.from(bytes).buffer })).map(({ n }) => Number(n))
          : format === 'json'
            ? JSON.parse(text(bytes)).rows.map(({ n }: { n: number }) => n)
            : text(bytes)
                .trimEnd()
                .split('\n')
                .map((line) => JSON.parse(line).n)
    expect(numbers).toEqual(cells.map(([n]) => n))
  }
})

test('a statement gives columns by their types, nested ones as JSON', () => {
  const columns = [
    ['n', 'BIGINT'],
    ['sum', 'HUGEINT'],
    ['huge', 'HUGEINT'],
    ['price', 'DECIMAL(18,3)'],
    ['day', 'DATE'],
    ['at', 'TIMESTAMP WITH TIME ZONE'],
    ['list', 'VARCHAR[]'],
    ['prices', 'DECIMAL(18,3)[]'],
    ['some', 'STRUCT(a INTEGER)'],
    ['time', 'TIME'],
    ['raw', 'BLOB'],
    ['mood', "ENUM('a', 'b')"],
  ].map(([name = '', type = '']) => ({ name, type }))
  const list = ['a', 1n, 2n ** 60n, Uint8Array.of(1)]
  const numbers = { n: 1n, sum: 7n, huge: 2n ** 100n, price: 1.5, prices: [1.5] }
  const row = { ...numbers, day: '2026-02-28', at, list, some: { a: 1n, ['__proto__']: list }, time: 5n, raw: null, mood: 'a' }
  const plain = ['a', 1, String(2n ** 60n), 'AQ==']
  const { columns: told, cells } = rowsOfStatement({ columns, rows: [row] })
  expect(told).toEqual(
    ['int', 'int', 'string', 'double', 'date', 'timestamp', 'json', 'json', 'json', 'string', 'bytes', 'string'].map((kind, n) => ({
      name: columns[n]?.name,
      kind,
    })),
  )
  expect(cells).toEqual([[1n, 7n, String(2n ** 100n), 1.5, '2026-02-28', at, plain, [1.5], { a: 1, ['__proto__']: plain }, '5', null, 'a']])
})
