import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Sql, SqlObject, SqlRow, SqlValue } from '#schemas/sql.ts'

export interface SqlWorld extends AsyncDisposable {
  sql: Sql
  /** The objects it reads. */
  store: ObjectStore
}

const day = 86_400_000
const firstKey = 'data/hotkey=5F/job_id=x/part*[0]?.parquet'
const keys = [firstKey, 'data/hotkey=5F/job_id=y/part 1.parquet']

/** Rows `from`..`to` − 1: id, url, bytes, quality, stored_at, body. */
function parquet(from: number, to: number): Uint8Array {
  const rows = Array.from({ length: to - from }, (_, i) => from + i)
  const column = <T>(of: (row: number) => T) => rows.map(of)
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', type: 'INT64', data: column((row) => BigInt(row)) },
        { name: 'url', type: 'STRING', data: column((row) => (row % 3 === 0 ? null : `http://h/${row}`)) },
        { name: 'bytes', type: 'INT32', data: column((row) => row * 10) },
        { name: 'quality', type: 'DOUBLE', data: column((row) => row / 10) },
        { name: 'stored_at', type: 'TIMESTAMP', data: column((row) => new Date(row * day)) },
        { name: 'body', type: 'BYTE_ARRAY', data: column((row) => new Uint8Array([row])) },
      ],
    }),
  )
}

/** All rows of the objects, in their order. */
const readBack = async ({ sql }: SqlWorld, columns: string, objects: readonly SqlObject[]): Promise<SqlRow[]> =>
  (await Promise.all(objects.map(({ key }) => sql.run(`select ${columns} from made order by object_row`, { made: [key] })))).flat()

