import { crc32 } from 'node:zlib'
import { compareUtf8 } from '#schemas/compare-text.ts'
import type { Database } from '#infra/sqlite/database.ts'
import { damaged } from './index-folder.ts'
import { encodePostings } from '../words/postings.ts'

/** By word: rows rising, and what it weighs in each. */
export type WordLists = Map<string, { rows: number[]; weights: number[] }>

/** So many segments of one level become one of the next: each list is written anew once a level. */
const fanout = 8
const wordsAtOnce = 4000
const bytesAtOnce = 8 * 2 ** 20

/** @throws OrreryError `data_unreadable` for what was not written so */
export function checkedList({ postings, checksum }: { postings: Uint8Array; checksum: number }): Uint8Array {
  if (crc32(postings) === checksum) return postings
  throw damaged('the list of a word has another checksum')
}

interface Merge {
  into: number
  from: number[]
  level: number
  /** The last word that is merged. */
  after: string
}

/** The word lists of an index: a segment for the rows that were written together, brought together by tiers. Only what is `ready` counts; else it is what a merge has left. */
export class Segments {
  readonly #db: Database
  #merge: Merge | undefined

  constructor(db: Database) {
    this.#db = db
  }

  /** Inside a transaction of its caller. */
  add(words: WordLists): void {
    const segment = this.#next(0, 1)
    const sorted = [...words.keys()].toSorted(compareUtf8)
    for (const word of sorted) {
      const { rows, weights } = words.get(word) as { rows: number[]; weights: number[] }
      this.#insert(segment, word, encodePostings(rows, weights))
    }
  }

  #insert(segment: number, word: string, postings: Uint8Array): void {
    this.#db.run('insert into words values (?, ?, ?, ?)', segment, word, postings, crc32(postings))
  }

  #next(level: number, ready: 0 | 1): number {
    const insert = 'insert into segments (number, level, ready) values ((select coalesce(max(number), 0) + 1 from segments), ?, ?) returning number'
    return this.#db.get<{ number: number }>(insert, level, ready)?.number ?? 0
  }

  /** A step. @returns whether there is another */
  tidy(): boolean {
    if (this.#merge) {
      this.#step(this.#merge)
      return true
    }
    const left = this.#db.get<{ number: number }>('select number from segments where ready = 0 limit 1')
    if (left) {
      this.#clear(left.number)
      return true
    }
    const full = this.#db.get<{ level: number }>(
      'select level from segments where ready = 1 group by level having count(*) >= ? order by level limit 1',
      fanout,
    )
    if (!full) return false
    const from = this.#db.all<{ number: number }>('select number from segments where ready = 1 and level = ? order by number limit ?', full.level, fanout)
    this.#merge = { into: this.#next(full.level + 1, 0), from: from.map(({ number }) => number), level: full.level + 1, after: '' }
    return true
  }

  #clear(segment: number): void {
    const cleared = this.#db.run('delete from words where segment = ?1 and word in (select word from words where segment = ?1 limit ?2)', segment, wordsAtOnce)
    // Its number may be taken again: nothing of it is left.
    if (cleared === 0) this.#db.run('delete from segments where number = ?', segment)
  }

  #step(merge: Merge): void {
    this.#db.transaction(() => {
      const { lists, end } = this.#portion(merge)
      for (const [word, parts] of lists) this.#insert(merge.into, word, Buffer.concat(parts))
      if (end !== undefined) {
        merge.after = end
        return
      }
      this.#db.run('update segments set ready = 1 where number = ?', merge.into)
      for (const number of merge.from) this.#db.run('update segments set ready = 0 where number = ?', number)
      this.#merge = undefined
    })
  }

  /** The next words of all segments that are merged, with their lists in the order of the rows. `end`: the last of these words; absent when they are the last of all. */
  #portion({ from, after }: Merge): { lists: Map<string, Uint8Array[]>; end: string | undefined } {
    let end: string | undefined
    const found = from.map((segment) => {
      const rows: { word: string; postings: Uint8Array }[] = []
      let bytes = 0
      let last = after
      for (;;) {
        const more = this.#db.all<{ word: string; postings: Uint8Array; checksum: number }>(
          'select word, postings, checksum from words where segment = ? and word > ? order by word limit 200',
          segment,
          last,
        )
        for (const row of more) {
          rows.push({ word: row.word, postings: checkedList(row) })
          bytes += row.postings.length
        }
        last = more.at(-1)?.word ?? last
        if (more.length < 200) return rows
        if (rows.length >= wordsAtOnce / fanout || bytes >= bytesAtOnce / fanout) break
      }
      if (end === undefined || compareUtf8(last, end) < 0) end = last
      return rows
    })
    const lists = new Map<string, Uint8Array[]>()
    for (const rows of found) {
      for (const { word, postings } of rows) {
        if (end !== undefined && compareUtf8(word, end) > 0) break
        const parts = lists.get(word)
        if (parts) parts.push(postings)
        else lists.set(word, [postings])
      }
    }
    return { lists: new Map([...lists].toSorted(([a], [b]) => compareUtf8(a, b))), end }
  }
}
