import type { Database } from '#infra/sqlite/database.ts'
import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import { countPostings, PostingsReader } from '../words/postings.ts'
import { wordWorth } from '../words/weights.ts'
import { checkedList } from './segments.ts'

const listBytesMax = 64 * 2 ** 20
const blockRows = 128

/** Rows that have all the words, rising, with their scores. */
export interface FoundRows {
  rows: Uint32Array
  scores: Float64Array
  count: number
  /** What each word was worth: the same for the next page, whatever comes in meanwhile. */
  worths: number[]
}

interface WordList {
  /** Of the segments, in the order of their rows. */
  parts: Uint8Array[]
  count: number
}

/** Searches the word lists of an index file. */
export class WordSearch {
  readonly #db: Database
  /** Of segments, which never change. */
  readonly #lists: RecentValues<string, Uint8Array>

  constructor(db: Database) {
    this.#db = db
    this.#lists = recentValues({ bytesMax: listBytesMax, bytesOf: ({ length }) => length })
  }

  /** @param rows all there are @param worths of the page before */
  find(words: readonly string[], rows: number, worths: readonly number[] | undefined): FoundRows {
    // Segments that are brought together meanwhile must not go between their names and their lists.
    const found = this.#db.snapshot(() => {
      const segments = this.#db.all<{ number: number }>('select number from segments where ready = 1').map(({ number }) => number)
      return words.map((word) => this.#listOf(word, segments))
    })
    const lists = found.map((list, n) => ({ list, worth: worths?.[n] ?? wordWorth(list.count, rows) }))
    const said = lists.map(({ worth }) => worth)
    if (lists.some(({ list }) => list.count === 0)) return { rows: new Uint32Array(), scores: new Float64Array(), count: 0, worths: said }
    // By what they are worth, rarest first, and not by their lengths, which go on growing: sums come out the same to the last bit.
    const [rarest, ...others] = lists.toSorted((a, b) => b.worth - a.worth)
    if (!rarest) return { rows: new Uint32Array(), scores: new Float64Array(), count: 0, worths: said }
    const having = readWhole(rarest.list, rarest.worth)
    for (const { list, worth } of others) having.count = intersect(having, list, worth)
    return { ...having, worths: said }
  }

  #listOf(word: string, segments: readonly number[]): WordList {
    const parts = segments.flatMap((segment) => this.#partOf(word, segment) ?? []).filter(({ length }) => length > 0)
    const sorted = parts.map((part) => ({ part, first: firstOf(part) })).toSorted((a, b) => a.first - b.first)
    return { parts: sorted.map(({ part }) => part), count: parts.reduce((sum, part) => sum + countPostings(part), 0) }
  }

  #partOf(word: string, segment: number): Uint8Array {
    const key = `${segment} ${word}`
    const known = this.#lists.get(key)
    if (known) return known
    const found = this.#db.get<{ postings: Uint8Array; checksum: number }>('select postings, checksum from words where segment = ? and word = ?', segment, word)
    const part = found ? checkedList(found) : new Uint8Array()
    this.#lists.keep(key, part)
    return part
  }
}

function firstOf(part: Uint8Array): number {
  const reader = new PostingsReader(part)
  reader.next()
  return reader.first
}

function readWhole({ parts, count }: WordList, worth: number): Omit<FoundRows, 'worths'> {
  const rows = new Uint32Array(count)
  const weights = new Uint8Array(count)
  let at = 0
  for (const part of parts) {
    const reader = new PostingsReader(part)
    while (reader.next()) {
      const { count: more } = reader
      reader.read(rows, weights, at)
      at += more
    }
  }
  return { rows, scores: Float64Array.from(weights, (weight) => weight * worth), count: at }
}

/** Leaves those that are in the list as well, in place. A block that none of them can be in is passed unread. @returns how many */
function intersect({ rows, scores, count }: Omit<FoundRows, 'worths'>, { parts }: WordList, worth: number): number {
  const [block, weights] = [new Uint32Array(blockRows), new Uint8Array(blockRows)]
  let [at, kept] = [0, 0]
  for (const part of parts) {
    const reader = new PostingsReader(part)
    while (at < count && reader.next()) {
      if ((rows[at] as number) >= reader.firstBehind) {
        reader.skip()
        continue
      }
      const { count: size } = reader
      reader.read(block, weights, 0)
      for (let n = 0; n < size && at < count;) {
        const [left, right] = [rows[at] as number, block[n] as number]
        if (left === right) {
          rows[kept] = left
          scores[kept++] = (scores[at] as number) + worth * (weights[n++] as number)
          at++
        } else if (left < right) at++
        else n++
      }
    }
  }
  return kept
}
