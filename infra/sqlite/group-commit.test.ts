import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openDatabase } from './database.ts'
import { groupCommit } from './group-commit.ts'
import { fileSchemas } from './schema.ts'

async function open() {
  const db = openDatabase(join(await temporaryFolder(), 'x.sqlite'), fileSchemas.catalog)
  let rollbacks = 0
  const { run } = groupCommit(db, { beforeCommit: () => undefined, rolledBack: () => void rollbacks++ }, 0)
  const insert = (name: string) => run(() => db.run('insert into lines values (?, 1, ?)', name, 'x'))
  const fail = (cause: Error) =>
    run(() => {
      db.run('insert into lines values (?, 1, ?)', 'half', 'x')
      throw cause
    })
  const names = () => db.all<{ name: string }>('select name from lines order by name').map(({ name }) => name)
  return { db, insert, fail, names, rollbacks: () => rollbacks }
}

test('a call that throws undoes itself alone, in the midst of others', async () => {
  const { db, insert, fail, names } = await open()
  using _ = db
  const settled = await Promise.allSettled([insert('a'), fail(new RangeError('planted')), insert('b')])
  expect(settled).toMatchObject([{ value: 1 }, { reason: { message: 'planted' } }, { value: 1 }])
  expect(names()).toEqual(['a', 'b'])
})

test('a file that fails fails for all, once', async () => {
  const { db, insert, fail, names, rollbacks } = await open()
  using _ = db
  const settled = await Promise.allSettled([insert('a'), fail(new OrreryError('store_unavailable', 'The disk is full.')), insert('b')])
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect([names(), rollbacks()]).toEqual([[], 1])
})
