import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { eachNumber } from '../words/bits.ts'
import { Segments, type WordLists } from './segments.ts'
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

test('rows that have all words are found, and of those that score best none is passed over', async () => {
  using db = await opened()
  const random = seededRandom(5)
  const segments = new Segments(db)
  const [rowsMax, rowsOfWrite, wanted] = [6000, 700, 10]
  const shares = { most: 0.9, many: 0.3, few: 0.02, early: 0.5, twin: 0.3 }
  const weights = Array.from({ length: rowsMax + 1 }, () => new Map<string, number>())
  for (let from = 1; from <= rowsMax; from += rowsOfWrite) {
    const lists: WordLists = new Map()
    for (const [word, share] of Object.entries(shares)) {
      const list = { rows: [] as number[], weights: [] as number[] }
      for (let row = from; row < Math.min(rowsMax + 1, from + rowsOfWrite); row++) {
        if (random() > share || (word === 'early' && row > 1500)) continue
        const weight = 1 + Math.floor(255 * random() ** 3)
        list.rows.push(row)
        list.weights.push(weight)
        weights[row]?.set(word, weight)
      }
      if (list.rows.length > 0) lists.set(word, list)
    }
    db.transaction(() => segments.add(lists))
    if (from > rowsMax / 2) while (segments.tidy());
  }
  const search = new WordSearch(db)
  for (const words of [['most'], ['few'], ['most', 'many', 'few'], ['few', 'early'], ['many', 'twin'], ['most', 'twin', 'early', 'many'], ['most', 'none']]) {
    const found = search.find(words, rowsMax, undefined)
    const bits = new Uint32Array(Math.ceil((rowsMax + 1) / 32)).fill(2 ** 32 - 1)
    found.narrow(bits)
    const rows: number[] = []
    eachNumber(bits, (row) => rows.push(row))
    const expected = weights.flatMap((of, row) => (words.every((word) => of.has(word)) ? [row] : []))
    expect(rows).toEqual(expected)
    const byWorth = words.map((word, n) => ({ word, worth: found.worths[n] as number })).toSorted((a, b) => b.worth - a.worth)
    const scores = expected.map((row) => byWorth.reduce((sum, { word, worth }) => sum + (weights[row]?.get(word) as number) * worth, 0))
    const each = found.scores()
    expect(rows.map((row) => each.of(row))).toEqual(scores)
    const best: number[] = []
    found.scores().eachBest(bits, (_, score) => {
      best.push(score)
      best.sort((a, b) => b - a)
      best.splice(wanted)
      return best.length < wanted ? -Infinity : (best.at(-1) as number)
    })
    expect(best).toEqual(scores.toSorted((a, b) => b - a).slice(0, wanted))
  }
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
