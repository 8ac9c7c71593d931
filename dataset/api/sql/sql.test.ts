import { existsSync } from 'node:fs'
import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endlessStatements, refusedStatements } from '#test/adversary/hostile-statements.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'

let served: ServedDataset
beforeAll(async () => {
  served = await servedDataset([{ documents: testDocuments(20), deletes: [1, 2] }])
})
afterAll(() => served[Symbol.asyncDispose]())

async function ask(body: object, headers: Record<string, string> = {}) {
  const { statusCode, headers: answered, rawPayload } = await served.app.inject({ method: 'POST', url: '/sql', headers, payload: { dataset: 'web', ...body } })
  return { status: statusCode, headers: answered, bytes: rawPayload, body: () => JSON.parse(rawPayload.toString()) }
}
const rowsOf = async (bytes: Buffer) => parquetReadObjects({ file: Uint8Array.from(bytes).buffer })
const isAnswering = async () => expect((await ask({ sql: 'SELECT count(*) AS n FROM documents' })).body().rows).toEqual([{ n: 18 }])

test('one SELECT has its rows, with what is bound in it', async () => {
  const answer = await ask({
    sql: 'SELECT host, count(*) AS documents, sum(text_bytes) > ? AS "large ""ones""" FROM documents WHERE lang = ? GROUP BY ALL ORDER BY 1',
    parameters: [1000, 'en'],
  })
  expect(answer.status).toBe(200)
  expect(answer.body()).toEqual({
    dataset: 'web',
    version: 1,
    columns: [
      { name: 'host', type: 'VARCHAR' },
      { name: 'documents', type: 'BIGINT' },
      { name: 'large "ones"', type: 'BOOLEAN' },
    ],
    rows: [
      { host: 'host0.example', documents: 7, 'large "ones"': true },
      { host: 'host1.example', documents: 6, 'large "ones"': true },
      { host: 'host2.example', documents: 5, 'large "ones"': true },
    ],
  })
  expect((await ask({ sql: `SELECT $1 AS x, $2 AS y`, parameters: [`') OR 1=1 --`, null] })).body().rows).toEqual([{ x: `') OR 1=1 --`, y: null }])
  expect((await ask({ sql: 'SELECT id, id FROM documents LIMIT 1 -- twice' })).body().columns).toMatchObject([{ name: 'id' }, { name: 'id_1' }])
})

test('cells are what JSON has for them, whatever the column is called', async () => {
  const sql = `SELECT 9007199254740993::BIGINT AS b, TIMESTAMP '2026-01-05 00:01:02' AS t, 'ab'::BLOB AS bytes, [1, NULL] AS l, 'NaN'::DOUBLE AS nan, 1.5::DECIMAL(3,1) AS d, 1 AS "__proto__"`
  expect(Object.entries((await ask({ sql })).body().rows[0])).toEqual([
    ['b', '9007199254740993'],
    ['t', '2026-01-05T00:01:02.000Z'],
    ['bytes', 'YWI='],
    ['l', [1, null]],
    ['nan', null],
    ['d', 1.5],
    ['__proto__', 1],
  ])
})

test('no digit is lost in silence', async () => {
  const sql = `SELECT 12345678901234567890.123456789::DECIMAL(38,9) AS long, -0.000000123456789012::DECIMAL(38,20) AS small, 0.10::DECIMAL(18,2) AS short, [1e15::DECIMAL(38,0)] AS l`
  const answer = await ask({ sql })
  expect(answer.body().rows).toEqual([{ long: '12345678901234567890.123456789', small: -1.23456789012e-7, short: 0.1, l: [1e15] }])
  expect((await rowsOf((await ask({ sql, format: 'parquet' })).bytes))[0]).toMatchObject({ long: Number('12345678901234567890.123456789'), short: 0.1 })
  const refused = async (body: object) => (await ask(body)).body().error.message
  expect(await refused({ sql: 'SELECT row(1, 2) AS pair' })).toMatch(/the members of column "pair" have no names/)
  expect(await refused({ sql: 'SELECT ?', parameters: [Number('9007199254740993')] })).toMatch(/parameters\/0: .*pass it as text/)
  expect((await ask({ sql: 'SELECT $1::BIGINT AS n, $2 AS x', parameters: ['9007199254740993', 1e300] })).body().rows).toEqual([
    { n: '9007199254740993', x: 1e300 },
  ])
})

test.each<[sql: string, rows: unknown[]]>([
  ['SELECT sum(text_bytes) > 0 AS is, typeof(sum(text_bytes)) AS type, count(*)::HUGEINT AS n FROM documents', [{ is: true, type: 'HUGEINT', n: 18 }]],
  [
    `SELECT DATE '2026-02-28' AS day, 'infinity'::DATE AS last, '44-03-15 (BC)'::TIMESTAMP AS ides`,
    [{ day: '2026-02-28', last: 'infinity', ides: '-000043-03-15T00:00:00.000Z' }],
  ],
  [`SELECT {'a': 1, 'b': [NULL, {'c': DATE '2026-02-28'}]} AS s`, [{ s: { a: 1, b: [null, { c: '2026-02-28' }] } }]],
  [
    `SELECT histogram(lang) AS h, MAP {1: 'a'} AS m, union_value(k := 2) AS u, '101'::BIT AS b FROM documents`,
    [{ h: { en: 18 }, m: [{ key: 1, value: 'a' }], u: 2, b: '101' }],
  ],
  [`SELECT count(*) AS n FROM documents, json_each(quality) WHERE key = 'words'`, [{ n: 18 }]],
  [
    `SELECT now() > TIMESTAMP '2020-01-01' AND current_date > DATE '2020-01-01' AS later, random() < 2 AS chance, length(uuid()::VARCHAR) AS n`,
    [{ later: true, chance: true, n: 36 }],
  ],
  ['SELECT count(*) AS n FROM (SELECT * FROM documents USING SAMPLE 3)', [{ n: 3 }]],
  [`SELECT 'a; -- b' AS x ; -- done`, [{ x: 'a; -- b' }]],
  [`/* ; */ SELECT $q$;'$q$ AS x /* '; */ ;\n ; --`, [{ x: ";'" }]],
  [`PIVOT documents ON lang IN ('en', 'de') USING count(*) GROUP BY page_type`, [{ page_type: 'article', en: 18, de: 0 }]],
])('what analysts write has an answer: %s', async (sql, rows) => {
  const answer = await ask({ sql })
  expect([answer.status, answer.body().rows]).toEqual([200, rows])
})