/** What every Sql must do, in the words that DuckDB and Spark share. `make` gives an engine over an empty store. */
export function sqlSuite(make: () => Promise<SqlWorld>): void {
  const open = async (): Promise<SqlWorld> => {
    const world = await make()
    await world.store.put(firstKey, parquet(0, 4))
    await world.store.put(keys[1] ?? '', parquet(4, 10))
    await world.store.put('other/secret.parquet', parquet(90, 99))
    return world
  }

  test('reads all objects of an input as one view', async () => {
    await using world = await open()
    const rows = await world.sql.run('select count(*) as n, sum(bytes) as total, max(url) as url from pages', { pages: keys })
    expect(rows).toEqual([{ n: 10n, total: 450n, url: 'http://h/8' }])
  })

  test('joins several inputs, in the order the script asks for', async () => {
    await using world = await open()
    const script = 'select a.id, b.bytes from a join b on a.id + 4 = b.id order by a.id desc'
    expect(await world.sql.run(script, { a: [firstKey], b: keys })).toEqual([3, 2, 1, 0].map((id) => ({ id: BigInt(id), bytes: (id + 4) * 10 })))
  })

  test('gives each type its value', async () => {
    await using world = await open()
    const script = 'select id, url, bytes, quality, stored_at, body, bytes > 25 as big from pages where id in (2, 3) order by id'
    expect(await world.sql.run(script, { pages: keys })).toEqual([
      { id: 2n, url: 'http://h/2', bytes: 20, quality: 0.2, stored_at: new Date(2 * day), body: new Uint8Array([2]), big: false },
      { id: 3n, url: null, bytes: 30, quality: 0.3, stored_at: new Date(3 * day), body: new Uint8Array([3]), big: true },
    ])
    const others = `select cast('2020-02-03' as date) as d, cast(1.5 as decimal(4, 2)) as c, array_agg(id) as l from pages where id = 7`
    expect(await world.sql.run(others, { pages: keys })).toEqual([{ d: new Date('2020-02-03'), c: 1.5, l: [7n] }])
    expect(await world.sql.run('select id from pages where id > 100', { pages: keys })).toEqual([])
  })

  test('binds parameters of each type', async () => {
    await using world = await open()
    const count = async (condition: string, ...parameters: SqlValue[]) =>
      (await world.sql.run(`select count(*) as n from pages where ${condition}`, { pages: keys }, { parameters }))[0]?.['n']
    expect(await count('bytes < ?', 30)).toBe(3n)
    expect(await count('quality < ?', 0.25)).toBe(3n)
    expect(await count('id = ?', 2n ** 40n)).toBe(0n)
    expect(await count('url = ?', `http://h/1' or '1' = '1`)).toBe(0n)
    expect(await count('stored_at < ?', new Date(2 * day))).toBe(2n)
    expect(await count('body = ?', new Uint8Array([5]))).toBe(1n)
    expect(await count('(bytes > 50) = ? and url is distinct from ?', true, null)).toBe(2n)
  })

  test.each([
    ['nothing', ''],
    ['what is no SQL', 'selec 1'],
    ['two statements', 'select 1 as x; select 2 as x'],
    ['a table that is no input', 'select * from elsewhere'],
    ['a column that is not there', 'select nothing from pages'],
    ['an insert', 'insert into pages select * from pages'],
    ['a new table', 'create table t as select * from pages'],
    ['a dropped view', 'drop view pages'],
    ['a setting', `set threads = 4`],
    ['a look at the settings', `select current_setting('home_directory') as x`],
    ['a look at the catalogue', 'select * from information_schema.tables'],
    ['a description', 'describe pages'],
    ['a file by name', `select * from 'other/secret.parquet'`],
    ['a file by function', `select * from read_parquet('other/secret.parquet')`],
    ['text of the machine', `select * from read_text('/etc/hostname')`],
    ['a list of files', `select * from glob('/*')`],
    ['a file written', `copy (select 1) to '/tmp/orrery-never.csv'`],
    ['an attached database', `attach '/tmp/orrery-never.db' as other`],
    ['an extension', 'install httpfs'],
    ['the network', `select * from read_csv('http://127.0.0.1:9/x.csv')`],
    ['chance', 'select random() as x from pages'],
    ['the hour', 'select now() as x from pages'],
    ['the date without parentheses', 'select current_date as x from pages'],
    ['a random sample', 'select id from pages tablesample (3 rows)'],
    ['a file hidden in a WITH', `with x as (select * from read_text('/etc/hostname')) select * from x`],
    ['a file hidden in a condition', `select id from pages where exists (select 1 from read_text('/etc/hostname'))`],
    ['a name that covers a system table', 'select * from (with duckdb_tables as (select 1) select 1), duckdb_tables'],
    ['two columns of one name', 'select 1 as x, 2 as x'],
    ['a failing cast', 'select cast(url as int) as x from pages'],
  ])('refuses %s', async (_name, script) => {
    await using world = await open()
    await expect(world.sql.run(script, { pages: keys })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test.each<[string, Parameters<Sql['run']>[1], string]>([
    ['an input without objects', { pages: [] }, 'invalid_argument'],
    ['an input with a bad name', { 'pages"; drop': keys }, 'invalid_argument'],
    ['two inputs of one name', { pages: keys, PAGES: keys }, 'invalid_argument'],
    ['a key that leads out of the store', { pages: ['../x.parquet'] }, 'invalid_argument'],
    ['an object that is not there', { pages: [firstKey, 'data/none.parquet'] }, 'not_found'],
    ['a pattern for a key', { pages: ['other/*.parquet'] }, 'not_found'],
  ])('refuses %s', async (_name, inputs, code) => {
    await using world = await open()
    await expect(world.sql.run('select 1 as x', inputs)).rejects.toMatchObject({ code })
  })

  test('refuses too few or too many parameters, and values that are none', async () => {
    await using world = await open()
    for (const parameters of [[], [1, 2], [new Date(Number.NaN)]])
      await expect(world.sql.run('select ? as x', {}, { parameters })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('says which input is no Parquet', async () => {
    await using world = await open()
    await world.store.put('broken.parquet', new TextEncoder().encode('PAR1 is not enough'))
    const run = world.sql.run('select * from broken', { broken: ['broken.parquet'] })
    await expect(run).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('broken') })
  })

  test('gives at most as many rows as are wanted', async () => {
    await using world = await open()
    expect(await world.sql.run('select id from pages', { pages: keys }, { maxRows: 10 })).toHaveLength(10)
    await expect(world.sql.run('select id from pages', { pages: keys }, { maxRows: 9 })).rejects.toMatchObject({ code: 'too_large' })
    for (const maxRows of [0, 1.5, Number.NaN])
      await expect(world.sql.run('select 1 as x', {}, { maxRows })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  describe('what is written', () => {
    test('are the rows that are given, in the order of the script, however many, in objects named by their content', async () => {
      await using world = await open()
      const columns = 'id, url, bytes, quality, stored_at, body'
      const script = `select ${columns} from pages where bytes >= ? order by id desc`
      const objects = await world.sql.write(script, { pages: keys }, 'made/part-', { parameters: [20] })
      expect(await readBack(world, columns, objects)).toEqual(await world.sql.run(script, { pages: keys }, { parameters: [20] }))
      expect(objects.reduce((sum, { rows }) => sum + rows, 0)).toBe(8)
      for (const { key, sha256, bytes } of objects) {
        const body = await world.store.get(key)
        expect([key, body.length]).toEqual([`made/part-${sha256}.parquet`, bytes])
        expect(sha256Hex(body)).toBe(sha256)
      }
      // As `run` would not without being told: a million and one.
      const many = await world.sql.write('select id from pages cross join range(100001)', { pages: keys }, 'many/')
      expect(many.reduce((sum, { rows }) => sum + rows, 0)).toBe(1_000_010)
    })

    test('are the same objects when it is written again', async () => {
      await using world = await open()
      const write = () => world.sql.write('select id, url from pages order by id', { pages: keys }, 'made/')
      const objects = await write()
      expect(await write()).toEqual(objects)
      expect((await Array.fromAsync(world.store.list('made/'))).map(({ key }) => key).toSorted()).toEqual(objects.map(({ key }) => key).toSorted())
    })

    test('are no objects for no rows, and nothing of what is refused or ended', async () => {
      await using world = await open()
      expect(await world.sql.write('select id from pages where id > 100', { pages: keys }, 'made/')).toEqual([])
      for (const script of [
        '',
        'select 1 as x, 2 as x',
        'select 1 as x; select 2 as x',
        `select * from 'other/secret.parquet'`,
        `select {'a': 1} as x`,
        'select cast(url as int) as x from pages',
      ])
        await expect(world.sql.write(script, { pages: keys }, 'made/')).rejects.toMatchObject({ code: 'invalid_argument' })
      for (const prefix of ['../', '/x', '.tmp/x'])
        await expect(world.sql.write('select 1 as x', {}, prefix)).rejects.toMatchObject({ code: 'invalid_argument' })
      const stop = new AbortController()
      const run = world.sql.write('select count(*) as n from range(100000) a, range(100000) b', {}, 'made/', { signal: stop.signal })
      await world.sql.run('select 1 as x', {})
      stop.abort(new Error('enough'))
      await expect(run).rejects.toThrow('enough')
      expect(await Array.fromAsync(world.store.list('made/'))).toEqual([])
    })
  })

  test('gives the same rows again, sums of floats and first values included', async () => {
    await using world = await open()
    const script = 'select sum(sqrt(a.id + b.id * c.id)) as s from pages a, pages b, pages c'
    const runs = await Promise.all([1, 2, 3].map(() => world.sql.run(script, { pages: keys })))
    expect(new Set(runs.map((rows) => JSON.stringify(rows))).size).toBe(1)
  })

  test('stops at the signal, also in the middle of a long query', async () => {
    await using world = await open()
    const reason = new Error('enough')
    const endless = `select count(*) as n from ${Array.from('abcdefghijklmnop', (name) => `pages ${name}`).join(', ')}`
    await expect(world.sql.run(endless, { pages: keys }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const stop = new AbortController()
    const run = world.sql.run(endless, { pages: keys }, { signal: stop.signal })
    await world.sql.run('select 1 as x', {})
    stop.abort(reason)
    await expect(run).rejects.toBe(reason)
  })

  test('ends what runs when it is closed, and runs nothing more', async () => {
    const world = await open()
    const endless = `select count(*) as n from ${Array.from('abcdefghijklmnop', (name) => `pages ${name}`).join(', ')}`
    const run = world.sql.run(endless, { pages: keys }).catch((cause: unknown) => cause)
    await world[Symbol.asyncDispose]()
    expect(await run).toMatchObject({ code: 'invalid_argument' })
    await expect(world.sql.run('select 1 as x', {})).rejects.toMatchObject({ code: 'invalid_argument' })
  })
}
