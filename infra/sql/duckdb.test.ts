import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sqlSuite } from '#test/conformance/sql.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { folderStore } from '#infra/store/folder.ts'
import { duckdbSql } from './duckdb.ts'

describe('duckdbSql', () => {
  sqlSuite(async () => {
    const root = await temporaryFolder()
    const store = folderStore(root)
    const sql = duckdbSql(root, store)
    return { sql, store, [Symbol.asyncDispose]: () => sql[Symbol.asyncDispose]() }
  })

  test('leaves nothing in the store', async () => {
    const root = await temporaryFolder()
    await using sql = duckdbSql(root, folderStore(root))
    expect(await sql.run('select 1 as x', {})).toEqual([{ x: 1 }])
    expect(await readdir(root)).toEqual([])
    const [object] = await sql.write('select range as x from range(100000)', {}, 'made/')
    await expect(sql.write(`select error('no') as x`, {}, 'made/')).rejects.toMatchObject({ code: 'invalid_argument' })
    const left = await readdir(root, { recursive: true })
    expect(left.toSorted()).toEqual(['.tmp', 'made', object?.key])
  })

  test('clears away what a killed process has left, and nothing that another still works with', async () => {
    const root = await temporaryFolder()
    const [left, used] = [join(root, '.tmp-sql', 'left'), join(root, '.tmp-sql', 'used')]
    for (const folder of [left, used]) {
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'spilled'), 'x')
    }
    const dayBefore = new Date(Date.now() - 25 * 3_600_000)
    await utimes(left, dayBefore, dayBefore)
    await using sql = duckdbSql(root, folderStore(root))
    await sql.run('select 1 as x', {})
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(['.tmp-sql', '.tmp-sql/used', '.tmp-sql/used/spilled'])
  })

  test('says which type of a column no value stands for', async () => {
    const root = await temporaryFolder()
    await using sql = duckdbSql(root, folderStore(root))
    for (const script of [`select {'a': 1} as x`, `select map {'a': 1} as x`, `select timestamp 'infinity' as x`])
      await expect(sql.run(script, {})).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('"x"') })
    const times = `select time '10:00' as t, interval 3 day as i, timestamp_ns '1969-12-31 23:59:59.999999999' as n, [[1], null] as l`
    expect(await sql.run(times, {})).toEqual([{ t: '10:00:00', i: '3 days', n: new Date(-1), l: [[1], null] }])
  })
})