test('days and sums are days and integers in Arrow and Parquet, and an empty result has its columns', async () => {
  const sql = `SELECT DATE '2026-02-28' AS day, sum(text_bytes) AS bytes, {'a': 1} AS s FROM documents HAVING count(*) > ?`
  const table = tableFromIPC((await ask({ sql, parameters: [0], format: 'arrow' })).bytes)
  expect(table.schema.fields.map(({ type }) => String(type))).toEqual(['Date32<DAY>', 'Int64', 'Utf8'])
  expect([new Date(table.get(0)?.['day']).toISOString(), table.get(0)?.['s']]).toEqual(['2026-02-28T00:00:00.000Z', '{"a":1}'])
  expect((await rowsOf((await ask({ sql, parameters: [0], format: 'parquet' })).bytes))[0]).toMatchObject({ day: new Date('2026-02-28'), s: '{"a":1}' })
  const none = await ask({ sql, parameters: [99], format: 'parquet' })
  expect([parquetMetadata(Uint8Array.from(none.bytes).buffer).schema.length, await rowsOf(none.bytes)]).toEqual([4, []])
})

test('rows come as Arrow or NDJSON to who asks for it', async () => {
  const sql = 'SELECT id, datetime FROM documents ORDER BY datetime LIMIT 2'
  const arrow = await ask({ sql }, { accept: 'application/vnd.apache.arrow.stream' })
  expect(arrow.headers['content-type']).toBe('application/vnd.apache.arrow.stream')
  expect((await ask({ sql }, { 'if-none-match': '*' })).status).toBe(200)
  const table = tableFromIPC(arrow.bytes)
  expect([table.numRows, table.schema.fields.map(({ name }) => name)]).toEqual([2, ['id', 'datetime']])
  const lines = await ask({ sql, format: 'ndjson' })
  expect(lines.bytes.toString().trimEnd().split('\n')).toHaveLength(2)
})

test.each([
  [{ sql: 'SELECT * FROM nothing' }, 400, 'invalid_argument'],
  [{ sql: 'SELECT ? AS x' }, 400, 'invalid_argument'],
  [{ sql: '' }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', parameters: [{}] }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', parameters: Array.from({ length: 101 }, () => 1) }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', version: 9 }, 404, 'not_found'],
  [{ sql: 'SELECT 1 AS a', version: 1.5 }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', dataset: '../web' }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', dataset: 'none' }, 404, 'not_found'],
  [{ sql: 'SELECT 1 AS a', timeout_ms: 30_001 }, 400, 'invalid_argument'],
  [{ sql: 'SELECT 1 AS a', settings: 'memory_limit' }, 400, 'invalid_argument'],
  [{ sql: 'SELECT range FROM range(10001)' }, 413, 'too_large'],
  [{ sql: `SELECT repeat('x', 20000000) AS x` }, 413, 'too_large'],
  [{ sql: 'SELECT count(*) AS n FROM range(1000000000000000)', timeout_ms: 100 }, 504, 'timed_out'],
])('%j is answered %d', async (body, status, code) => {
  const answer = await ask(body)
  expect([answer.status, answer.body().error.code]).toEqual([status, code])
})

test('what breaks off in the middle is no answer', async () => {
  const failing = `SELECT repeat('x', 1000) AS x, CASE WHEN range = 9000 THEN ('boom' || range)::INTEGER ELSE 0 END AS y FROM range(9500)`
  expect((await ask({ sql: failing })).status).toBe(400)
  for (let timeout_ms = 10; timeout_ms < 90; timeout_ms += 10)
    expect([413, 504]).toContain((await ask({ sql: `SELECT repeat('x', 1000) AS x FROM range(100000000)`, timeout_ms })).status)
})

test('a hostile statement costs itself', async () => {
  const statuses = new Map<string, number>()
  for (const sql of [...refusedStatements, ...endlessStatements.slice(0, 3)]) statuses.set(sql.slice(0, 200), (await ask({ sql, timeout_ms: 50 })).status)
  expect(statuses.size).toBeGreaterThan(60)
  expect([...statuses].filter(([, status]) => ![400, 413, 503, 504].includes(status))).toEqual([])
  expect(existsSync('/tmp/orrery-never.csv')).toBe(false)
  await isAnswering()
})

test('what runs ends with its connection, and makes room for who comes next', async () => {
  const leaving = new AbortController()
  const endless = Array.from({ length: 4 }, () =>
    fetch(`${served.origin}/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset: 'web', sql: 'SELECT count(*) AS n FROM range(1000000000000000)' }),
      signal: leaving.signal,
    }),
  )
  // All of them are under way, or wait for those that are.
  await served.get('/readyz')
  leaving.abort()
  expect((await Promise.allSettled(endless)).map(({ status }) => status)).toEqual(endless.map(() => 'rejected'))
  // While one of them went on, this would wait longer than it may.
  await isAnswering()
})
