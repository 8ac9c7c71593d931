import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { eachNumber } from '../words/bits.ts'
import { Segments } from './segments.ts'
import { WordSearch } from './word-search.ts'

const fanout = 8
const opened = async () => openDatabase(join(await temporaryFolder(), 'rows-1-1.sqlite'), fileSchemas.rows)

/** Of each row one word that all have, and one of its own. */
function addRows(db: Database, segments: Segments, count: number): void {
  for (let row = 1; row <= count; row++) {
    const list = { rows: [row], weights: [row] }
    db.transaction(() =>
      segments.add(
        new Map([
          ['all', list],
          [`own${row}`, list],
        ]),
      ),
    )
  }
}

const rowsOf = (search: WordSearch, word: string): number[] => {
  const rows = new Uint32Array(32).fill(2 ** 32 - 1)
  search.find([word], 100, undefined).narrow(rows)
  const found: number[] = []
  eachNumber(rows, (row) => found.push(row))
  return found
}

test('segments that are brought together say the same, and leave nothing behind', async () => {
  using db = await opened()
  const segments = new Segments(db)
  addRows(db, segments, fanout * fanout + 3)
  while (segments.tidy());
  expect(db.all('select level, count(*) as n from segments group by level')).toEqual([
    { level: 0, n: 3 },
    { level: 2, n: 1 },
  ])
  const search = new WordSearch(db)
  expect(rowsOf(search, 'all')).toEqual(Array.from({ length: fanout * fanout + 3 }, (_, n) => n + 1))
  expect(rowsOf(search, 'own7')).toEqual([7])
  expect(db.get('select count(*) as n from words where segment not in (select number from segments)')).toEqual({ n: 0 })
})

test('who searches while segments are brought together finds all of it', async () => {
  using db = await opened()
  const segments = new Segments(db)
  addRows(db, segments, fanout)
  const path = String(db.get<{ file: string }>('select file from pragma_database_list')?.file)
  using other = openDatabase(path, fileSchemas.rows)
  let hasTidied = false
  const search = new WordSearch({
    ...other,
    get: <Row>(sql: string, ...values: (string | number)[]) => {
      if (!hasTidied) while (segments.tidy());
      hasTidied = true
      return other.get<Row>(sql, ...values)
    },
  })
  expect(rowsOf(search, 'all')).toEqual(Array.from({ length: fanout }, (_, n) => n + 1))
  expect(hasTidied).toBe(true)
})

test('a list that was not written so is not brought together with others', async () => {
  using db = await opened()
  const segments = new Segments(db)
  addRows(db, segments, fanout)
  db.run(`update words set postings = x'020005' where segment = 3 and word = 'all'`)
  expect(() => {
    while (segments.tidy());
  }).toThrow(expect.objectContaining({ code: 'data_unreadable' }))
})
