import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endlessStatements, refusedStatements } from '#test/adversary/hostile-statements.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { OrreryError } from '#schemas/errors.ts'
import { folderStore } from '#infra/store/folder.ts'
import type { SqlTable } from '#schemas/sql.ts'
import { duckdbSql, strangerLimits } from './duckdb.ts'

const mib = 2 ** 20
/** Small, so that what wants all the memory is soon refused. */
const limits = { ...strangerLimits, memoryBytes: 64 * mib, processBytes: 600 * mib, spillBytes: 64 * mib }
const bounds = { rowsMax: 100, bytesMax: mib, cut: false, timeoutMs: 150 }
const shared = new AsyncDisposableStack()
let root: string
let sql: ReturnType<typeof duckdbSql>
let table: SqlTable
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'orrery-'))
  shared.defer(() => rm(root, { recursive: true, force: true }))
  const store = folderStore(root)
  await store.put('inside.parquet', encodeDocuments(testDocuments(20), { codec: 'zstd' }))
  await store.put('outside.parquet', encodeDocuments(testDocuments(30), { codec: 'zstd' }))
  sql = shared.use(duckdbSql(root, store, { limits }))
  table = {
    address: 'one',
    names: ['documents'],
    without: ['minhash'],
    files: async () => [{ key: 'inside.parquet', index: 0, deleted: Uint32Array.of(0b110) }],
  }
})
afterAll(() => shared.disposeAsync())
/** Processes of this one that run an engine; one of them may be of our own scripts, which nobody asked yet. */
async function enginesOfThis(): Promise<number[]> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')
  return children.trim().split(' ').map(Number)
}
const ask = (more: Partial<typeof bounds>) => sql.select('select id from documents order by id', table, { ...bounds, timeoutMs: 60_000, ...more })
const rowsOf = async (script: string) => (await sql.select(script, table, { ...bounds, timeoutMs: 60_000 })).rows
const isAnswering = async () =>
  expect((await sql.select('select count(*) as n from documents', table, { ...bounds, timeoutMs: 60_000 })).rows).toEqual([{ n: 18n }])

describe('a statement of a stranger', () => {
  test('that is hostile is refused or ended, and the next is answered', async () => {
    const told = new Map<string, string>()
    for (const statement of [
      ...refusedStatements,
      ...endlessStatements,
      `select * from read_parquet('${root}/outside.parquet')`,
      `from '${root}/outside.parquet'`,
    ]) {
      const outcome = await sql.select(statement, table, bounds).then(
        ({ rows }) => JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 100),
        (error: unknown) => (error instanceof OrreryError ? error.code : String(error)),
      )
      told.set(statement.slice(0, 200), outcome)
    }
    expect([...told].filter(([, outcome]) => !['invalid_argument', 'too_large', 'timed_out', 'store_unavailable'].includes(outcome))).toEqual([])
    await isAnswering()
    expect(existsSync('/tmp/orrery-never.csv')).toBe(false)
  })

  test('ends with whoever asked it', async () => {
    const asking = new AbortController()
    const endless = sql.select('select count(*) as n from range(1000000000000000)', table, { ...bounds, timeoutMs: 600_000, signal: asking.signal })
    asking.abort(new Error('gone'))
    await expect(endless).rejects.toThrow('gone')
    await isAnswering()
  })

  test('is asked again when the process ended of another', async () => {
    const slow = sql.select('select count(distinct hash(range)) as n from range(1500000)', table, { ...bounds, timeoutMs: 60_000 })
    const endless = sql.select('select count(*) as n from range(1000000000000000)', table, { ...bounds, timeoutMs: 3000 })
    const ended = [slow, endless].map((asked) =>
      asked.then(
        ({ rows }) => rows[0]?.['n'],
        (error: unknown) => (error as OrreryError).code,
      ),
    )
    const [engine] = await enginesOfThis()
    process.kill(engine as number, 'SIGKILL')
    expect(await Promise.all(ended)).toEqual([1_500_000n, 'timed_out'])
  })

  test('that wants more memory than there is costs itself', async () => {
    const greedy = 'select list(repeat(id, 1000)) as l from documents, range(1000000)'
    await expect(sql.select(greedy, table, { ...bounds, timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'too_large',
    })
    await isAnswering()
  })

  test('sees the files of its own store, whatever another has under the same address', async () => {
    const other = await mkdtemp(join(tmpdir(), 'orrery-'))
    shared.defer(() => rm(other, { recursive: true, force: true }))
    const store = folderStore(other)
    await store.put('inside.parquet', encodeDocuments(testDocuments(7), { codec: 'zstd' }))
    await using there = duckdbSql(other, store, { limits })
    const count = 'SELECT count(*)::INT AS n FROM documents'
    const asked = { ...bounds, timeoutMs: 60_000 }
    expect((await sql.select(count, table, asked)).rows).toEqual([{ n: 18 }])
    expect((await there.select(count, table, asked)).rows).toEqual([{ n: 5 }])
    expect((await sql.select(count, table, asked)).rows).toEqual([{ n: 18 }])
  })

  test('has its answer cut where that is asked for, else refused, by rows and by bytes', async () => {
    expect(await ask({ rowsMax: 18 })).toMatchObject({ isCut: false })
    expect(await ask({ rowsMax: 17, cut: true })).toMatchObject({ isCut: true, rows: { length: 17 } })
    expect(await ask({ bytesMax: 64 * 3 + 1, cut: true })).toMatchObject({ isCut: true, rows: { length: 3 } })
    await expect(ask({ rowsMax: 17 })).rejects.toMatchObject({ code: 'too_large' })
    await expect(ask({ bytesMax: 1000 })).rejects.toMatchObject({ code: 'too_large' })
  })

  test('may ask what columns there are, and what is in them', async () => {
    const described = await rowsOf('describe documents')
    expect(described).toContainEqual(expect.objectContaining({ column_name: 'text_bytes', column_type: 'INTEGER' }))
    expect(described.map(({ column_name }) => column_name)).not.toContain('minhash')
    expect(await rowsOf('desc select id, text_bytes as size from documents;')).toMatchObject([{ column_name: 'id' }, { column_name: 'size' }])
    expect(await rowsOf('select column_name, "count" from (summarize select id, lang from documents) order by 1')).toEqual([
      { column_name: 'id', count: 18n },
      { column_name: 'lang', count: 18n },
    ])
  })

  test('sees the rows that are left and where they stand, of several tables by turns', async () => {
    const others = ['two', 'three', 'four', 'five'].map((address) => ({ ...table, address }))
    for (const one of [...others, table, ...others])
      expect(
        (
          await sql.select('select distinct object_index, object_key, min(object_row) as row from documents group by all', one, {
            ...bounds,
            timeoutMs: 60_000,
          })
        ).rows,
      ).toEqual([{ object_index: 0, object_key: 'inside.parquet', row: 0n }])
  })
})
