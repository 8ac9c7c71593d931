import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { localChainSchema } from '#infra/chain/local-schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { inspectDatabase, openDatabase } from './database.ts'
import { fileSchemas } from './schema.ts'

const { catalog, ledger } = fileSchemas

async function written(sql: string): Promise<string> {
  const path = join(await temporaryFolder(), 'x.sqlite')
  openDatabase(path, catalog)[Symbol.dispose]()
  const raw = new DatabaseSync(path)
  raw.exec(sql)
  raw.close()
  return path
}

/** The code with which both inspecting and opening refuse the file, naming it; the file stays as it was. */
async function refusal(path: string): Promise<string> {
  const before = await readFile(path).catch(() => 'folder')
  const [inspected, opened] = [() => inspectDatabase(path), () => openDatabase(path, catalog)].map((call) => {
    try {
      call()
      return undefined
    } catch (cause) {
      return cause instanceof OrreryError ? cause : undefined
    }
  })
  const isSame = inspected?.code === opened?.code && inspected?.message.includes(path) && opened?.exitCode === 2
  const after = await readFile(path).catch(() => 'folder')
  return isSame && Buffer.from(before).equals(Buffer.from(after)) ? String(inspected?.code) : `${inspected} / ${opened}`
}

test('opens its own file again, with the version in the header', async () => {
  const path = await written('select 1')
  inspectDatabase(path)
  using db = openDatabase(path, catalog)
  expect(db.get('pragma synchronous')).toEqual({ synchronous: 2 })
  expect(db.get('pragma journal_mode')).toEqual({ journal_mode: 'wal' })
  expect((await readFile(path)).readUInt32BE(60)).toBe(catalog.steps.length)
})

test('inspects a file that is not there without making it', async () => {
  const folder = await temporaryFolder()
  inspectDatabase(join(folder, 'none.sqlite'))
  expect(await readdir(folder)).toEqual([])
})

test('refuses a file of a newer version and says what to do', async () => {
  expect(await refusal(await written('pragma user_version = 99'))).toBe('newer_version')
})

test.each([
  ['is no database', 'not a database, '.repeat(100)],
  ['is too short', 'SQLite format 3\0'],
])('refuses a file that %s', async (_name, content) => {
  const path = join(await temporaryFolder(), 'x.sqlite')
  await writeFile(path, content)
  expect(await refusal(path)).toBe('data_unreadable')
})

test('refuses a folder in place of a file', async () => {
  const path = join(await temporaryFolder(), 'x.sqlite')
  await mkdir(path)
  expect(await refusal(path)).toBe('data_unreadable')
})

test('refuses the database of another program', async () => {
  const path = join(await temporaryFolder(), 'x.sqlite')
  const raw = new DatabaseSync(path)
  raw.exec('create table bookmarks (url)')
  raw.close()
  expect(await refusal(path)).toBe('data_unreadable')
})

test('refuses a file of another kind', async () => {
  const path = await written('select 1')
  inspectDatabase(path)
  expect(() => openDatabase(path, ledger)).toThrow(
    expect.objectContaining({ code: 'data_unreadable', message: expect.stringMatching(/catalog file, not a ledger/) }),
  )
})

test('gives back the room of a large transaction in the write-ahead log', async () => {
  const path = join(await temporaryFolder(), 'x.sqlite')
  using db = openDatabase(path, catalog)
  const insert = (name: string) => db.run('insert into entries values (?, 1, ?, 0, ?)', name, name, JSON.stringify('x'.repeat(1 << 20)))
  db.transaction(() => {
    for (let n = 0; n < 40; n++) insert(`large ${n}`)
  })
  expect((await stat(`${path}-wal`)).size).toBeGreaterThan(40 << 20)
  // The log begins anew with the next one.
  insert('small')
  expect((await stat(`${path}-wal`)).size).toBeLessThanOrEqual(16 << 20)
})

test('gives each kind of file a mark of its own', () => {
  const marks = [...Object.values(fileSchemas), localChainSchema].map(({ applicationId }) => applicationId)
  expect(new Set(marks).size).toBe(marks.length)
})

test('undoes a transaction that fails, and lets one inside another join it', async () => {
  using db = openDatabase(join(await temporaryFolder(), 'x.sqlite'), catalog)
  const insert = (name: string) => db.run('insert into lines values (?, 1, ?)', name, 'x')
  expect(() =>
    db.transaction(() => {
      insert('a')
      db.transaction(() => insert('b'))
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(db.all('select * from lines')).toEqual([])
  db.transaction(() => insert('c'))
  expect(db.all('select name from lines')).toEqual([{ name: 'c' }])
})

test('refuses to work once closed', async () => {
  const db = openDatabase(join(await temporaryFolder(), 'x.sqlite'), catalog)
  db[Symbol.dispose]()
  db[Symbol.dispose]()
  expect(() => db.all('select 1')).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  expect(() => db.transaction(() => 1)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

test('no two kinds of file have the same mark', () => {
  const marks = [...Object.values(fileSchemas), localChainSchema].map(({ applicationId }) => applicationId)
  expect(new Set(marks).size).toBe(marks.length)
})
